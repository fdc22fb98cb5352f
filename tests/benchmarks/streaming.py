"""Data beyond memory: `make bench-streaming`, with FULL=1 up to 100 million events.

Simulated events on disk are imported into shards, every reference is fitted to all folds but 0, and a network
is trained for STEPS steps from the stream and looked at on students of fold 0. Each size has a process of its
own, whose peak resident memory is that of the whole way; mapped files count. The exponent is the slope of log
seconds over log events, of the import and the fits together: a fixed number of steps would only flatter it.
Prints a table and one line of JSON, and fails when a bound is missed. Other sizes:
`make bench-streaming EVENTS="1000000 4000000"`.
"""

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from rich.console import Console
from rich.table import Table

SIZES, FULL_SIZES = (1_000_000, 10_000_000), (1_000_000, 10_000_000, 100_000_000)
STEPS = 1000
N_SKILLS, MEAN_LENGTH, HELD_OUT = 100, 36.0, 0
STAGES = ("simulate", "import", "rasch", "pfa", "bkt", "train")
COSTS = ("import", "rasch", "pfa", "bkt")
MOST_MEMORY, LEAST_IMPORTED, MOST_EXPONENT = 4.0, 1e6, 1.05  # GB, events per second
Result = TypeVar("Result")


def main(events: str, full: str) -> int:
    sizes = [int(size) for size in events.split()] or list(FULL_SIZES if full else SIZES)
    found = [_in_a_process_of_its_own(size) for size in sizes]
    exponent = _exponent(found)
    Console().print(_draw(found, exponent))
    missed = _missed(found, exponent)
    line = {"sizes": found, "exponent": exponent, "steps": STEPS, "missed": missed}
    sys.stdout.write(json.dumps(line) + "\n")
    return 1 if missed else 0


def _in_a_process_of_its_own(events: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="ikt-streaming-") as folder:
        for part in ("simulate", "measure"):
            command = [sys.executable, "-m", "tests.benchmarks.streaming", part, str(events), folder]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found: dict[str, Any] = json.loads(output)
    return found


def simulate(events: int, folder: Path) -> None:
    """In a process before the one that is measured."""
    from ikt_model.data.simulate import write_simulated_events

    n_students = round(events / MEAN_LENGTH)
    written, seconds = _timed(
        lambda: write_simulated_events(
            folder / "events.parquet", n_students=n_students, n_skills=N_SKILLS, mean_length=MEAN_LENGTH
        )
    )
    (folder / "simulated.json").write_text(json.dumps({"events": written, "simulate": seconds}))


def measure(folder: Path) -> dict[str, Any]:
    """Seconds of each stage, and the most memory that they needed (GB)."""
    from ikt_model.config import ExperimentConfig
    from ikt_model.data.sharding import import_events
    from ikt_model.references.sharded import calibrate_shards
    from ikt_model.settings import BktSettings, PfaSettings, RaschSettings, ReferenceSettings
    from ikt_model.streamed import learner_of_shards, train_streamed

    found: dict[str, Any] = json.loads((folder / "simulated.json").read_text())
    shards, found["import"] = _timed(
        lambda: import_events(folder / "events.parquet", folder / "shards", scratch=folder)
    )
    found["shards"], memory = len(shards), {"import": _peak()}
    settings: dict[str, ReferenceSettings] = {
        "bkt": BktSettings(),
        "pfa": PfaSettings(),
        "rasch": RaschSettings(),
    }
    for name, one in settings.items():
        calibration, found[name] = _timed(
            lambda one=one: calibrate_shards(shards, settings=one, held_out=HELD_OUT)
        )
        memory[name] = _peak()
    config = ExperimentConfig()

    told: dict[str, float] = {}

    def train() -> None:
        learner = learner_of_shards(config, shards, calibration=calibration, held_out=HELD_OUT)
        train_streamed(
            learner,
            shards,
            steps=STEPS,
            held_out=HELD_OUT,
            folder=folder / "training",
            on_report=lambda report: told.update(report.metrics),
        )

    _, found["train"] = _timed(train)
    memory["train"] = _peak()
    return found | {"memory": memory, "auc": told["auc"], "reference_auc": told["reference_auc"]}


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def _peak() -> float:
    """The most memory so far, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def _exponent(found: list[dict[str, Any]]) -> float:
    """Slope of log seconds over log events, by least squares."""
    x = [math.log(one["events"]) for one in found]
    y = [math.log(sum(one[stage] for stage in COSTS)) for one in found]
    centre = sum(x) / len(x)
    spread = sum((a - centre) ** 2 for a in x)
    return sum((a - centre) * b for a, b in zip(x, y, strict=True)) / spread if spread else math.nan


def _draw(found: list[dict[str, Any]], exponent: float) -> Table:
    table = Table(title=f"seconds; exponent of the costs {exponent:.3f}; {STEPS} training steps")
    for name in ("events", "made", *STAGES[1:], "imported", "peak"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        seconds = [f"{one[stage]:.1f}" for stage in STAGES]
        imported, peak = one["events"] / one["import"] / 1e6, max(one["memory"].values())
        table.add_row(f"{one['events'] / 1e6:.1f} M", *seconds, f"{imported:.2f} M/s", f"{peak:.2f} GB")
    return table


def _missed(found: list[dict[str, Any]], exponent: float) -> list[str]:
    missed = [f"exponent {exponent:.3f}, at most {MOST_EXPONENT:g}"] if exponent > MOST_EXPONENT else []
    for one in found:
        peak, imported = max(one["memory"].values()), one["events"] / one["import"]
        if peak > MOST_MEMORY:
            missed.append(f"{one['events']:,} events: {peak:.2f} GB resident, at most {MOST_MEMORY:g}")
        if imported < LEAST_IMPORTED:
            missed.append(f"{one['events']:,} events: {imported:,.0f} imported a second, at least 1,000,000")
    return missed


if __name__ == "__main__":
    if sys.argv[1] == "simulate":
        simulate(int(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1] == "measure":
        sys.stdout.write(json.dumps(measure(Path(sys.argv[3]))) + "\n")
    else:
        sys.exit(main(*sys.argv[2:4]))
