"""Performance factors analysis on top of a Rasch ability (Pavlik, Cen & Koedinger 2009, AIED, 531-538).

M = σ(θ_t + form_t + s_{k,t} − β_k). θ_t is a times the Rasch posterior mean of all responses so far; form_t
is c·(r_t − ½), the last response's passing effect; s_{k,t} = (γ + γ_k)·e_{k,t} weighs the evidence on skill
k so far. Of a step with several skills everything that belongs to a skill is the mean over its skills. The
penalised likelihood is strictly convex, so the fit (`pfa_fit.py`) has one answer; Newton's method finds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.features import QUERY_FEATURES, evidence
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.references.abilities import last_of, one_step_behind
from ikt_model.references.counts import set_design
from ikt_model.references.plain import from_plain, spread_of, to_plain
from ikt_model.references.protocol import Memory, ReferenceTargets, Standing
from ikt_model.references.rasch import RaschCalibration

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

EVIDENCE = (2, 3, 4)  # of QUERY_NAMES: decayed right, decayed wrong, recency
EVIDENCE_NAMES = ("recent_right", "recent_wrong", "recency")
SHARED_NAMES = ("ability_weight", "form_weight", *(f"slope_{name}" for name in EVIDENCE_NAMES))


@dataclass(frozen=True, slots=True)
class PfaCalibration:
    """Fitted parameters; see `protocol.Calibration`. K skills, E kinds of evidence."""

    difficulty: Floats  # [K] β
    difficulty_se: Floats  # [K] infinite where nobody practised
    ability_weight: float  # a, logits of mastery per logit of the Rasch ability
    form_weight: float  # c, logits
    common_slopes: Floats  # [E] γ, logits per unit of EVIDENCE_NAMES
    skill_slopes: Floats  # [K, E] γ_k, how far each skill's slopes stray from the common ones
    slopes_se: Floats  # [K, E] of γ + γ_k
    standard_errors: dict[str, float]  # of a, c and γ, by name
    log_likelihood: float
    iterations: int
    decay: float
    rasch: RaschCalibration  # where θ comes from
    quality: Mapping[str, float] = field(default_factory=dict)
    name: str = "pfa"
    version: int = 3  # since the Rasch fit below has its second

    @property
    def ability_sd(self) -> float:
        """Spread of θ among the training students, logits."""
        return self.ability_weight * self.rasch.ability_sd

    @property
    def responses_per_skill(self) -> NDArray[np.int64]:
        """How many responses each difficulty rests on [K]."""
        return self.rasch.responses_per_skill

    @property
    def slopes(self) -> Floats:
        """γ + γ_k under the columns of QUERY_NAMES [K, QUERY_FEATURES]."""
        slopes = np.zeros((len(self.difficulty), QUERY_FEATURES))
        slopes[:, EVIDENCE] = self.common_slopes + self.skill_slopes
        return slopes

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """Mastery one step ahead, and the weighted Rasch ability after every response."""
        rasch = self.rasch.targets(sequences)
        theta = (self.ability_weight * rasch.theta).astype(np.float32)
        sets = sequences.skill_sets
        design = set_design(sequences.vocabulary)
        known = evidence(sequences, decay=self.decay)
        slopes, difficulty = (design @ self.slopes)[sets], (design @ self.difficulty)[sets]

        def mastery(ability: Singles, form: Floats, read: Singles) -> Singles:
            logit = ability + self.form_weight * form + (slopes * read).sum(axis=1) - difficulty
            return np.asarray(logit, np.float32)

        return ReferenceTargets(
            mastery_logit=mastery(one_step_behind(theta, sequences.offsets), form_of(sequences), known.query),
            mastery_after_logit=mastery(
                theta, sequences.responses.astype(np.float64) - 0.5, known.asked_again
            ),
            theta=theta,
            theta_sd=(self.ability_weight * rasch.theta_sd).astype(np.float32),
            theta_static=(self.ability_weight * rasch.theta_static).astype(np.float32),
        )

    def remember(self, sequences: Sequences) -> Memory:
        """What the Rasch ability needs, and the last response's form [S]."""
        form = last_of(sequences.responses.astype(np.float32) - 0.5, sequences.offsets)
        return {**self.rasch.remember(sequences), "form": form.astype(np.float64)}

    def add(self, memory: Memory, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> Memory:
        """One more step of each student."""
        return {**self.rasch.add(memory, practised, responses), "form": responses - 0.5}

    def standing(self, memory: Memory, tally: Tally) -> Standing:
        """θ_t + form_t + s_{k,t} − β_k of every skill, and the weighted Rasch ability."""
        rasch = self.rasch.standing(memory, tally)
        theta = self.ability_weight * rasch.theta
        of_skill = (self.slopes[:, EVIDENCE] * tally.query[:, :, EVIDENCE]).sum(axis=2) - self.difficulty
        return Standing(
            theta=theta,
            theta_sd=self.ability_weight * rasch.theta_sd,
            mastery_logit=(theta + self.form_weight * memory["form"])[:, None] + of_skill,
        )

    @property
    def title(self) -> str:
        """The name: there is one way to fit it."""
        return repr(self.name)

    def doubts(self) -> list[str]:
        """None beyond those that `quality.assess` has of any reference."""
        return []

    def summary(self) -> dict[str, float]:
        """Location and spread of the parameters."""
        shared = (self.ability_weight, self.form_weight, *self.common_slopes.tolist())
        strays = self.skill_slopes.std(axis=0).tolist()
        return {
            **spread_of("beta", self.difficulty),
            "ability_sd": self.ability_sd,
            **dict(zip(SHARED_NAMES, shared, strict=True)),
            **{f"{name}_se": error for name, error in self.standard_errors.items()},
            **{f"slope_{name}_std": stray for name, stray in zip(EVIDENCE_NAMES, strays, strict=True)},
            "log_likelihood": self.log_likelihood,
            "iterations": float(self.iterations),
            "n_students": float(self.rasch.n_students),
            "n_responses": float(self.rasch.n_responses),
            **self.quality,
        }

    def to_dict(self) -> dict[str, Any]:
        """All parameters as plain JSON values."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "PfaCalibration":
        """The inverse of `to_dict`."""
        return from_plain(cls, stored)


def form_of(sequences: Sequences) -> Floats:
    """r_{t−1} − ½ at every step [N]; 0 at a student's first."""
    return one_step_behind(sequences.responses.astype(np.float32) - 0.5, sequences.offsets).astype(np.float64)
