"""Seconds and figures of each reference on one core: `make bench-calibration DATA=file.csv`.

Fitted to all folds but 0, measured on fold 0, which nothing was chosen on. Without data on a simulated
classroom. Prints a table and one line of JSON, and fails when a bound is missed. Reading the file is timed
apart, for it is not calibration.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from rich.console import Console
from rich.table import Table

from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences
from ikt_model.data.simulate import simulate_classroom
from ikt_model.references import assess, calibrate
from ikt_model.references.abilities import posterior_grid, posterior_means
from ikt_model.references.counts import Counts, set_design
from ikt_model.references.marginal import fit_marginal
from ikt_model.settings import BktSettings, PfaSettings, RaschSettings, ReferenceSettings, SkillRateSettings

RUNS = 3
HELD_OUT = 0
REFERENCES: dict[str, ReferenceSettings] = {
    "skill-rate": SkillRateSettings(),
    "rasch": RaschSettings(),
    "rasch, joint": RaschSettings(difficulty="joint"),
    "rasch, ML": RaschSettings(ability="maximum-likelihood"),
    "rasch, joint, ML": RaschSettings(difficulty="joint", ability="maximum-likelihood"),
    "pfa": PfaSettings(),
    "bkt": BktSettings(),
    "bkt, no forgetting": BktSettings(forgetting=False),
}
SECONDS = 10.0  # for any fit, its measurement on the training students included
RASCH_SECONDS = 0.5  # for difficulties and every student's abilities, of the data that the AUCs are set for
ASSISTMENTS_2015 = "94ed9a92f7e6d5ba"  # first digits of the content's hash, for which these AUCs were set
LEAST_AUC = {"rasch": 0.692, "pfa": 0.716, "bkt": 0.69}


def main(file: str | None) -> int:
    started = time.perf_counter()
    sequences = (
        read_dataset(Path(file)) if file else simulate_classroom(n_students=15_000, n_skills=100).sequences
    )
    read = time.perf_counter() - started
    figures = {name: _measure(sequences, settings) for name, settings in REFERENCES.items()}
    table = Table(
        *("reference", "fit, s", "walk, s", "AUC", "ECE", "log-loss", "diverged"),
        title=f"{sequences.n_responses:,} responses on one core, best of {RUNS}; fold {HELD_OUT} held out",
    )
    for name, found in figures.items():
        cells = [f"{found[key]:.4f}" for key in ("auc", "ece", "log_loss")]
        table.add_row(
            name,
            f"{found['fit']:.2f}",
            f"{found['trajectories']:.2f}",
            *cells,
            f"{found['diverged_share']:.0%}",
        )
    Console().print(table)
    rasch = min(_time_rasch(sequences) for _ in range(RUNS))
    Console().print(f"Rasch difficulties and all abilities, every fold, nothing measured: {rasch:.3f} s")
    missed = _missed(figures, sequences.content_hash)
    if rasch > RASCH_SECONDS and sequences.content_hash.startswith(ASSISTMENTS_2015):
        missed.append(f"rasch: {rasch:.2f} s for difficulties and abilities, at most {RASCH_SECONDS:g}")
    line = {
        "data": sequences.content_hash[:16],
        "read": read,
        "rasch": rasch,
        "references": figures,
        "missed": missed,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    return 1 if missed else 0


def _measure(sequences: Sequences, settings: ReferenceSettings) -> dict[str, float]:
    """Best seconds of a few runs, and the figures on the held-out students."""
    held_out = sequences.folds == HELD_OUT
    training = sequences.select(~held_out)
    fits, trajectories = [], []
    for _ in range(RUNS):
        started = time.perf_counter()
        fitted = calibrate(training, settings=settings)
        fits.append(time.perf_counter() - started)
        started = time.perf_counter()
        fitted.targets(sequences)
        trajectories.append(time.perf_counter() - started)
    quality = assess(fitted, sequences, students=held_out, trained_on=~held_out)
    return {"fit": min(fits), "trajectories": min(trajectories), **quality.figures()}


def _time_rasch(sequences: Sequences) -> float:
    """Seconds of the marginal fit to all students and of their abilities after each response."""
    settings = RaschSettings()
    started = time.perf_counter()
    fit = fit_marginal(
        Counts.of(sequences), grid_points=settings.grid_points, em_iterations=settings.em_iterations
    )
    posterior_means(
        sequences,
        set_difficulty=set_design(sequences.vocabulary) @ fit.difficulty,
        ability_sd=fit.ability_sd,
        grid=posterior_grid(settings.grid_points),
    )
    return time.perf_counter() - started


def _missed(figures: dict[str, dict[str, float]], content_hash: str) -> list[str]:
    missed = [
        f"{name}: fitted in {found['fit']:.1f} s, at most {SECONDS:g}"
        for name, found in figures.items()
        if found["fit"] > SECONDS
    ]
    known = content_hash.startswith(ASSISTMENTS_2015)
    least = {name: LEAST_AUC[name] if known else figures["skill-rate"]["auc"] for name in LEAST_AUC}
    return missed + [
        f"{name}: AUC {figures[name]['auc']:.4f}, at least {bound:.4f}"
        for name, bound in least.items()
        if figures[name]["auc"] < bound
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] else None))
