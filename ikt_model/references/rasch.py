"""Rasch model: P(r = 1 | θ, β) = σ(θ − β), one ability per student, one difficulty per skill.

A step that practises several skills has the mean of their difficulties. Difficulties come from `marginal.py`
or `joint.py`, abilities from `abilities.py`. With the marginal fit θ ~ N(0, σ²), and a posterior mean is
finite after an all-right or all-wrong history, which a maximum-likelihood ability is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.features import DECAY, QUERY_FEATURES
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.references.abilities import (
    answer_log_likelihood,
    expected_right,
    last_of,
    likeliest,
    likeliest_grid,
    likeliest_of,
    one_step_behind,
    posterior_grid,
    posterior_means,
    posterior_of,
    prior_of,
    total_by_student,
)
from ikt_model.references.counts import Counts, set_design
from ikt_model.references.joint import fit_joint
from ikt_model.references.marginal import fit_marginal
from ikt_model.references.plain import from_plain, spread_of, to_plain
from ikt_model.references.protocol import Memory, ReferenceTargets, Standing
from ikt_model.settings import RaschSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RaschCalibration:
    """Fitted Rasch parameters; see `protocol.Calibration`."""

    difficulty: Floats  # [K]
    difficulty_se: Floats  # [K]
    ability_sd: float
    log_likelihood: float  # of the training students: marginal, or joint where the fit is
    iterations: int
    n_students: int
    n_responses: int
    responses_per_skill: NDArray[np.int64]  # [K]
    grid_points: int = 81
    estimation: Literal["marginal", "joint"] = "marginal"  # of the difficulties
    ability: Literal["posterior-mean", "maximum-likelihood"] = "posterior-mean"
    quality: Mapping[str, float] = field(default_factory=dict)
    name: str = "rasch"
    version: int = 2  # since EM goes on until it stands

    def targets(self, sequences: Sequences) -> ReferenceTargets:
        """Ability after every response with its standard deviation or error, and θ − β one step ahead."""
        set_difficulty = set_design(sequences.vocabulary) @ self.difficulty
        if self.ability == "posterior-mean":
            theta, theta_sd = posterior_means(
                sequences,
                set_difficulty=set_difficulty,
                ability_sd=self.ability_sd,
                grid=posterior_grid(self.grid_points),
            )
        else:
            theta, theta_sd = likeliest(sequences, set_difficulty=set_difficulty)
        difficulty = set_difficulty[sequences.skill_sets].astype(np.float32)
        return ReferenceTargets(
            mastery_logit=one_step_behind(theta, sequences.offsets) - difficulty,
            mastery_after_logit=theta - difficulty,
            theta=theta,
            theta_sd=theta_sd,
            theta_static=last_of(theta, sequences.offsets),
        )

    @property
    def decay(self) -> float:
        """The usual one: the network's evidence has to fade somehow."""
        return DECAY

    @property
    def slopes(self) -> Floats:
        """None: the Rasch model reads no evidence on single skills."""
        return np.zeros((len(self.difficulty), QUERY_FEATURES))

    def remember(self, sequences: Sequences) -> Memory:
        """Summed log-likelihoods on the grid [S, G]; for likeliest abilities summed chances of being right,
        and right answers.
        """
        difficulty, sets = set_design(sequences.vocabulary) @ self.difficulty, sequences.skill_sets
        if self.ability == "posterior-mean":
            table = answer_log_likelihood(difficulty, posterior_grid(self.grid_points))
            rows = sequences.responses * np.int64(len(difficulty)) + sets
            return {"summed": total_by_student(sequences, table.reshape(-1, self.grid_points), rows)}
        table = expected_right(difficulty, likeliest_grid(self.difficulty))
        owner = sequences.student_of_step()
        right = np.bincount(owner, weights=sequences.responses, minlength=sequences.n_students)
        return {
            "summed": total_by_student(sequences, table, sets.astype(np.int64)),
            "right": right.astype(np.int64),
        }

    def add(self, memory: Memory, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> Memory:
        """One more step of each student."""
        difficulty = (practised @ self.difficulty) / practised.sum(axis=1)
        if self.ability == "posterior-mean":
            grid, _ = prior_of(self.grid_points, self.ability_sd)
            of_answer = answer_log_likelihood(difficulty, grid)
            return {"summed": memory["summed"] + of_answer[responses, np.arange(len(responses))]}
        chance = expected_right(difficulty, likeliest_grid(self.difficulty))
        return {"summed": memory["summed"] + chance, "right": memory["right"] + responses}

    def standing(self, memory: Memory, tally: Tally) -> Standing:
        """θ, and θ − β of every skill."""
        theta, theta_sd = np.zeros(len(tally.lengths)), np.full(len(tally.lengths), self.ability_sd)
        began = tally.lengths > 0
        theta[began], theta_sd[began] = self._ability(
            {name: kept[began] for name, kept in memory.items()}, tally.lengths[began]
        )
        return Standing(theta, theta_sd, theta[:, None] - self.difficulty)

    def _ability(self, memory: Memory, tried: NDArray[np.int64]) -> tuple[Floats, Floats]:
        if self.ability == "posterior-mean":
            grid, prior = prior_of(self.grid_points, self.ability_sd)
            return posterior_of(memory["summed"], grid=grid, prior=prior)
        return likeliest_of(
            memory["summed"],
            right=memory["right"],
            tried=tried.astype(np.float64),
            grid=likeliest_grid(self.difficulty),
        )

    def doubts(self) -> list[str]:
        """None beyond those that `quality.assess` has of any reference."""
        return []

    @property
    def title(self) -> str:
        """The name, and how it was fitted."""
        return f"{self.name!r} ({self.estimation}, {self.ability})"

    def summary(self) -> dict[str, float]:
        """Location and spread of the parameters, and how well they predict the training students."""
        return {
            **spread_of("beta", self.difficulty),
            "ability_sd": self.ability_sd,
            "log_likelihood": self.log_likelihood,
            "iterations": float(self.iterations),
            "n_students": float(self.n_students),
            "n_responses": float(self.n_responses),
            **self.quality,
        }

    def to_dict(self) -> dict[str, Any]:
        """All parameters as plain JSON values."""
        return to_plain(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "RaschCalibration":
        """The inverse of `to_dict`."""
        return from_plain(cls, stored)


def fit_rasch(sequences: Sequences, *, settings: RaschSettings) -> RaschCalibration:
    """Fit difficulties and the spread of abilities to these (training) students.

    Raises NothingToCalibrate.
    """
    return fit_rasch_to_counts(Counts.of(sequences), settings=settings)


def fit_rasch_to_counts(counts: Counts, *, settings: RaschSettings) -> RaschCalibration:
    """The same from what is sufficient of their responses. Raises NothingToCalibrate."""
    counts.refuse_none()
    fit = (
        fit_marginal(counts, grid_points=settings.grid_points, em_iterations=settings.em_iterations)
        if settings.difficulty == "marginal"
        else fit_joint(counts, iterations=settings.em_iterations)
    )
    return RaschCalibration(
        difficulty=fit.difficulty,
        difficulty_se=fit.difficulty_se,
        ability_sd=fit.ability_sd,
        log_likelihood=fit.log_likelihood,
        iterations=fit.iterations,
        n_students=counts.n_students,
        n_responses=counts.n_responses,
        responses_per_skill=counts.per_skill,
        grid_points=settings.grid_points,
        estimation=settings.difficulty,
        ability=settings.ability,
    )
