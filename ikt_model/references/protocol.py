"""What every reference model offers, so that training never asks which one it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.sequences import Sequences

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ReferenceTargets:
    """Values that Head 2 is aligned to. N responses, S students.

    `mastery_logit[t]` speaks of response t and is made of the responses before it alone;
    `mastery_after_logit[t]` of one more response on the same skills. `theta[t]` is the
    ability after response t. `theta_static` is one ability per student from the whole history: a target for
    learning only, never an input.
    """

    mastery_logit: Floats  # [N] log-odds that response t is right, one step ahead: M^ref = σ of it
    mastery_after_logit: Floats  # [N] the same for what was practised at t, once its response is known
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

    @property
    def slopes(self) -> NDArray[np.float64]:
        """What the readable evidence on skill k is worth for its mastery [K, QUERY_FEATURES], in logits per
        unit; zeros for a reference that reads no such evidence.
        """
        ...

    @property
    def decay(self) -> float:
        """How fast the evidence fades that `slopes` are about: the weight left to an attempt by each later
        one at the same skill.
        """
        ...

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """Mastery and abilities of these students under the fitted parameters, each from the past alone."""
        ...

    def mastery_logits(self, sequences: Sequences) -> NDArray[np.float64]:
        """Log-odds of a right next response on every single skill, after each student's whole history
        [S, K]: what `targets` would say of one more step.
        """
        ...

    @property
    def quality(self) -> Mapping[str, float]:
        """How well it predicts the training students one step ahead: `quality.ReferenceQuality.figures`."""
        ...

    @property
    def title(self) -> str:
        """The name, and how it was fitted where there are several ways."""
        ...

    def doubts(self) -> list[str]:
        """What of the fit is not to be trusted, one sentence each."""
        ...

    def summary(self) -> dict[str, float]:
        """The fit in a few named figures."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """All parameters as plain JSON values."""
        ...
