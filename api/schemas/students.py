"""Students on the wire."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, StringConstraints

from api.paths import restore_slashes
from api.schemas.common import PLAIN_TEXT, Links, Shape, UtcTime
from ikt_model.data.columns import LONGEST_NAME

# Longer than a new id may be: students who came with a longer one, earlier, can be read and forgotten.
StudentId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=PLAIN_TEXT),
    BeforeValidator(restore_slashes),
]

STUDENT_EXAMPLE: dict[str, Any] = {
    "student_id": "learner-16894",
    "n_interactions": 17,
    "created_at": "2025-12-01T08:00:00Z",
    "last_interaction_at": "2025-12-07T20:10:37Z",
    "links": {
        "self": "/students/learner-16894",
        "mastery": "/students/learner-16894/mastery",
        "mastery_history": "/students/learner-16894/mastery/history",
        "trajectory": "/students/learner-16894/trajectory",
        "recommendations": "/students/learner-16894/recommendations",
        "export": "/students/learner-16894/export",
    },
}


class StudentRead(Shape):
    """A student, known by the caller's pseudonymous identifier."""

    model_config = ConfigDict(json_schema_extra={"examples": [STUDENT_EXAMPLE]})

    student_id: str
    n_interactions: int
    created_at: UtcTime
    last_interaction_at: UtcTime | None
    links: Links


class StudentPage(Shape):
    """Students, in the order in which they were first seen."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [STUDENT_EXAMPLE], "next_cursor": None}]}
    )

    items: list[StudentRead]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""
