"""What to practise next, on the wire."""

from typing import Any, Literal

from pydantic import ConfigDict

from api.schemas.common import Number, Shape, UtcTime
from api.schemas.models import MODEL_REFERENCE_EXAMPLE, ModelReference

Aim = Literal["learning", "information"]

RECOMMENDATION_EXAMPLE: dict[str, Any] = {
    "skill": "57",
    "value": 0.012,
    "reason": "Right with probability 0.73: then mastery is 0.74, else 0.61; now it is 0.69, so one response "
    "is expected to add 0.012.",
    "mastery": 0.69,
    "level": "developing",
    "probability_correct": 0.73,
    "mastery_if_right": 0.74,
    "mastery_if_wrong": 0.61,
    "evidence": 5,
    "last_practised": "2025-12-07T20:10:37Z",
}


class Recommendation(Shape):
    """One skill, and why."""

    model_config = ConfigDict(json_schema_extra={"examples": [RECOMMENDATION_EXAMPLE]})

    skill: str
    value: Number
    """What the list is ordered by. `learning`: p · M(if right) + (1 − p) · M(if wrong) − M, where p is
    `probability_correct` and M the mastery. `information`: M · (1 − M), the Fisher information about the
    ability in one response."""
    reason: str
    """The same in words."""
    mastery: Number
    level: str | None
    probability_correct: Number
    mastery_if_right: Number
    """After one more response that is right; null by `information`, which does not ask."""
    mastery_if_wrong: Number
    evidence: int
    """Responses of this student on this skill."""
    last_practised: UtcTime | None


class RecommendationsRead(Shape):
    """Skills to practise next, the most worthwhile first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "student_id": "learner-16894",
                    "model": MODEL_REFERENCE_EXAMPLE,
                    "n_interactions": 17,
                    "by": "learning",
                    "n_mastered": 12,
                    "items": [RECOMMENDATION_EXAMPLE],
                }
            ]
        }
    )

    student_id: str
    model: ModelReference
    n_interactions: int
    """Responses that are included."""
    by: Aim
    n_mastered: int
    """Skills that are mastered; `learning` leaves them out."""
    items: list[Recommendation]
