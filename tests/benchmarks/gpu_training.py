"""One training on a GPU: a whole experiment with its evaluations, and how much of the GPU its steps use."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences
from ikt_model.data.simulate import simulate_classroom
from ikt_model.epochs import train_epoch
from ikt_model.references import calibrate
from ikt_model.run import Run, prepare
from ikt_model.training import EpochReport, train
from tests.benchmarks.training_loops import FOLD, PaddedLoop, Problem, held_out_auc, operations_per_token
from worker.gpu_memory import estimate_bytes

LARGE: dict[str, Any] = {
    "model": {"d_model": 512, "n_blocks": 12, "n_heads": 8, "d_ff": 2048, "window": 200},
    "training": {"batch_tokens": 51_200, "precision": "bfloat16", "epochs": 2},
}
PRODUCT_SIZE = 8192  # rows and columns of the product that tells the best rate
WARM_STEPS = 5
TINY = 1e-6  # of an epoch, by which shares may be rounded


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a whole training came to."""

    seconds: float
    auc: float
    epoch_seconds: list[float]  # the first one with whatever is prepared once
    peak_bytes: int  # of the GPU, by PyTorch; 0 on a processor
    estimated_bytes: int  # what a worker would have set aside


@dataclass(frozen=True, slots=True)
class Steps:
    """What optimiser steps came to, from the second of an epoch to its last."""

    operations_per_second: float
    responses_per_second: float
    seconds_per_step: float


def pose(file: str, config: ExperimentConfig) -> Problem:
    """Histories of a file, simulated ones without it, and the reference fitted to all but the held-out."""
    sequences = (
        read_dataset(Path(file)) if file else simulate_classroom(n_students=2000, n_skills=50).sequences
    )
    return pose_on(sequences, config)


def pose_on(sequences: Sequences, config: ExperimentConfig) -> Problem:
    """The same of histories at hand."""
    training = sequences.select(sequences.folds != FOLD)
    return Problem(sequences, config, calibrate(training, settings=config.reference))


def run_experiment(problem: Problem, *, device: str) -> Experiment:
    """All epochs by the library's own way, with an evaluation after each."""
    wait_for(device)  # CUDA is started before the clock is
    reports: list[EpochReport] = []
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        result = train(
            problem.config,
            problem.sequences,
            fold=FOLD,
            calibration=problem.calibration,
            device=device,
            folder=Path(folder),
            on_epoch=reports.append,
            on_progress=lambda _: True,
        )
        wait_for(device)
        seconds = time.perf_counter() - started
    return Experiment(
        seconds=seconds,
        auc=result.metrics["auc"],
        epoch_seconds=[report.seconds for report in reports],
        peak_bytes=peak_bytes(device),
        estimated_bytes=estimate_bytes(problem.config, problem.sequences, products=torch.bfloat16),
    )


def time_padded_epochs(problem: Problem, *, device: str, epochs: int = 2) -> list[float]:
    """Seconds of each of so many epochs of the padded loop in float32, with an evaluation after each.

    What is prepared once, and what the first steps cost more, is left out in its favour.
    """
    run = prepare(
        problem.config, problem.sequences, fold=FOLD, calibration=problem.calibration, device=device
    )
    loop = PaddedLoop(run)
    n_steps = 0

    def is_cold(_: float) -> bool:
        nonlocal n_steps
        n_steps += 1
        return n_steps < WARM_STEPS

    loop.train_epoch(1, is_cold)
    held_out_auc(run)
    seconds = []
    for epoch in range(1, epochs + 1):
        wait_for(device)
        started = time.perf_counter()
        loop.train_epoch(epoch, lambda _: True)
        held_out_auc(run)
        wait_for(device)
        seconds.append(time.perf_counter() - started)
    return seconds


def long_histories(n_students: int, *, length: int, seed: int = 0) -> Sequences:
    """Simulated students with exactly so many responses each."""
    drawn = simulate_classroom(n_students=2 * n_students, n_skills=100, seed=seed, mean_length=3.0 * length)
    sequences = drawn.sequences
    chosen = sequences.select(np.flatnonzero(sequences.lengths >= length)[:n_students])
    steps = (chosen.offsets[:-1, None] + np.arange(length)).ravel()
    return replace(
        chosen,
        offsets=np.arange(chosen.n_students + 1) * length,
        skill_sets=chosen.skill_sets[steps],
        responses=chosen.responses[steps],
        timestamps=None,
        items=None,
    )


def large_problem(*, n_students: int = 10_000, changes: dict[str, Any] = LARGE) -> Problem:
    """A network that a GPU is needed for, on histories without a step of padding."""
    config = resolve_config(None, changes)
    assert config.model.window == changes["model"]["window"]
    return pose_on(long_histories(n_students, length=config.model.window), config)


def measure_steps(problem: Problem, *, device: str) -> Steps:
    """Whole optimiser steps of the second epoch: what is prepared or captured once is behind by then."""
    work = _operations_per_response(problem)
    run = prepare(
        problem.config, problem.sequences, fold=FOLD, calibration=problem.calibration, device=device
    )
    seconds, share = _time_steps(run, device)
    responses = share * float(run.training.lengths.sum())
    return Steps(
        operations_per_second=work * responses / seconds,
        responses_per_second=responses / seconds,
        seconds_per_step=seconds / (share * run.steps_per_epoch),
    )


def _operations_per_response(problem: Problem) -> float:
    """Counted on a processor, on one batch of one window: histories are of one length, so it goes for all."""
    training = problem.config.training.model_copy(update={"batch_tokens": problem.config.model.window})
    few = problem.sequences.select(np.flatnonzero(problem.sequences.folds != FOLD)[:1])
    config = problem.config.model_copy(update={"training": training})
    run = prepare(config, few, fold=FOLD, calibration=problem.calibration, device="cpu")
    return operations_per_token(run)


def _time_steps(run: Run, device: str) -> tuple[float, float]:
    """Seconds from after the first step of the second epoch to after its last, and what share of the epoch
    that is.

    The device is waited for at both ends only: in between the steps may run as far ahead as they like.
    """
    epochs = run.config.training.epochs
    marks: list[tuple[float, float]] = []

    def told(share: float) -> bool:
        if not marks or share * epochs > 2 - TINY:
            wait_for(device)
            marks.append((time.perf_counter(), share * epochs))
        return True

    train_epoch(run, 1, lambda _: True)
    train_epoch(run, 2, told)
    if len(marks) < 2:
        raise ValueError("too few histories: an epoch must have at least 2 steps")
    (began, first), (ended, last) = marks[0], marks[-1]
    return ended - began, last - first


def best_product_rate(
    device: str, dtype: torch.dtype, *, size: int = PRODUCT_SIZE, repeats: int = 10
) -> float:
    """Operations per second of a large matrix product: what the device can do at best."""
    one, other = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(repeats):
        wait_for(device)
        started = time.perf_counter()
        torch.mm(one, other)
        wait_for(device)
        seconds.append(time.perf_counter() - started)
    return 2.0 * size**3 / min(seconds)


def wait_for(device: str) -> None:
    """Until it has done all that it was told to."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def peak_bytes(device: str) -> int:
    """The most that PyTorch held of a GPU in this process."""
    return torch.cuda.max_memory_reserved(device) if device.startswith("cuda") else 0


def extrapolate(seconds: Sequence[float], epochs: int) -> float:
    """What so many epochs would take, from some that were measured."""
    return epochs * median(seconds)
