"""Training against the loop that everybody writes first: `make bench-training DATA=train_valid.csv`.

Both loops train the same network on the same histories. Their rates are taken in turns in one process,
because machines are noisy; their way to an AUC and their memory in a process of their own each. Fold 0 is
held out and chooses nothing. Prints a table and one line of JSON, draws a plot, and fails when a bound is
missed. Without data on a simulated classroom, where the bounds of ASSISTments 2015 are held to nothing.
"""

import json
import multiprocessing
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from matplotlib.figure import Figure as Plot
from rich.console import Console

from ikt_model.config import resolve_config
from ikt_model.data.readers import read_dataset
from ikt_model.data.simulate import simulate_classroom
from ikt_model.precision import products_in
from ikt_model.references import calibrate
from tests.benchmarks.serving_figures import Figure, as_json, draw
from tests.benchmarks.training_loops import (
    FOLD,
    LOOPS,
    Curve,
    Problem,
    best_rate,
    copy_rate,
    operations_per_token,
    tokens_per_second,
    train_and_watch,
)
from tests.benchmarks.training_ranks import measure_ranks

PRESET = "small-dynamic"
ROUNDS, SECONDS = 3, 10.0
LOOKS = 4  # at the held-out students in each epoch
REACHED = 0.72
ASSISTMENTS_2015 = "94ed9a92f7e6d5ba"  # first digits of the content's hash, for which the bounds were set
PLOT = Path("bench-training.svg")


def main(file: str) -> int:
    problem = pose(file)
    is_known = problem.sequences.content_hash.startswith(ASSISTMENTS_2015)
    figures = [*measure_rates(problem), *measure_ranks(problem)]
    curves = {name: apart(partial(watch, file, name), threads=cores()) for name in LOOPS}
    figures += tell_curves(curves)
    seconds = apart(partial(time_epoch, file), threads=1)
    figures.append(Figure("an epoch on one core", "seconds", seconds, "s", most=20.0 if is_known else None))
    machine = f"{cores()} cores, {platform.machine()}, Python {platform.python_version()}"
    Console().print(draw(figures, title=f"{PRESET}, {problem.sequences.n_responses:,} responses; {machine}"))
    draw_curves({name: curve for name, (curve, _) in curves.items()}, PLOT)
    missed = [f"{one.row}: {one.name}" for one in figures if one.met is False]
    line = {
        "machine": machine,
        "data": problem.sequences.content_hash[:16],
        "seed": problem.config.training.seed,
        "figures": as_json(figures),
        "curves": {name: asdict(curve) for name, (curve, _) in curves.items()},
        "missed": missed,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    return 1 if missed else 0


def pose(file: str) -> Problem:
    """The network, the histories, and the reference fitted to all of them but the held-out ones."""
    config = resolve_config(PRESET)
    sequences = (
        read_dataset(Path(file)) if file else simulate_classroom(n_students=2000, n_skills=50).sequences
    )
    training = sequences.select(sequences.folds != FOLD)
    return Problem(sequences, config, calibrate(training, settings=config.reference))


def measure_rates(problem: Problem) -> list[Figure]:
    """Responses per second of both loops, taken in turns."""
    loops = {name: problem.loop(name) for name in LOOPS}
    rates: dict[str, list[float]] = {name: [] for name in LOOPS}
    for number in range(ROUNDS):
        for name in list(LOOPS) if number % 2 == 0 else reversed(list(LOOPS)):
            rates[name].append(tokens_per_second(loops[name], seconds=SECONDS))
    middle = {name: median(found) for name, found in rates.items()}
    times = median(ours / theirs for ours, theirs in zip(rates["ours"], rates["padded"], strict=True))
    work = operations_per_token(loops["ours"].run)
    best = {dtype: best_rate(dtype) for dtype in (torch.float32, torch.bfloat16)}
    products = products_in(problem.config.training.precision, "cpu")
    row = "responses learned from per second"
    return [
        Figure(row, "to the padded loop", times, "×", least=6.0),
        Figure(row, "ours", middle["ours"], "/s", beside=f"products in {products}".replace("torch.", "")),
        Figure(row, "padded", middle["padded"], "/s", beside="float32, 200 steps each"),
        Figure(row, "ours, of the best rate", middle["ours"] * work / best[products]),
        Figure(row, "padded, of the best rate", middle["padded"] * work / best[torch.float32]),
        Figure(row, "best rate, float32", best[torch.float32] / 1e9, "GFLOP/s"),
        Figure(row, "best rate, bfloat16", best[torch.bfloat16] / 1e9, "GFLOP/s"),
        Figure(row, "copied at best", copy_rate() / 1e9, "GB/s", beside="read and written"),
        Figure(row, "operations per response", work / 1e6, "M"),
    ]


def tell_curves(curves: dict[str, tuple[Curve, float]]) -> list[Figure]:
    """What both ways led to, how soon, and in how much memory."""
    (ours, our_peak), (padded, their_peak) = curves["ours"], curves["padded"]
    row = "all epochs"
    return [
        Figure(row, "seconds, ours", ours.seconds[-1], "s"),
        Figure(row, "seconds, padded", padded.seconds[-1], "s"),
        Figure(row, "AUC less the padded loop's", ours.aucs[-1] - padded.aucs[-1], least=-0.001),
        Figure(row, "AUC, ours", ours.aucs[-1]),
        Figure(row, "AUC, padded", padded.aucs[-1]),
        Figure(row, f"to AUC {REACHED}, ours", ours.seconds_to(REACHED), "s"),
        Figure(row, f"to AUC {REACHED}, padded", padded.seconds_to(REACHED), "s"),
        Figure(row, "peak memory, ours", our_peak, "MiB"),
        Figure(row, "peak memory, padded", their_peak, "MiB"),
    ]


def watch(file: str, name: str) -> tuple[Curve, float]:
    """A whole training, and the most memory that its process held, in MiB."""
    curve = train_and_watch(pose(file).loop(name), looks=LOOKS)
    # Not getrusage: what it tells begins with the peak of the process that started this one.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    return curve, int(peak.split()[1]) / 1024


def time_epoch(file: str) -> float:
    """Seconds of the second epoch, what is reported of its gradients included."""
    loop = pose(file).loop("ours")
    loop.train_epoch(1, lambda share: share < 0.1)
    started = time.perf_counter()
    loop.train_epoch(2, lambda _: True)
    return time.perf_counter() - started


def apart(job: Any, *, threads: int) -> Any:
    """What the job answers in a process of its own with so many threads."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        1, mp_context=context, initializer=torch.set_num_threads, initargs=(threads,)
    ) as pool:
        return pool.submit(job).result()


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0))


def draw_curves(curves: dict[str, Curve], path: Path) -> None:
    """AUC on held-out students by seconds of training."""
    plot = Plot(figsize=(6, 3.5), layout="constrained")
    axes = plot.subplots()
    for name, curve in curves.items():
        axes.plot(curve.seconds, curve.aucs, marker=".", label=name)
    axes.set(xlabel="seconds of training", ylabel="AUC on held-out students", xscale="log")
    axes.legend()
    plot.savefig(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
