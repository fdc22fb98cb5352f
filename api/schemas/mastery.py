"""Ability and mastery of a student, on the wire."""

from typing import Any

from pydantic import ConfigDict

from api.schemas.common import Number, Shape, UtcTime
from api.schemas.models import MODEL_REFERENCE_EXAMPLE, ModelReference
from ikt_model.levels import LEVELS

STATE_EXAMPLE: dict[str, Any] = {
    "model": MODEL_REFERENCE_EXAMPLE,
    "as_of": "2025-12-07T20:10:37Z",
    "n_interactions": 17,
    "n_pending": 0,
    "theta": 0.31,
    "theta_low": -0.38,
    "theta_high": 1.0,
    "theta_reference": 0.29,
    "theta_reference_sd": 0.42,
}
SKILL_EXAMPLE: dict[str, Any] = {
    "skill": "57",
    "mastery": 0.71,
    "mastery_low": 0.55,
    "mastery_high": 0.83,
    "level": "proficient",
    "mastered_at": None,
    "probability_correct": 0.73,
    "reference_mastery": 0.68,
    "difficulty": -0.49,
    "difficulty_standard_error": 0.04,
    "skill_part": 0.1,
    "evidence": 5,
    "last_practised": "2025-12-07T20:10:37Z",
}
HISTORY_EXAMPLE: dict[str, Any] = {
    "student_id": "learner-16894",
    "model": MODEL_REFERENCE_EXAMPLE,
    "n_interactions": 17,
    "positions": [0, 8, 16],
    "timestamps": ["2025-12-01T08:00:00Z", "2025-12-04T09:12:05Z", "2025-12-07T20:10:37Z"],
    "skills": [{"skill": "57", "evidence": 5, "mastery": [0.61, 0.66, 0.69]}],
}


class AbilityRead(Shape):
    """Where a student stands after their last response."""

    model_config = ConfigDict(json_schema_extra={"examples": [STATE_EXAMPLE]})

    model: ModelReference
    as_of: UtcTime
    """Time of the last response that is included."""
    n_interactions: int
    """Responses of the student that are included."""
    n_pending: int
    """Responses that are known but not included yet: they came in bulk and wait to be scored."""
    theta: Number
    """Ability θ in logits, after the last response, as the model estimates it."""
    theta_low: Number
    """Where the 90 % band θ ± 1.645 · `theta_reference_sd` begins. It holds how unsure the reference is of an
    ability after so many responses, not what the network may be wrong about."""
    theta_high: Number
    """Where that band ends."""
    theta_reference: Number
    """The same by the reference model, whose ability is Rasch-like whatever its mastery is made of."""
    theta_reference_sd: Number
    """Standard deviation (or error) of `theta_reference`: how sure the reference is."""


class Level(Shape):
    """A word for mastery."""

    name: str
    least: float
    """The least mastery that belongs to it."""


class SkillMastery(Shape):
    """How well a student masters one skill."""

    model_config = ConfigDict(json_schema_extra={"examples": [SKILL_EXAMPLE]})

    skill: str
    mastery: Number
    """M: the share of such items that the model's interpretable half expects to be right, σ(θ − β + s)."""
    mastery_low: Number
    """Where the 90 % interval around `mastery` begins: in logits ± 1.645 · √(`theta_reference_sd`² +
    `difficulty_standard_error`²). It holds how unsure the reference is of ability and difficulty, not what
    the network may be wrong about, and no error of s. 0 to 1 where nobody practised the skill in training."""
    mastery_high: Number
    """Where that interval ends."""
    level: str | None
    """The last of `levels` that begins at or below `mastery`."""
    mastered_at: UtcTime | None
    """Time of the response on this skill after which `mastery` first reached 0.85; it stays when mastery
    falls again. Null while that never happened."""
    probability_correct: Number
    """The model's prediction for the next response on this skill, from the whole history."""
    reference_mastery: Number
    """The same by the reference model: σ(θ − β) for `rasch`; `pfa` and `bkt` know more of the skill."""
    difficulty: Number
    """β in logits."""
    difficulty_standard_error: Number
    """Null where nobody practised the skill in training."""
    skill_part: Number
    """s = logit M − θ + β: what is known of this skill beyond ability and difficulty. 0 where `model.mastery`
    is `scalar`."""
    evidence: int
    """Responses of this student on this skill."""
    last_practised: UtcTime | None


class MasteryRead(AbilityRead):
    """What a student masters now, skill by skill."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"student_id": "learner-16894"}
                | STATE_EXAMPLE
                | {"levels": [{"name": name, "least": least} for name, least in LEVELS]}
                | {"skills": [SKILL_EXAMPLE]}
            ]
        }
    )

    student_id: str
    levels: list[Level]
    """The levels, lowest first, and where each begins."""
    skills: list[SkillMastery]
    """In the order asked; else as the model knows them."""


class SkillHistory(Shape):
    """How the mastery of one skill moved."""

    skill: str
    evidence: int
    """Responses of this student on this skill, in all."""
    mastery: list[Number]
    """M after each of the `positions`, also of responses on other skills."""


class MasteryHistoryRead(Shape):
    """Mastery of skills over a student's way, at some moments of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [HISTORY_EXAMPLE]})

    student_id: str
    model: ModelReference
    n_interactions: int
    positions: list[int]
    """Steps of the trajectory after which mastery is told, evenly spread; the last one is the present."""
    timestamps: list[UtcTime]
    """When those responses happened."""
    skills: list[SkillHistory]
    """In the order asked; else the most practised first."""
