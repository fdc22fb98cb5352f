"""Training on a GPU against its bounds: `make bench-gpu DATA=train_valid.csv`.

Three rows: a whole experiment of the comparison against the padded loop that everybody writes first; how much
of the hardware a large network's steps use; a sweep of small networks side by side against one after the
other. Fold 0 is held out and chooses nothing. Prints a table and one line of JSON, and fails when a bound is
missed. Without a CUDA device it says so and ends with status 2. The bounds were set for an NVIDIA H200 and
ASSISTments 2015; on other data, or another GPU, what depends on it is held to nothing.
"""

import json
import platform
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from rich.console import Console

from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.sequences import save_sequences
from tests.benchmarks.gpu_sweep import Sweep, Trial, run_apart
from tests.benchmarks.gpu_training import (
    Experiment,
    Steps,
    best_product_rate,
    extrapolate,
    large_problem,
    measure_steps,
    pose,
    run_experiment,
    time_padded_epochs,
)
from tests.benchmarks.serving_figures import Figure, as_json, draw
from tests.benchmarks.training import ASSISTMENTS_2015, apart
from worker.gpu_shares import GpuShares
from worker.machine import usable_cores

NO_DEVICE = 2
GIB = 1024**3
FULL, SWEPT = "l23-pointwise", "small-dynamic"
TRIALS = 20
LEARNING_RATES = (5e-4, 1e-3, 1.5e-3, 2e-3)  # in turns, each with a seed of its own
DATASHEET = {"H200": 989e12}  # dense bfloat16 operations per second, by NVIDIA's datasheet (SXM)


def main(file: str) -> int:
    if not torch.cuda.is_available():
        sys.stdout.write("bench-gpu: no CUDA device here, and nothing was measured\n")
        return NO_DEVICE
    gpu = torch.cuda.get_device_name()
    datasheet = next((rate for name, rate in DATASHEET.items() if name in gpu), None)
    cores, jobs = usable_cores(), jobs_at_once()
    full = resolve_config(FULL)
    is_known = pose_hash(file).startswith(ASSISTMENTS_2015)
    experiment = apart(partial(whole_experiment, file, full, "cuda"), threads=cores)
    padded = apart(partial(padded_epochs, file, full, "cuda"), threads=cores)
    steps, best = apart(partial(large_steps, "cuda"), threads=cores)
    with tempfile.TemporaryDirectory() as folder:
        one_by_one, together = sweep_both_ways(
            file, resolve_config(SWEPT), folder=Path(folder), device="cuda", jobs=jobs, cores=cores
        )
    figures = [
        *tell_experiment(experiment, padded, epochs=full.training.epochs, is_known=is_known),
        *tell_steps(steps, best=best, datasheet=datasheet),
        *tell_sweeps(one_by_one, together, jobs=jobs),
    ]
    return report(figures, title=f"{gpu}; {cores} cores, {platform.machine()}, torch {torch.__version__}")


def report(figures: list[Figure], *, title: str) -> int:
    """Table and line; 1 when a bound is missed."""
    Console().print(draw(figures, title=title))
    missed = [f"{one.row}: {one.name}" for one in figures if one.met is False]
    sys.stdout.write(json.dumps({"machine": title, "figures": as_json(figures), "missed": missed}) + "\n")
    return 1 if missed else 0


def jobs_at_once() -> int:
    """As many as a worker for this machine's GPUs takes by itself."""
    most = GpuShares(Path(), ()).most_jobs * torch.cuda.device_count()
    return min(usable_cores(), most, TRIALS)


def pose_hash(file: str) -> str:
    """Of the histories' content."""
    return pose(file, resolve_config("skill-rate")).sequences.content_hash


def whole_experiment(file: str, config: ExperimentConfig, device: str) -> Experiment:
    """As a process of its own is asked for it; so are the next two."""
    return run_experiment(pose(file, config), device=device)


def padded_epochs(file: str, config: ExperimentConfig, device: str) -> list[float]:
    return time_padded_epochs(pose(file, config), device=device)


def large_steps(device: str) -> tuple[Steps, float]:
    """Steps of the large network, and the best rate of a product in bfloat16."""
    best = best_product_rate(device, torch.bfloat16)
    return measure_steps(large_problem(), device=device), best


def sweep_trials(config: ExperimentConfig, *, n_trials: int = TRIALS) -> list[ExperimentConfig]:
    """The same with other seeds and learning rates."""
    chosen = [
        {"seed": number, "learning_rate": LEARNING_RATES[number % len(LEARNING_RATES)]}
        for number in range(n_trials)
    ]
    return [
        config.model_copy(update={"training": config.training.model_copy(update=changes)})
        for changes in chosen
    ]


