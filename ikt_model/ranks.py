"""Several processes that train one network together: each learns from its part of every batch.

The means of a batch's losses are over all of it: a rank weighs its own means by its share of the values, so
that the gradients, summed over ranks, are those of one process. Which values there are in all each rank knows
from the windows' lengths, without asking the others.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import distributed as dist
from torch._C._distributed_c10d import TCPStore
from torch.nn.parallel import DistributedDataParallel

from ikt_model.data.batches import Windows
from ikt_model.settings import LossSettings
from ikt_model.tracer import Tracer

HOST = "127.0.0.1"
# Ranks wait for the first one while it evaluates and stores. One that dies is noticed by its connection, or
# by the first rank, which looks after the others.
PATIENCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ranks:
    """Which of how many processes this is."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """The one that evaluates, stores and reports."""
        return self.rank == 0

    def part(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """This rank's rows of a batch, dealt out in turns, since neighbours are of one length."""
        return rows[self.rank :: self.size]

    def share(self, windows: Windows, rows: NDArray[np.int64], settings: LossSettings) -> Tensor:
        """[5] what each of TERMS of this rank's part is worth in the mean over the whole batch, times the
        number of ranks, by which gradients are divided when they are averaged. Of l_scale every rank knows
        the whole.
        """
        lengths = windows.lengths[rows]
        mine, whole = (_values_per_term(some, settings) for some in (self.part(lengths), lengths))
        share = torch.as_tensor(self.size * mine / whole, dtype=torch.float32)
        return torch.cat([share, torch.ones(1)])

    def total(self, values: Tensor) -> Tensor:
        """Summed over all ranks, and so are gradients on the way back."""
        if self.size == 1:
            return values
        summed: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
        return summed


class _Sum(torch.autograd.Function):
    """Over all ranks. What a rank puts in moves every rank's loss, so gradients are summed, too."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ARG004
        summed = values.clone()
        dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ARG004
        summed = gradient.clone()
        dist.all_reduce(summed)
        return summed


ALONE = Ranks()


def _values_per_term(lengths: NDArray[np.int64], settings: LossSettings) -> NDArray[np.float64]:
    """[4] of how many values l_bce, l_21, l_22 and l_23 of such windows are the means."""
    asked = lengths.sum() - len(lengths)
    is_by_sequence = settings.ability_alignment in ("mean", "per-sequence")
    aligned = len(lengths) if is_by_sequence else lengths.sum()
    return np.array([asked, asked, asked, aligned], np.float64)


def open_store() -> TCPStore:
    """Where ranks of this machine meet, on a port that is free; only this machine can reach it."""
    return TCPStore(HOST, 0, is_master=True, wait_for_workers=False, timeout=PATIENCE)


def meet(port: int) -> TCPStore:
    """The store that the first rank opened."""
    return TCPStore(HOST, port, is_master=False, timeout=PATIENCE)


def join(store: TCPStore, ranks: Ranks, *, device: str) -> None:
    """Meet the other ranks; NCCL between GPUs, Gloo between processors."""
    backend = "nccl" if device.startswith("cuda") else "gloo"
    dist.init_process_group(backend, store=store, rank=ranks.rank, world_size=ranks.size, timeout=PATIENCE)


def leave() -> None:
    """Part from the other ranks."""
    if dist.is_initialized():
        dist.destroy_process_group()


def break_off() -> None:
    """Leave without the others: what waits for them on a GPU is given up."""
    if dist.is_initialized():
        if dist.get_backend() == "nccl":
            dist.distributed_c10d._abort_process_group()
        else:
            dist.destroy_process_group()


def in_parallel(network: Tracer, ranks: Ranks) -> torch.nn.Module:
    """The network, whose gradients are averaged over all ranks while they are worked out."""
    learns = any(weights.requires_grad for weights in network.parameters())
    return DistributedDataParallel(network) if ranks.size > 1 and learns else network
