"""Windows of any length packed into rows of one width, so that every batch has the same shape.

Rows are filled one by one, each with the longest window that still fits: first-fit decreasing, worked out on
the histogram of lengths as Krell et al. 2021 do (arXiv:2107.02027), one pattern of lengths for many rows at a
time. W windows, S batches, R rows in a batch, L steps in a row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.batches import Windows

ALIGNED = 8  # attention kernels for GPUs want the width of a row to be a multiple of it


def row_width(window: int) -> int:
    """Steps in a row that takes windows of this length."""
    return -(-window // ALIGNED) * ALIGNED


@dataclass(frozen=True, slots=True)
class Slots:
    """A place for every window, the shortest first. What is of one length is alike, so any window of a length
    may stand in any of its slots, and the number of rows depends on the lengths alone.
    """

    rows: NDArray[np.int64]  # [W]
    offsets: NDArray[np.int64]  # [W] of the window's first step in its row
    n_rows: int

    @classmethod
    def of(cls, lengths: NDArray[np.int64], *, width: int) -> "Slots":
        """Raises ValueError where a window is longer than a row."""
        if lengths.max(initial=0) > width:
            raise ValueError(f"lengths: a window of {lengths.max()} steps in rows of {width}; widen the rows")
        left = np.bincount(lengths, minlength=width + 1)
        sizes, rows, offsets, n_rows = [], [], [], 0
        while left.any():
            pattern = _fill(left, width)
            held = np.bincount(pattern, minlength=len(left))
            times = int((left[held > 0] // held[held > 0]).min())
            left -= times * held
            sizes.append(np.tile(pattern, times))
            offsets.append(np.tile(np.cumsum(pattern) - pattern, times))
            rows.append(np.repeat(np.arange(n_rows, n_rows + times), len(pattern)))
            n_rows += times
        if not rows:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
        order = np.argsort(np.concatenate(sizes), kind="stable")
        return cls(np.concatenate(rows)[order], np.concatenate(offsets)[order], n_rows)


def _fill(left: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """The lengths in the next row, from how many windows of each length are left [L + 1]."""
    pattern: list[NDArray[np.int64]] = []
    room, longest = width, width
    while True:
        fitting = np.flatnonzero(left[: min(room, longest) + 1])
        if not len(fitting):
            return np.concatenate(pattern)
        length = int(fitting[-1])
        times = min(int(left[length]), room // length)
        pattern.append(np.full(times, length))
        room, longest = room - times * length, length - 1


@dataclass(frozen=True, slots=True)
class Packing:
    """The batches of every epoch: all of one shape [R, L], and always as many."""

    windows: Windows
    slots: Slots
    width: int  # L
    rows_per_batch: int  # R

    @classmethod
    def of(cls, windows: Windows, *, window: int, batch_tokens: int) -> "Packing":
        """Of windows of at most `window` steps; a batch holds one row at least."""
        width = row_width(window)
        slots = Slots.of(windows.lengths, width=width)
        return cls(windows, slots, width, max(1, batch_tokens // width))

    @property
    def n_batches(self) -> int:
        """S."""
        return -(-self.slots.n_rows // self.rows_per_batch)

    def epoch(self, generator: np.random.Generator) -> NDArray[np.int32]:
        """[2, S, R, L] which step of the flat arrays stands where, -1 for none, and its place in its window:
        windows change places with those of their length, and rows are dealt out anew. Rows that the last
        batch is short of are empty.
        """
        lengths = self.windows.lengths
        order = np.lexsort((generator.random(len(lengths)), lengths))
        shape = (2, self.n_batches, self.rows_per_batch, self.width)
        rows = generator.permutation(self.slots.n_rows)[self.slots.rows]
        starts, lengths = self.windows.starts[order], lengths[order]
        ends = np.cumsum(lengths)
        place = np.arange(ends[-1]) - np.repeat(ends - lengths, lengths)
        cells = np.repeat(rows * self.width + self.slots.offsets, lengths) + place
        steps_and_place = np.zeros((2, self.n_batches * self.rows_per_batch * self.width), np.int32)
        steps_and_place[0] = -1
        steps_and_place[0, cells] = np.repeat(starts, lengths) + place
        steps_and_place[1, cells] = place
        return steps_and_place.reshape(shape)
