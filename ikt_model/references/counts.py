"""Sufficient statistics of the Rasch model: how often each student tried each skill set, and was right.

S students, C skill sets, K skills.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ikt_model.data.sequences import Sequences, SkillVocabulary

Floats = NDArray[np.float64]


class NothingToCalibrate(ValueError):
    """The training students hold no response."""


def refuse_no_response(sequences: Sequences) -> None:
    """Raises NothingToCalibrate."""
    if sequences.n_responses == 0:
        raise NothingToCalibrate(
            "the training students hold no response; choose another fold or upload more data"
        )


def set_design(vocabulary: SkillVocabulary) -> sparse.csr_array:
    """Averaging matrix [C, K]: row c spreads weight 1 evenly over the skills of set c."""
    sizes = np.diff(vocabulary.set_offsets)
    weights = np.repeat(1.0 / sizes, sizes)
    shape = (len(sizes), vocabulary.n_skills)
    return sparse.csr_array((weights, vocabulary.set_members, vocabulary.set_offsets), shape=shape)


@dataclass(frozen=True, slots=True)
class Counts:
    """Attempts and right answers by student and skill set."""

    attempts: sparse.csr_array  # [S, C]
    attempts_by_set: sparse.csr_array  # [C, S], the transpose, kept in row order for speed
    right: sparse.csr_array  # [S, C], same pattern as attempts
    right_per_student: Floats  # [S]
    design: sparse.csr_array  # [C, K]
    per_skill: NDArray[np.int64]  # [K] attempts

    @classmethod
    def of(cls, sequences: Sequences) -> "Counts":
        """Raises NothingToCalibrate."""
        refuse_no_response(sequences)
        n_sets = sequences.vocabulary.n_sets
        pairs, slots = np.unique(
            sequences.student_of_step() * n_sets + sequences.skill_sets, return_inverse=True
        )
        rows, columns = np.divmod(pairs, n_sets)
        pointers = np.searchsorted(rows, np.arange(sequences.n_students + 1))
        shape = (sequences.n_students, n_sets)
        attempts = np.bincount(slots).astype(np.float64)
        right = np.bincount(slots, weights=sequences.responses)
        design = set_design(sequences.vocabulary)
        per_set = np.bincount(sequences.skill_sets, minlength=n_sets)
        matrix = sparse.csr_array((attempts, columns, pointers), shape=shape)
        right_matrix = sparse.csr_array((right, columns, pointers), shape=shape)
        return cls(
            attempts=matrix,
            attempts_by_set=matrix.T.tocsr(),
            right=right_matrix,
            right_per_student=right_matrix.sum(axis=1),
            design=design,
            per_skill=((design != 0).astype(np.int64).T @ per_set).astype(np.int64),
        )

    @property
    def is_singletons(self) -> bool:
        """Whether every step practises one skill, so that the skills separate."""
        return bool(self.design.shape[0] == self.design.shape[1])

    def first_difficulty(self) -> Floats:
        """Where a fit starts: the difficulty at which an average student is right as often as all were
        [K].
        """
        share = np.clip(self.right.sum() / self.attempts.sum(), 0.01, 0.99)
        return np.full(self.design.shape[1], -np.log(share / (1 - share)))
