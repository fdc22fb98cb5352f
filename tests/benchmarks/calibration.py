"""How long the Rasch reference takes on one core: `make bench-calibration DATA=file.csv`.

Prints a table and one line of JSON. Reading the file is timed apart, for it is not calibration.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from rich.console import Console
from rich.table import Table

from ikt_model.config import ReferenceSettings
from ikt_model.data.readers import read_dataset
from ikt_model.data.simulate import simulate_classroom
from ikt_model.references import calibrate

RUNS = 3


def main(file: str | None) -> None:
    started = time.perf_counter()
    sequences = (
        read_dataset(Path(file)) if file else simulate_classroom(n_students=15_000, n_skills=100).sequences
    )
    figures = {"read": time.perf_counter() - started, "fit": [], "trajectories": []}
    for _ in range(RUNS):
        started = time.perf_counter()
        fitted = calibrate(sequences, settings=ReferenceSettings())
        figures["fit"].append(time.perf_counter() - started)
        started = time.perf_counter()
        fitted.targets(sequences)
        figures["trajectories"].append(time.perf_counter() - started)
    table = Table(
        "what", "seconds, best of 3", "worst", title=f"{sequences.n_responses:,} responses on one core"
    )
    for name in ("fit", "trajectories"):
        table.add_row(name, f"{min(figures[name]):.2f}", f"{max(figures[name]):.2f}")
    Console().print(table)
    summary = fitted.summary()
    line = {
        "data": sequences.content_hash[:16],
        **figures,
        "beta_std": summary["beta_std"],
        "ability_sd": fitted.ability_sd,
    }
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else None)
