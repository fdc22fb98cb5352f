"""What every reference model offers, so that training never asks which one it has."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.sequences import Sequences

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ReferenceTargets:
    """Values that Head 2 is aligned to. N responses, S students.

    `theta[t]` is the ability after response t; beside the difficulty of the next step it gives M^ref one step
    ahead, which therefore never depends on the response that it speaks of. `theta_static` is one ability per
    student from the whole history: a target for learning only, never an input.
    """

    theta: Floats  # [N] logits
    theta_sd: Floats  # [N] posterior standard deviation, logits
    theta_static: Floats  # [S] logits


class Calibration(Protocol):
    """A fitted reference model."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def difficulty(self) -> NDArray[np.float64]:
        """β in logits [K]."""
        ...

    @property
    def difficulty_se(self) -> NDArray[np.float64]:
        """Standard error of β [K]; infinite for a skill nobody practised."""
        ...

    @property
    def ability_sd(self) -> float:
        """Spread of ability among the training students, logits: what is known of someone new."""
        ...

    @property
    def responses_per_skill(self) -> NDArray[np.int64]:
        """How many responses each difficulty rests on [K]."""
        ...

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """Abilities of these students under the fitted parameters, each from the past alone."""
        ...

    def summary(self) -> dict[str, float]:
        """The fit in a few named figures."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """All parameters as plain JSON values."""
        ...
