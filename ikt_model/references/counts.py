"""Sufficient statistics of the Rasch model: how often each student tried each skill set, and was right.

S students, C skill sets, K skills.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ikt_model.data.sequences import Sequences, SkillVocabulary

Floats = NDArray[np.float64]


NO_RESPONSE = "the training students hold no response; choose another fold or upload more data"


class NothingToCalibrate(ValueError):
    """The training students hold no response."""


def set_design(vocabulary: SkillVocabulary) -> sparse.csr_array:
    """Averaging matrix [C, K]: row c spreads weight 1 evenly over the skills of set c."""
    sizes = np.diff(vocabulary.set_offsets)
    weights = np.repeat(1.0 / sizes, sizes)
    shape = (len(sizes), vocabulary.n_skills)
    return sparse.csr_array((weights, vocabulary.set_members, vocabulary.set_offsets), shape=shape)


@dataclass(frozen=True, slots=True)
class Counts:
    """Attempts by student and skill set, and right answers by either."""

    attempts: sparse.csr_array  # [S, C]
    right_per_student: Floats  # [S]
    right_per_set: Floats  # [C]
    design: sparse.csr_array  # [C, K]
    per_skill: NDArray[np.int64]  # [K] attempts

    @classmethod
    def of(cls, sequences: Sequences) -> "Counts":
        """Counts of these students."""
        n_students, n_sets = sequences.n_students, sequences.vocabulary.n_sets
        owner = sequences.student_of_step()
        pairs, attempts = np.unique(owner * n_sets + sequences.skill_sets, return_counts=True)
        rows, columns = np.divmod(pairs, n_sets)
        pointers = np.searchsorted(rows, np.arange(n_students + 1))
        design = set_design(sequences.vocabulary)
        per_set = np.bincount(sequences.skill_sets, minlength=n_sets)
        right = sequences.responses
        return cls(
            attempts=sparse.csr_array(
                (attempts.astype(np.float64), columns.astype(np.int32), pointers), shape=(n_students, n_sets)
            ),
            right_per_student=_counted(owner, right, n_students),
            right_per_set=_counted(sequences.skill_sets, right, n_sets),
            design=design,
            per_skill=((design != 0).astype(np.int64).T @ per_set).astype(np.int64),
        )

    @classmethod
    def merged(cls, parts: "Iterable[Counts]") -> "Counts":
        """Counts of different students over one vocabulary, as if they had been counted together."""
        parts = list(parts)
        return cls(
            attempts=sparse.vstack([part.attempts for part in parts], format="csr"),
            right_per_student=np.concatenate([part.right_per_student for part in parts]),
            right_per_set=np.sum([part.right_per_set for part in parts], axis=0),
            design=parts[0].design,
            per_skill=np.sum([part.per_skill for part in parts], axis=0),
        )

    @property
    def n_students(self) -> int:
        return int(self.attempts.shape[0])

    @property
    def n_responses(self) -> int:
        return int(self.attempts.data.sum())

    @property
    def is_singletons(self) -> bool:
        """Whether every step practises one skill, so that the skills separate."""
        return bool(self.design.shape[0] == self.design.shape[1])

    def refuse_none(self) -> None:
        """Raises NothingToCalibrate."""
        if self.attempts.nnz == 0:
            raise NothingToCalibrate(NO_RESPONSE)

    def first_difficulty(self) -> Floats:
        """Where a fit starts: the difficulty at which an average student is right as often as all were
        [K].
        """
        share = np.clip(self.right_per_set.sum() / self.attempts.sum(), 0.01, 0.99)
        return np.full(self.design.shape[1], -np.log(share / (1 - share)))

    def blocks(self, n_students: int) -> "Iterator[tuple[sparse.csr_array, Floats]]":
        """Attempts and right answers of so many students at a time."""
        pointers = self.attempts.indptr
        for first in range(0, self.n_students, n_students):
            last = min(first + n_students, self.n_students)
            at = slice(pointers[first], pointers[last])
            rows = pointers[first : last + 1] - pointers[first]
            block = (self.attempts.data[at], self.attempts.indices[at], rows)
            shape = (last - first, self.attempts.shape[1])
            yield sparse.csr_array(block, shape=shape), self.right_per_student[first:last]


def _counted(groups: NDArray[np.integer[Any]], right: NDArray[np.int8], n_groups: int) -> Floats:
    return np.bincount(groups[right == 1], minlength=n_groups).astype(np.float64)
