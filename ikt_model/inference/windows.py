"""Windows over long histories: where they begin, and which steps each of them answers for.

Histories longer than a model's window are read through windows that move on by half their length, so that an
answer always rests on at least half a window of context.
"""

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.batches import Windows
from ikt_model.data.sequences import Sequences


def overlapping_windows(sequences: Sequences, *, window: int) -> tuple[Windows, NDArray[np.int64]]:
    """All windows, and the first step [W] that each is to answer for.

    Answering only for its second half (the first window: for all of it), a window always has context behind
    it.
    """
    stride = window // 2
    chosen = np.flatnonzero(sequences.lengths > 0)
    lengths = sequences.lengths[chosen]
    per_student = 1 + np.maximum(0, -(-(lengths - window) // stride))
    owner = np.repeat(np.arange(len(chosen)), per_student)
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(per_student) - per_student, per_student)
    starts = sequences.offsets[chosen][owner] + rank * stride
    sizes = np.minimum(window, lengths[owner] - rank * stride)
    first_fresh = np.where(rank == 0, starts, starts + window - stride)
    return Windows(starts, sizes, chosen[owner]), first_fresh


def window_start(step: NDArray[np.int64], *, window: int) -> NDArray[np.int64]:
    """Where the window begins that answers for a step, both counted in the student's history."""
    stride = window // 2
    return np.where(step < window, 0, ((step - window) // stride + 1) * stride)
