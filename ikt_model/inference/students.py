"""Students on their way: what is kept of each, to read them on from there.

B students, K skills, P steps of the present window, N blocks, H heads, D width, R recurrent width, W state
width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ikt_model.data.features import STATE_FEATURES
from ikt_model.data.tally import Tally
from ikt_model.references.protocol import Memory as ReferenceMemory
from ikt_model.tracer import Memory

GIVEN = 1 + STATE_FEATURES
ROOM = 32  # steps: to move all that is there so often costs less than memory for twice as much


@dataclass(slots=True)
class Window:
    """The steps of the present window; every tensor has room for more than the P that are there."""

    start: int  # its first step, counted among the student's steps that the model knows
    length: int  # P
    names: Tensor  # [room] lasting number of each step's skill set
    several: dict[int, tuple[int, ...]]  # skills behind the numbers that are no single skill's
    given: Tensor  # [room, GIVEN] response, and what the encoder was given
    attended: Tensor  # [N, 2, H, room, D/H] keys and values

    def append(self, *, name: int, members: tuple[int, ...], given: Tensor, attended: Tensor) -> None:
        """One more step, with its keys and values [N, 2, H, D/H]."""
        if self.length == min(len(self.names), self.attended.shape[3]):
            self.make_room(self.attended)
        self.names[self.length] = name
        if len(members) > 1:
            self.several[name] = members
        self.given[self.length] = given
        self.attended[:, :, :, self.length] = attended
        self.length += 1

    def since(self, step: int) -> "Window":
        """Another that begins at this or a later step of the student's."""
        kept = slice(step - self.start, self.length)
        return Window(
            start=step,
            length=self.length - kept.start,
            names=self.names[kept].clone(),
            several=dict(self.several),
            given=self.given[kept].clone(),
            attended=self.attended[:, :, :, kept].clone(),
        )

    def make_room(self, attended: Tensor) -> None:
        """Leave room for more steps behind the P that are there, whose keys and values are given [N, 2, H, P
        or more, D/H].
        """
        self.names = functional.pad(self.names[: self.length], (0, ROOM))
        self.given = functional.pad(self.given[: self.length], (0, 0, 0, ROOM))
        self.attended = functional.pad(attended[:, :, :, : self.length], (0, 0, 0, ROOM))


@dataclass(slots=True)
class Student:
    """One student after `n` responses."""

    n: int  # responses, those on skills the model does not know included
    window: Window
    recurrent: Tensor  # [2, R]
    state: Tensor  # [W]
    tally: Tally  # of this one [1, …]
    reference: ReferenceMemory  # of this one [1, …]

    @property
    def n_bytes(self) -> int:
        """About what it takes in memory."""
        window = self.window
        tensors = (window.names, window.given, window.attended, self.recurrent, self.state)
        arrays = (self.tally.counts, self.tally.last, *self.reference.values())
        return sum(tensor.nbytes for tensor in tensors) + sum(array.nbytes for array in arrays)

    def copy(self, *, since: int | None = None) -> "Student":
        """Another that can be read on without this one, its window cut to the steps from `since` on."""
        window = self.window.since(self.window.start if since is None else since)
        return Student(self.n, window, self.recurrent, self.state, self.tally, self.reference)


def memory_of(students: Sequence[Student]) -> Memory:
    """What the network remembers of their windows, with room for one more step of each."""
    windows = [student.window for student in students]
    lengths = [window.length for window in windows]
    n_blocks, _, n_heads, _, width = windows[0].attended.shape
    n_steps = max(lengths) + 1
    names = torch.empty(len(students), n_steps, dtype=torch.int64)
    attended = torch.empty(n_blocks, 2, len(students), n_heads, n_steps, width)
    for row, (window, length) in enumerate(zip(windows, lengths, strict=True)):
        names[row, :length] = window.names[:length]
        attended[:, :, row, :, :length] = window.attended[:, :, :, :length]
        attended[:, :, row, :, length:] = 0  # what is not seen still must be finite
    return Memory(
        lengths=torch.tensor(lengths),
        names=names,
        attended=attended,
        recurrent=torch.stack([student.recurrent for student in students]),
    )


def tally_of(students: Sequence[Student]) -> Tally:
    """Theirs together."""
    return Tally.together([student.tally for student in students])


def reference_of(students: Sequence[Student]) -> ReferenceMemory:
    """What the reference remembers of them."""
    kept = [student.reference for student in students]
    return {name: np.concatenate([memory[name] for memory in kept]) for name in kept[0]}


def select(reference: ReferenceMemory, students: slice) -> ReferenceMemory:
    """What it remembers of some of them; copied, for a view would keep all the others in memory."""
    return {name: kept[students].copy() for name, kept in reference.items()}
