"""One loaded model that answers for many students at once, and goes on from where it left them.

S students, N new responses, K skills.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ikt_model.checkpoint import StoredModel, load_model
from ikt_model.data.tally import Tally
from ikt_model.inference.heads import Heads
from ikt_model.inference.histories import Histories, History
from ikt_model.inference.predictor import Predictor
from ikt_model.inference.reading import Reader
from ikt_model.inference.scores import NOT_YET, Scores, not_yet
from ikt_model.inference.scoring import Scorer
from ikt_model.inference.students import Student, reference_of, tally_of
from ikt_model.levels import MASTERED
from ikt_model.references.protocol import Memory

CACHE_BYTES = 256 * 1024 * 1024


def use_threads(n_threads: int) -> None:
    """Let every thread of this process compute with so many.

    Where many small questions are asked, one is fastest: the others would wait for each other more than they
    work.
    """
    torch.set_num_threads(n_threads)


class Seen(NamedTuple):
    """A student after so many responses."""

    key: Hashable  # names the student; never given to another one
    n: int  # responses, those on skills the model does not know included


@dataclass(frozen=True, slots=True)
class Extension:
    """Students after their new responses; steps are counted among the new ones."""

    scores: Scores
    known: NDArray[np.bool_]  # [N] whether the model knows one of the response's skills


class Engine:
    """May be used by many threads: they take turns to read students on, and score or imagine side by side.

    What was read of a student is kept, so that one more response costs one step and not the whole history:
    keys and values of attention, the recurrent state, counts of evidence, and what the reference remembers.
    Those used longest ago are dropped when `cache_bytes` are spent.
    """

    def __init__(self, model: StoredModel, *, cache_bytes: int = CACHE_BYTES) -> None:
        self.predictor = Predictor(model)
        self.skills = model.skills
        self._calibration = model.calibration
        self._reader = Reader(model)
        self._heads = Heads(model)
        self._scorer = Scorer(model, self._reader, self._heads)
        self._cache_bytes = cache_bytes
        self._students: OrderedDict[Hashable, Student] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._bytes = 0
        self._lock = RLock()

    @classmethod
    def load(cls, folder: Path, *, cache_bytes: int = CACHE_BYTES) -> "Engine":
        """Read a model folder. Raises ModelUnreadable."""
        return cls(load_model(folder), cache_bytes=cache_bytes)

    def nobody(self) -> Scores:
        """What is said of one student without a response."""
        return self.score(Histories.of([History([], [])]))

    def score(self, histories: Histories) -> Scores:
        """Where students stand after these responses, from nothing."""
        return self._scorer.score(histories)

    def missing(self, seen: Sequence[Seen]) -> list[bool]:
        """Of which students nothing is kept after exactly so many responses."""
        with self._lock:
            return [self._find(one) is None for one in seen]

    def load_students(self, seen: Sequence[Seen], histories: Histories) -> None:
        """Read the histories of these students, and keep them."""
        sequences, _ = self._reader.numbering.sequences(histories)
        students = self._reader.begin(sequences, [n for _, n in seen])
        with self._lock:
            for one, student in zip(seen, students, strict=True):
                self._keep(one.key, student)

    def extend(self, seen: Sequence[Seen], new: Histories) -> Extension:
        """One student each further by their new responses. Raises KeyError when one is missing."""
        with self._lock:
            students = [self._require(one) for one in seen]
            extension = self._advance(students, new)
            for one, student, count in zip(seen, students, np.diff(new.offsets).tolist(), strict=True):
                student.n += count
                self._keep(one.key, student)
            return extension

    def imagine(self, seen: Seen, new: Histories) -> Scores:
        """Where a student would stand after each of S sequences of responses; nothing of it is kept.

        Raises KeyError when the student is missing.
        """
        with self._lock:
            student = self._require(seen).copy()
        if not new.n_students:
            return Scores.empty(0, len(self.skills))
        # A single step is not kept, so that all may take it from the same student.
        is_kept = bool((np.diff(new.offsets) > 1).any())
        copies = [student.copy() if is_kept else student for _ in range(new.n_students)]
        return self._advance(copies, new, is_kept=is_kept).scores

    @property
    def kept_bytes(self) -> int:
        """About what is kept of students takes in memory."""
        return self._bytes

    def forget(self, keys: Iterable[Hashable]) -> None:
        """Keep nothing of these students."""
        with self._lock:
            for key in keys:
                self._drop(key)

    def _advance(self, students: Sequence[Student], new: Histories, *, is_kept: bool = True) -> Extension:
        """All students together, one step at a time, as long as they have any."""
        sequences, known = self._reader.numbering.sequences(new)
        places = np.flatnonzero(known) - np.repeat(new.offsets[:-1], sequences.lengths)
        scores = self._tell_before(students, ~(sequences.lengths > 0))
        for step in range(sequences.lengths.max(initial=0)):
            going = np.flatnonzero(sequences.lengths > step)
            some = [students[index] for index in going.tolist()]
            further = self._reader.further(some, sequences, sequences.offsets[going] + step)
            if is_kept:
                self._reader.keep(some, further)
            told = self._tell(further.tally, further.reference, further.states)
            place = places[sequences.offsets[going] + step].astype(np.int32)[:, None]
            before = scores.mastered_step[going]
            is_first = further.practised & (told.mastery >= MASTERED) & (before == NOT_YET)
            told.last_step[:] = np.where(further.practised, place, scores.last_step[going])
            told.mastered_step[:] = np.where(is_first, place, before)
            scores.replace(going, told)
        return Extension(scores, known)

    def _tell_before(self, students: Sequence[Student], chosen: NDArray[np.bool_]) -> Scores:
        """What is said of the chosen students before anything new; of the others nothing."""
        scores = Scores.empty(len(students), len(self.skills))
        if chosen.any():
            some = [student for student, is_chosen in zip(students, chosen, strict=True) if is_chosen]
            states = torch.stack([student.state for student in some])
            scores.replace(np.flatnonzero(chosen), self._tell(tally_of(some), reference_of(some), states))
        return scores

    def _tell(self, tally: Tally, reference: Memory, states: Tensor) -> Scores:
        """All that can be said of students; of steps nothing yet."""
        standing = self._calibration.standing(reference, tally)
        say = self._heads.say(states, tally, standing)
        return Scores(
            theta=say.theta,
            theta_reference=standing.theta,
            theta_reference_sd=standing.theta_sd,
            mastery=say.mastery,
            probability=say.probability,
            mastery_reference=say.mastery_reference,
            evidence=tally.attempts.astype(np.int32),
            last_step=not_yet(say.mastery.shape),
            mastered_step=not_yet(say.mastery.shape),
        )

    def _find(self, seen: Seen) -> Student | None:
        student = self._students.get(seen.key)
        return student if student is not None and student.n == seen.n else None

    def _require(self, seen: Seen) -> Student:
        student = self._find(seen)
        if student is None:
            raise KeyError(seen)
        return student

    def _keep(self, key: Hashable, student: Student) -> None:
        self._drop(key)
        self._students[key] = student
        self._bytes += student.n_bytes
        self._sizes[key] = student.n_bytes
        while self._bytes > self._cache_bytes and len(self._students) > 1:
            self._drop(next(iter(self._students)))

    def _drop(self, key: Hashable) -> None:
        if self._students.pop(key, None) is not None:
            self._bytes -= self._sizes.pop(key)