def sweep_both_ways(
    file: str,
    config: ExperimentConfig,
    *,
    folder: Path,
    device: str,
    jobs: int,
    cores: int,
    n_trials: int = TRIALS,
    **options: object,
) -> tuple[Sweep, Sweep]:
    """One after the other with all cores, then so many at once with the cores shared out among them."""
    dataset = folder / "dataset.arrow"
    save_sequences(pose(file, resolve_config("skill-rate")).sequences, dataset)
    sweeps = []
    for name, at_once in (("alone", 1), ("together", jobs)):
        trials = [
            Trial(
                config=one,
                dataset=dataset,
                folder=folder / name / str(number),
                shares=folder / name / "gpu",
                device=device,
                **options,  # type: ignore[arg-type]
            )
            for number, one in enumerate(sweep_trials(config, n_trials=n_trials))
        ]
        sweeps.append(run_apart(trials, jobs=at_once, threads=max(1, cores // at_once)))
    alone, together = sweeps
    return alone, together


def tell_experiment(
    experiment: Experiment, padded: list[float], *, epochs: int, is_known: bool
) -> list[Figure]:
    """The comparison's experiment, and what the padded loop would have taken for it."""
    row = f"{FULL}, {epochs} epochs"
    theirs, aside = extrapolate(padded, epochs), experiment.estimated_bytes / GIB
    beside = f"float32, eager; {epochs} epochs extrapolated from {len(padded)} measured"
    return [
        Figure(row, "seconds", experiment.seconds, "s", most=60.0 if is_known else None),
        Figure(row, "AUC", experiment.auc, least=0.730 if is_known else None),
        Figure(row, "seconds, padded (extrapolated)", theirs, "s", beside=beside),
        Figure(row, "to the padded loop", theirs / experiment.seconds, "×", least=10.0 if is_known else None),
        Figure(row, "seconds of the first epoch", experiment.epoch_seconds[0], "s"),
        Figure(row, "seconds of the last epoch", experiment.epoch_seconds[-1], "s"),
        Figure(row, "peak memory", experiment.peak_bytes / GIB, "GiB", most=aside, beside="by PyTorch"),
        Figure(row, "memory set aside for a job", aside, "GiB"),
    ]


def tell_steps(steps: Steps, *, best: float, datasheet: float | None) -> list[Figure]:
    """The large network's steps as shares of what the GPU can do."""
    row = "512 × 12, histories of 200"
    share = [] if datasheet is None else [steps.operations_per_second / datasheet]
    return [
        *(Figure(row, "of the datasheet's bfloat16 peak", one, least=0.30, beside="dense") for one in share),
        Figure(row, "of the best measured product", steps.operations_per_second / best),
        Figure(row, "best measured product", best / 1e12, "TFLOP/s", beside="bfloat16, 8192 × 8192"),
        Figure(row, "operations", steps.operations_per_second / 1e12, "TFLOP/s"),
        Figure(row, "responses learned from", steps.responses_per_second, "/s"),
        Figure(row, "a step", 1000 * steps.seconds_per_step, "ms"),
    ]


def tell_sweeps(alone: Sweep, together: Sweep, *, jobs: int) -> list[Figure]:
    """What running trials side by side gains, and what they hold meanwhile."""
    row = f"{SWEPT}, {len(alone.outcomes)} trials"
    pairs = zip(alone.outcomes, together.outcomes, strict=True)
    figures = [
        Figure(row, "side by side to one by one", alone.seconds / together.seconds, "×", least=5.0),
        Figure(row, "greatest difference of AUC", max(abs(one.auc - other.auc) for one, other in pairs)),
        Figure(row, "jobs side by side", jobs),
    ]
    for name, sweep in (("one by one", alone), ("side by side", together)):
        of = [asdict(outcome) for outcome in sweep.outcomes]
        figures += [
            Figure(row, f"seconds, {name}", sweep.seconds, "s"),
            Figure(row, f"peak memory of a trial, {name}", max(one["peak_bytes"] for one in of) / GIB, "GiB"),
            Figure(row, f"peak memory in all, {name}", sweep.peak_bytes / GIB, "GiB"),
            Figure(row, f"longest wait, {name}", max(one["waited_seconds"] for one in of), "s"),
        ]
    share = alone.outcomes[0].share_bytes / GIB
    return [*figures, Figure(row, "share of a trial", share, "GiB")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
