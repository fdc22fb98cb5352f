"""What every reference model offers, so that training never asks which one it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally

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


Memory = dict[str, NDArray[Any]]
"""What a reference keeps of each student's history to go on from there, arrays of [S, ...] by name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where each of S students stands after their whole history."""

    theta: NDArray[np.float64]  # [S] ability, logits; 0 without a response
    theta_sd: NDArray[np.float64]  # [S] posterior standard deviation, logits
    mastery_logit: NDArray[np.float64]  # [S, K] log-odds of a right next response on every single skill


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

    def remember(self, sequences: Sequences) -> Memory:
        """What is kept of these histories."""
        ...

    def add(self, memory: Memory, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> Memory:
        """What is kept after one more step of each student: the skills it practises [S, K], the response
        [S].
        """
        ...

    def standing(self, memory: Memory, tally: Tally) -> Standing:
        """What `targets` would say of one more step on every skill; `tally` is of the same histories."""
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
