"""Where students stand after their last response. S students, K skills."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

NOT_YET = -1


def not_yet(shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Steps that have not come."""
    return np.full(shape, NOT_YET, np.int32)


@dataclass(frozen=True, slots=True)
class Scores:
    """All that a model says of students. θ in logits; of someone without a response the prior's."""

    theta: NDArray[np.float64]  # [S]
    theta_reference: NDArray[np.float64]  # [S]
    theta_reference_sd: NDArray[np.float64]  # [S]
    mastery: NDArray[np.float32]  # [S, K] Head 2: M
    probability: NDArray[np.float32]  # [S, K] Head 1: that the next response on the skill is right
    mastery_reference: NDArray[np.float32]  # [S, K]
    evidence: NDArray[np.int32]  # [S, K] responses on the skill
    last_step: NDArray[np.int32]  # [S, K] place among the student's responses of the last on the skill
    mastered_step: NDArray[np.int32]  # [S, K] … of the first after which M of the skill was MASTERED

    @staticmethod
    def empty(n_students: int, n_skills: int) -> "Scores":
        """Room for so many students, of whom nothing is said yet."""
        shape = (n_students, n_skills)
        theta, reference, sd = (np.full(n_students, np.nan) for _ in range(3))
        mastery, probability, of_reference = (np.full(shape, np.nan, np.float32) for _ in range(3))
        counted = np.zeros(shape, np.int32), not_yet(shape), not_yet(shape)
        return Scores(theta, reference, sd, mastery, probability, of_reference, *counted)

    @staticmethod
    def together(parts: "Sequence[Scores]") -> "Scores":
        """Several students' as one."""
        columns = (field.name for field in fields(Scores))
        return Scores(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))

    def replace(self, students: NDArray[np.int64], others: "Scores") -> None:
        """Write what is said of some students over what stands here."""
        for field in fields(self):
            getattr(self, field.name)[students] = getattr(others, field.name)
