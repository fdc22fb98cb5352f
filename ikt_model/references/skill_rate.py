"""Skill rates: every student is right with the share of right answers that the skill had in training.

It knows nothing of the student. A reference that predicts worse teaches its errors. K skills, N responses,
S students.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import logit

from ikt_model.data.features import DECAY, QUERY_FEATURES
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.references.counts import NO_RESPONSE, Counts, NothingToCalibrate, set_design
from ikt_model.references.plain import from_plain, spread_of, to_plain
from ikt_model.references.protocol import Memory, ReferenceTargets, Standing
from ikt_model.settings import SkillRateSettings

Floats = NDArray[np.float64]

SMOOTHING = 1.0  # answers at the overall rate that are added to each skill's own


@dataclass(frozen=True, slots=True)
class SkillRateCalibration:
    """Log-odds of a right answer by skill; see `protocol.Calibration`."""

    difficulty: Floats  # [K] −logit of the smoothed share of right answers
    difficulty_se: Floats  # [K]
    n_students: int
    n_responses: int
    responses_per_skill: NDArray[np.int64]  # [K]
    quality: Mapping[str, float] = field(default_factory=dict)
    name: str = "skill-rate"
    version: int = 1

    @property
    def ability_sd(self) -> float:
        """None: all students are alike."""
        return 0.0

    @property
    def decay(self) -> float:
        """The usual one: the network's evidence has to fade somehow."""
        return DECAY

    @property
    def slopes(self) -> Floats:
        """None: the rate reads no evidence."""
        return np.zeros((len(self.difficulty), QUERY_FEATURES))

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """−β at every step; every ability is 0, and known to be."""
        easiness = -(set_design(sequences.vocabulary) @ self.difficulty)[sequences.skill_sets]
        nothing = np.zeros(sequences.n_responses, np.float32)
        return ReferenceTargets(
            mastery_logit=easiness.astype(np.float32),
            mastery_after_logit=easiness.astype(np.float32),
            theta=nothing,
            theta_sd=nothing,
            theta_static=np.zeros(sequences.n_students, np.float32),
        )

    def remember(self, sequences: Sequences) -> Memory:  # noqa: ARG002
        """Nothing."""
        return {}

    def add(self, memory: Memory, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> Memory:  # noqa: ARG002
        """Nothing."""
        return {}

    def standing(self, memory: Memory, tally: Tally) -> Standing:  # noqa: ARG002
        """−β of every skill, the same for every student."""
        n_students = len(tally.lengths)
        return Standing(
            np.zeros(n_students), np.zeros(n_students), np.tile(-self.difficulty, (n_students, 1))
        )

    @property
    def title(self) -> str:
        """The name: there is one way to fit it."""
        return repr(self.name)

    def doubts(self) -> list[str]:
        """None beyond those that `quality.assess` has of any reference."""
        return []

    def summary(self) -> dict[str, float]:
        """Location and spread of the difficulties, and how well they predict the training students."""
        return {
            **spread_of("beta", self.difficulty),
            "ability_sd": self.ability_sd,
            "n_students": float(self.n_students),
            "n_responses": float(self.n_responses),
            **self.quality,
        }

    def to_dict(self) -> dict[str, Any]:
        """All parameters as plain JSON values."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "SkillRateCalibration":
        """The inverse of `to_dict`."""
        return from_plain(cls, stored)


def fit_skill_rate(sequences: Sequences, *, settings: SkillRateSettings) -> SkillRateCalibration:  # noqa: ARG001
    """Count right answers by skill; a step with several skills counts for each of them.

    A skill nobody practised gets the overall rate and an infinite standard error. Raises NothingToCalibrate.
    """
    n_sets = sequences.vocabulary.n_sets
    return _of_sums(
        set_design(sequences.vocabulary),
        tried=np.bincount(sequences.skill_sets, minlength=n_sets),
        right=np.bincount(sequences.skill_sets[sequences.responses == 1], minlength=n_sets),
        n_students=sequences.n_students,
    )


def fit_skill_rate_to_counts(counts: Counts) -> SkillRateCalibration:
    """The same from counts."""
    return _of_sums(
        counts.design,
        tried=counts.attempts.sum(axis=0),
        right=counts.right_per_set,
        n_students=counts.n_students,
    )


def _of_sums(
    design: sparse.csr_array,
    *,
    tried: NDArray[np.integer[Any]] | Floats,
    right: NDArray[np.integer[Any]] | Floats,
    n_students: int,
) -> SkillRateCalibration:
    """From answers and right answers by skill set [C]."""
    n_responses = int(tried.sum())
    if n_responses == 0:
        raise NothingToCalibrate(NO_RESPONSE)
    # half an answer of either kind keeps even the overall rate away from 0 and 1
    overall = (float(right.sum()) + 0.5) / (n_responses + 1)
    members = (design != 0).astype(np.float64)
    tried, right = members.T @ tried, members.T @ right
    share = (right + SMOOTHING * overall) / (tried + SMOOTHING)
    errors = 1 / np.sqrt((tried + SMOOTHING) * share * (1 - share))
    return SkillRateCalibration(
        difficulty=-logit(share),
        difficulty_se=np.where(tried > 0, errors, np.inf),
        n_students=n_students,
        n_responses=n_responses,
        responses_per_skill=tried.astype(np.int64),
    )
