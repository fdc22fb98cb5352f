"""One process of one thread against two that share every batch: their pace, and their losses."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.epochs import TrainingStopped, train_epoch
from ikt_model.leading import Job, leading
from tests.benchmarks.serving_figures import Figure
from tests.benchmarks.training_loops import FOLD, Problem

ROUNDS, SECONDS = 3, 10.0
LARGE_BATCH = 8192  # what several processes are for: each of its parts is worth a message to the others
WARM_UP = 1  # epochs before the clock starts, in which processes touch the memory that they need anew
FEW_STUDENTS = 1500  # whose losses are compared
ROW = "two processes of one thread each"


def measure_ranks(problem: Problem) -> list[Figure]:
    """How much faster two are, and by how much the losses of an epoch differ in float32."""
    job = Job(
        config=problem.config,
        sequences=problem.sequences,
        calibration=problem.calibration,
        fold=FOLD,
        device="cpu",
    )
    own = problem.config.training.batch_tokens
    figures = [figure for tokens in (own, LARGE_BATCH) for figure in _paces(job, batch_tokens=tokens)]
    return [
        *figures,
        Figure(ROW, "losses of an epoch apart by", losses_apart(job), most=1e-5, beside="float32"),
    ]


def _paces(job: Job, *, batch_tokens: int) -> list[Figure]:
    """With batches of so many responses, the same for one process and for two."""
    job = replace(job, config=_with_batches(job.config, batch_tokens))
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(ROUNDS):
        for size in (1, 2) if number % 2 == 0 else (2, 1):
            rates[size].append(responses_per_second(job, size=size, seconds=SECONDS))
    times = median(two / one for one, two in zip(rates[1], rates[2], strict=True))
    beside = f"batches of {batch_tokens:,}"
    least = 1.6 if batch_tokens == LARGE_BATCH else None
    return [
        Figure(ROW, f"to one such process, {beside}", times, "×", least=least),
        Figure(ROW, f"one, {beside}", median(rates[1]), "/s"),
        Figure(ROW, f"two, {beside}", median(rates[2]), "/s"),
    ]


def responses_per_second(job: Job, *, size: int, seconds: float) -> float:
    """Responses learned from per second by so many processes, once they are warm, for about so long."""
    marks: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder, one_thread_each(size):

        def told(share: float) -> bool:
            marks.append((share, time.perf_counter()))
            return marks[-1][1] - marks[0][1] < seconds

        with leading(job, Path(folder), size=size) as others:
            run = job.prepare(others.ranks)
            for epoch in range(1, WARM_UP + 1):
                train_epoch(run, epoch, lambda _: True)
            marks.append((WARM_UP / job.config.training.epochs, time.perf_counter()))
            with suppress(TrainingStopped):
                train_epoch(run, WARM_UP + 1, told)
            total = float(run.training.lengths.sum()) * job.config.training.epochs
    (first, since), (last, until) = marks[0], marks[-1]
    return (last - first) * total / (until - since)


def losses_apart(job: Job) -> float:
    """The largest difference between any loss of one process and of two, after an epoch without dropout."""
    sequences = job.sequences
    few = sequences.select(torch.arange(sequences.n_students).numpy() < FEW_STUDENTS)
    job = replace(job, sequences=few, config=_without_chance(job.config))
    found = []
    for size in (1, 2):
        with (
            tempfile.TemporaryDirectory() as folder,
            one_thread_each(size),
            leading(job, Path(folder), size=size) as others,
        ):
            found.append(train_epoch(job.prepare(others.ranks), 1, lambda _: True))
    return max(abs(one - found[1][name]) for name, one in found[0].items() if "l_" in name)


@contextmanager
def one_thread_each(size: int) -> Iterator[None]:
    """Let the first of so many ranks have a thread for each, which it shares out."""
    before = torch.get_num_threads()
    torch.set_num_threads(size)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _with_batches(config: ExperimentConfig, batch_tokens: int) -> ExperimentConfig:
    training = config.training.model_copy(update={"batch_tokens": batch_tokens})
    return config.model_copy(update={"training": training})


def _without_chance(config: ExperimentConfig) -> ExperimentConfig:
    """One epoch in float32 without dropout, whose masks differ from rank to rank."""
    settings: dict[str, Any] = config.model_dump()
    settings["model"]["dropout"] = 0.0
    settings["training"] |= {"precision": "float32", "epochs": 1}
    return resolve_config(None, settings)
