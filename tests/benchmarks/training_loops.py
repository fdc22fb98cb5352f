"""The two loops of the training benchmark behind one face, and what each did with its seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from ikt_model.config import ExperimentConfig
from ikt_model.data.batches import batch_rows
from ikt_model.data.sequences import Sequences
from ikt_model.epochs import TrainingStopped, train_epoch
from ikt_model.evaluation import predict
from ikt_model.losses import compute_losses
from ikt_model.metrics import auc
from ikt_model.references import Calibration
from ikt_model.run import Run, prepare
from tests.benchmarks.padded_loop import PaddedHistories, train_padded_epoch, use_plain_blocks

FOLD = 0  # held out
SAMPLED = 10  # every so manyth batch is looked at for its operations

# Told of the share of the epoch that is done; ends it by answering False.
Told = Callable[[float], bool]


class Loop(Protocol):
    """A way to train."""

    run: Run

    def train_epoch(self, epoch: int, told: Told) -> None:
        """One epoch, or as much of it as `told` wants."""


class OurLoop:
    """What an experiment is trained with."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def train_epoch(self, epoch: int, told: Told) -> None:
        """All of an epoch, what is reported of its gradients included."""
        epochs = self.run.config.training.epochs
        try:
            train_epoch(self.run, epoch, lambda share: told(share * epochs - (epoch - 1)))
        except TrainingStopped:
            return


class PaddedLoop:
    """The loop that everybody writes first."""

    def __init__(self, run: Run) -> None:
        self.run = run
        use_plain_blocks(run)
        self._histories = PaddedHistories(run)

    def train_epoch(self, epoch: int, told: Told) -> None:
        """The same, without the gradients' figures."""
        train_padded_epoch(self.run, self._histories, epoch, told)


LOOPS: dict[str, Callable[[Run], Loop]] = {"ours": OurLoop, "padded": PaddedLoop}


@dataclass(frozen=True, slots=True)
class Problem:
    """What both loops train on."""

    sequences: Sequences
    config: ExperimentConfig
    calibration: Calibration

    def loop(self, name: str, *, device: str = "cpu") -> Loop:
        """A fresh network in one of LOOPS."""
        run = prepare(self.config, self.sequences, fold=FOLD, calibration=self.calibration, device=device)
        return LOOPS[name](run)


@dataclass(slots=True)
class Curve:
    """How the AUC on held-out students grew, by seconds of training alone."""

    seconds: list[float] = field(default_factory=list)
    aucs: list[float] = field(default_factory=list)

    def seconds_to(self, auc: float) -> float:
        """When it was first reached, infinity if never."""
        reached = (second for second, value in zip(self.seconds, self.aucs, strict=True) if value >= auc)
        return next(reached, float("inf"))


def tokens_per_second(loop: Loop, *, seconds: float) -> float:
    """Responses of training students taken in per second, in the first epoch, for about so long."""
    started, done = time.perf_counter(), 0.0

    def told(share: float) -> bool:
        nonlocal done
        done = share
        return time.perf_counter() - started < seconds

    loop.train_epoch(1, told)
    return done * float(loop.run.training.lengths.sum()) / (time.perf_counter() - started)


def train_and_watch(loop: Loop, *, looks: int) -> Curve:
    """Train to the end, with so many looks at the held-out students in each epoch."""
    curve, spent, since = Curve(), 0.0, time.perf_counter()
    for epoch in range(1, loop.run.config.training.epochs + 1):
        seen = 0

        def told(share: float) -> bool:
            nonlocal seen, spent, since
            if int(share * looks + 1e-9) > seen:
                seen = int(share * looks + 1e-9)
                spent += time.perf_counter() - since
                curve.seconds.append(spent)
                curve.aucs.append(held_out_auc(loop.run))
                loop.run.network.train()
                since = time.perf_counter()
            return True

        loop.train_epoch(epoch, told)
    return curve


def held_out_auc(run: Run) -> float:
    """Of the held-out students' next responses."""
    seen = predict(
        run.network,
        run.data,
        run.held_out,
        loss=run.config.loss,
        difficulty_reference=run.calibration.difficulty,
    )
    return auc(seen.response, seen.logit)


def operations_per_token(run: Run) -> float:
    """Floating-point operations of matrix products, there and back, for one response without padding."""
    operations, tokens = 0.0, 0
    batches = list(batch_rows(run.training.lengths, batch_tokens=run.config.training.batch_tokens))
    for rows in batches[::SAMPLED]:
        batch = run.data.gather(run.training, rows)
        with FlopCounterMode(display=False) as counter:
            losses = compute_losses(
                run.network(batch), batch, reference=run.reference, settings=run.config.loss
            )
            torch.autograd.backward(losses.l_bce + losses.l_21 + losses.l_23)
        operations += counter.get_total_flops()
        tokens += int(run.training.lengths[rows].sum())
    run.network.zero_grad(set_to_none=True)
    return operations / tokens


def best_rate(dtype: torch.dtype, *, size: int = 2048, repeats: int = 5) -> float:
    """Floating-point operations per second of a large matrix product: what the machine can do at best."""
    one, other = (torch.randn(size, size).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        torch.mm(one, other)
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / float(np.min(seconds))


def copy_rate(*, n_bytes: int = 2**28, repeats: int = 5) -> float:
    """Bytes per second read and written by a copy too large for any cache."""
    one = torch.zeros(n_bytes // 4)
    other = torch.empty_like(one)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        other.copy_(one)
        seconds.append(time.perf_counter() - started)
    return 2 * n_bytes / float(np.min(seconds))
