"""Ability and mastery as callers see them: plain dicts, which `write_json` writes faster than models.

`api/schemas/mastery.py` documents them, and a test holds both together. K skills, by position.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from api.services.intervals import NEAREST, ability_band, mastery_intervals
from api.serving import ServingModel
from ikt_model.levels import LEVELS, level_of

NEVER = np.iinfo(np.int64).min  # NaT: what a time becomes that is not one
LEVELS_READ = [{"name": name, "least": least} for name, least in LEVELS]
_NAMES_OF_LEVELS = np.array([name for name, _ in LEVELS], object)


class State(Protocol):
    """A student as a model sees them after `n_interactions` responses."""

    @property
    def theta(self) -> float: ...
    @property
    def theta_reference(self) -> float: ...
    @property
    def theta_reference_sd(self) -> float: ...
    @property
    def n_interactions(self) -> int: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def mastery(self) -> NDArray[np.float32]: ...
    @property
    def probability(self) -> NDArray[np.float32]: ...
    @property
    def mastery_reference(self) -> NDArray[np.float32]: ...
    @property
    def evidence(self) -> NDArray[np.int32]: ...
    @property
    def last_practised(self) -> NDArray[np.int64]: ...
    @property
    def mastered_at(self) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """State of a student of whom the model has seen nothing: what it says of anybody."""

    theta_reference_sd: float
    as_of: datetime
    mastery: NDArray[np.float32]
    probability: NDArray[np.float32]
    mastery_reference: NDArray[np.float32]
    evidence: NDArray[np.int32]
    last_practised: NDArray[np.int64]
    mastered_at: NDArray[np.int64]
    theta: float = 0.0
    theta_reference: float = 0.0
    n_interactions: int = 0


def nobody(model: ServingModel, *, as_of: datetime) -> Nobody:
    """The model's prior, for a student who was never scored."""
    never = np.zeros(len(model.names), np.int64)
    return Nobody(
        theta_reference_sd=model.ability_sd,
        as_of=as_of,
        mastery=model.prior_mastery,
        probability=model.prior_probability,
        mastery_reference=model.prior_mastery_reference,
        evidence=never.astype(np.int32),
        last_practised=never,
        mastered_at=never,
    )


def present_ability(state: State, model: ServingModel, *, n_interactions: int) -> dict[str, Any]:
    """Where a student stands, of whom `n_interactions` responses are known."""
    low, high = ability_band(state.theta, state.theta_reference_sd)
    return {
        "model": _constants(model).reference,
        "as_of": state.as_of,
        "n_interactions": state.n_interactions,
        "n_pending": max(0, n_interactions - state.n_interactions),
        "theta": state.theta,
        "theta_low": low,
        "theta_high": high,
        "theta_reference": state.theta_reference,
        "theta_reference_sd": state.theta_reference_sd,
    }


def present_skills(
    state: State, model: ServingModel, positions: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """Mastery of the skills at these positions, in that order; of all by position when None."""
    known = _constants(model)
    chosen = slice(None) if positions is None else np.asarray(positions, np.int64)
    mastery = state.mastery[chosen].astype(np.float64)
    low, high = mastery_intervals(
        mastery, theta_sd=state.theta_reference_sd, difficulty_se=model.difficulty_se[chosen]
    )
    part = _skill_part(mastery, theta=state.theta, difficulty=model.difficulty[chosen])
    columns = (
        known.names if positions is None else [known.names[at] for at in positions],
        mastery.tolist(),
        low.tolist(),
        high.tolist(),
        name_levels(mastery),
        to_times(state.mastered_at[chosen]),
        state.probability[chosen].tolist(),
        state.mastery_reference[chosen].tolist(),
        known.difficulty if positions is None else [known.difficulty[at] for at in positions],
        known.errors if positions is None else [known.errors[at] for at in positions],
        part.tolist(),
        state.evidence[chosen].tolist(),
        to_times(state.last_practised[chosen]),
    )
    return [
        {
            "skill": skill,
            "mastery": middle,
            "mastery_low": least,
            "mastery_high": most,
            "level": level,
            "mastered_at": mastered_at,
            "probability_correct": probability,
            "reference_mastery": reference,
            "difficulty": difficulty,
            "difficulty_standard_error": error,
            "skill_part": skill_part,
            "evidence": evidence,
            "last_practised": last_practised,
        }
        for (
            skill,
            middle,
            least,
            most,
            level,
            mastered_at,
            probability,
            reference,
            difficulty,
            error,
            skill_part,
            evidence,
            last_practised,
        ) in zip(*columns, strict=True)
    ]


def name_levels(mastery: NDArray[np.floating]) -> list[str | None]:
    """The level of each mastery; None where there is none."""
    names = _NAMES_OF_LEVELS[level_of(mastery)]
    names[np.isnan(mastery)] = None
    return list(names)


def to_times(microseconds: NDArray[np.int64]) -> list[datetime | None]:
    """Times in UTC without a zone, from µs since 1970; None for 0."""
    times: list[datetime | None] = np.where(microseconds == 0, NEVER, microseconds).view("M8[us]").tolist()
    return times


@dataclass(frozen=True, slots=True)
class _Constants:
    """What every answer of one model has in common."""

    reference: dict[str, Any]
    names: list[str]
    difficulty: list[float]
    errors: list[float]


# Models are hashed by identity, and the one that serves is described once.
@lru_cache(maxsize=4)
def _constants(model: ServingModel) -> _Constants:
    return _Constants(
        reference=model.reference.model_dump(mode="json"),
        names=list(model.names),
        difficulty=model.difficulty.tolist(),
        errors=model.difficulty_se.tolist(),
    )


def _skill_part(
    mastery: NDArray[np.float64], *, theta: float, difficulty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """s = logit(M) − θ + β [K]; exactly 0 where it is no more than the rounding of M to single precision."""
    inside = np.clip(mastery, NEAREST, 1 - NEAREST)
    part = logit(inside) - theta + difficulty
    rounding = 4 * NEAREST / (inside * (1 - inside))
    return np.where(np.abs(part) <= rounding, 0.0, part)
