"""Students on their way: what is kept of each, to read them on from there.

B students, K skills, P steps of the present window, N blocks, D width, R recurrent width, W state width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ikt_model.data.tally import Tally
from ikt_model.references.protocol import Memory as ReferenceMemory
from ikt_model.tracer import Memory

FIRST_ROOM = 16  # steps; doubled when they are spent


@dataclass(slots=True)
class Window:
    """The steps of the present window; every tensor has room for more than the P that are there."""

    start: int  # its first step, counted among the student's steps that the model knows
    length: int  # P
    names: Tensor  # [room] lasting number of each step's skill set
    responses: Tensor  # [room]
    read: Tensor  # [room, STATE_FEATURES] what the encoder was given
    attended: Tensor  # [room, N, 2, D] keys and values

    def append(self, *, name: int, response: int, read: Tensor, attended: Tensor) -> None:
        """One more step."""
        if self.length == len(self.names):
            self._make_room()
        self.names[self.length] = name
        self.responses[self.length] = response
        self.read[self.length] = read
        self.attended[self.length] = attended
        self.length += 1

    def since(self, step: int) -> "Window":
        """Another that begins at a later step of the student's."""
        kept = slice(step - self.start, self.length)
        return Window(
            start=step,
            length=kept.stop - kept.start,
            names=self.names[kept].clone(),
            responses=self.responses[kept].clone(),
            read=self.read[kept].clone(),
            attended=self.attended[kept].clone(),
        )

    def _make_room(self) -> None:
        room = max(FIRST_ROOM, 2 * self.length)
        for part in ("names", "responses", "read", "attended"):
            kept = getattr(self, part)
            larger = kept.new_empty(room, *kept.shape[1:])
            larger[: self.length] = kept[: self.length]
            setattr(self, part, larger)

    def copy(self) -> "Window":
        return Window(
            self.start,
            self.length,
            self.names.clone(),
            self.responses.clone(),
            self.read.clone(),
            self.attended.clone(),
        )


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
        tensors = (window.names, window.responses, window.read, window.attended, self.recurrent, self.state)
        arrays = (self.tally.counts, self.tally.last, *self.reference.values())
        return sum(tensor.nbytes for tensor in tensors) + sum(array.nbytes for array in arrays)

    def copy(self) -> "Student":
        """Another that can be read on without this one."""
        return Student(self.n, self.window.copy(), self.recurrent, self.state, self.tally, self.reference)


def memory_of(students: Sequence[Student]) -> Memory:
    """What the network remembers of their windows, padded to the longest."""
    windows = [student.window for student in students]
    first, shape = windows[0], (len(windows), windows[0].length)
    if all(window is first for window in windows):  # what continuations of one student share is not copied
        return Memory(
            lengths=torch.full(shape[:1], first.length),
            names=first.names[: first.length].expand(shape),
            attended=first.attended[: first.length].expand(*shape, *first.attended.shape[1:]),
            recurrent=students[0].recurrent.expand(len(windows), -1, -1),
        )
    return Memory(
        lengths=torch.tensor([window.length for window in windows]),
        names=pad_sequence([window.names[: window.length] for window in windows], batch_first=True),
        attended=pad_sequence([window.attended[: window.length] for window in windows], batch_first=True),
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
