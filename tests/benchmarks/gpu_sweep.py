"""A sweep's trials on a GPU: one after the other, or side by side on shares of it.

Each trial has a process of its own that does what a worker's job does, but for the database: it reads, fits
the reference, takes a share, trains with an evaluation after each epoch, and leaves a model. As in a worker
the processes come from one that has imported PyTorch and touched no GPU.
"""

import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread

import torch

from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import load_sequences
from ikt_model.precision import products_in
from ikt_model.references import calibrate
from ikt_model.training import train
from tests.benchmarks.gpu_training import peak_bytes
from tests.benchmarks.training_loops import FOLD
from worker.gpu_memory import estimate_bytes
from worker.gpu_shares import Gpu, GpuShares
from worker.gpus import confined, find_gpus

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SAMPLE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Trial:
    """A training as its process is told of it."""

    config: ExperimentConfig
    dataset: Path  # as a worker finds it
    folder: Path  # its own
    shares: Path  # that of all trials
    device: str  # cpu, or cuda for any GPU
    gpus: tuple[Gpu, ...] = ()  # in place of those that are there


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to."""

    auc: float
    waited_seconds: float  # for its share
    share_bytes: int
    peak_bytes: int  # that PyTorch held of the GPU


@dataclass(frozen=True, slots=True)
class Sweep:
    """All trials of one way to run them."""

    seconds: float
    outcomes: list[Outcome]
    peak_bytes: int  # held of the first GPU by everybody together, CUDA itself included


def run_apart(trials: Sequence[Trial], *, jobs: int, threads: int) -> Sweep:
    """So many trials at once, from a process whose libraries have so many threads from the start."""
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            return pool.submit(partial(run_sweep, trials, jobs=jobs, threads=threads)).result()
    finally:
        os.environ.clear()
        os.environ.update(before)


def run_sweep(trials: Sequence[Trial], *, jobs: int, threads: int) -> Sweep:
    """From the first trial's start to the last one's end. Raises RuntimeError when one of them fails."""
    context = multiprocessing.get_context("forkserver")
    # The first optimiser of a process imports the compiler, needed or not (worker/processes.py).
    context.set_forkserver_preload([__name__, "torch._dynamo"])

    def run(trial: Trial | None) -> Outcome:
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run_in_child, args=(theirs, trial, threads))
        process.start()
        theirs.close()
        try:
            answer = mine.recv()
        except EOFError:
            raise RuntimeError("a trial's process ended without an answer") from None
        finally:
            process.join()
        if isinstance(answer, str):
            raise RuntimeError(f"a trial failed: {answer}")
        assert isinstance(answer, Outcome)
        return answer

    run(None)  # by now all is imported
    with _Watch(trials[0].device) as watch, ThreadPoolExecutor(jobs) as pool:
        started = time.perf_counter()
        outcomes = list(pool.map(run, trials))
        seconds = time.perf_counter() - started
    return Sweep(seconds, outcomes, watch.peak_bytes)


def run_trial(trial: Trial, *, threads: int) -> Outcome:
    """What a worker's job does with an experiment."""
    torch.set_num_threads(threads)
    config, sequences = trial.config, load_sequences(trial.dataset)
    calibration = calibrate(sequences.select(sequences.folds != FOLD), settings=config.reference)
    on_gpu = trial.device.startswith("cuda")
    products = products_in(config.training.precision, trial.device)
    wanted = estimate_bytes(config, sequences, products=products)
    started = time.perf_counter()
    with GpuShares(trial.shares, trial.gpus or find_gpus(trial.device)).take(wanted) as share:
        waited = time.perf_counter() - started
        with confined(share) if on_gpu else nullcontext():
            device = f"cuda:{share.gpus[0].index}" if on_gpu else trial.device
            trial.folder.mkdir(parents=True)
            result = train(
                config,
                sequences,
                fold=FOLD,
                calibration=calibration,
                device=device,
                folder=trial.folder,
                on_epoch=lambda _: None,
                on_progress=lambda _: True,
            )
            return Outcome(result.metrics["auc"], waited, share.bytes, peak_bytes(device))


def _run_in_child(answer: Connection, trial: Trial | None, threads: int) -> None:
    try:
        told: Outcome | str = run_trial(trial, threads=threads) if trial else Outcome(0.0, 0.0, 0, 0)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    answer.send(told)


class _Watch:
    """Looks again and again how much of a GPU is in use, while the block lasts."""

    def __init__(self, device: str) -> None:
        self.peak_bytes = 0
        self._ended = Event()
        self._thread = Thread(target=self._look) if device.startswith("cuda") else None

    def __enter__(self) -> "_Watch":
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            free, total = torch.cuda.mem_get_info(0)
            self.peak_bytes = max(self.peak_bytes, total - free)
