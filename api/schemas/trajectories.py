"""A student's way, step by step, on the wire."""

from typing import Any

from pydantic import ConfigDict

from api.schemas.common import Number, Shape, UtcTime
from api.schemas.models import MODEL_REFERENCE_EXAMPLE, ModelReference

STEP_EXAMPLE: dict[str, Any] = {
    "position": 16,
    "event_id": "9f0c1a2b-attempt-17",
    "timestamp": "2025-12-07T20:10:37Z",
    "skills": ["57"],
    "correct": True,
    "known": True,
    "theta": 0.31,
    "theta_low": -0.38,
    "theta_high": 1.0,
    "theta_reference": 0.29,
    "theta_reference_sd": 0.42,
    "probability": 0.71,
    "mastery": 0.69,
}
STEPS_CSV = ",".join(STEP_EXAMPLE) + "\n16,9f0c1a2b-attempt-17,2025-12-07 20:10:37.000000Z,57,true,true,"
STEPS_CSV += "0.31,-0.38,1.0,0.29,0.42,0.71,0.69\n"


class Step(Shape):
    """One response, and where it left the student."""

    position: int
    """Counted from 0, in the order in which the responses happened."""
    event_id: str
    timestamp: UtcTime
    skills: list[str]
    correct: bool
    known: bool
    """Whether the model knows one of the skills; where it does not, the values are null."""
    theta: Number
    """θ_t: ability in logits after this response (it includes `correct` of this step)."""
    theta_low: Number
    """Where the 90 % band θ ± 1.645 · `theta_reference_sd` begins: how unsure the reference is of an ability,
    not what the network may be wrong about."""
    theta_high: Number
    """Where that band ends."""
    theta_reference: Number
    """The reference model's ability after this response."""
    theta_reference_sd: Number
    probability: Number
    """The chance of a right answer, predicted before this response was seen. Null for the first one."""
    mastery: Number
    """M of this step's skills, before this response was seen. Null for the first one."""


class TrajectoryRead(Shape):
    """A student's way, step by step."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "student_id": "learner-16894",
                    "model": MODEL_REFERENCE_EXAMPLE,
                    "n_interactions": 17,
                    "items": [STEP_EXAMPLE],
                    "next_cursor": None,
                }
            ]
        }
    )

    student_id: str
    model: ModelReference
    n_interactions: int
    items: list[Step]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one, and with `points`."""
