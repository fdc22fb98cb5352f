"""Responses of students on their way in, whichever door they take, and what became of them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from api.schemas.common import FieldProblem, Shape
from api.schemas.mastery import SKILL_EXAMPLE, STATE_EXAMPLE, AbilityRead, SkillMastery
from ikt_model.data.columns import LONGEST_NAME

LONGEST_ID = 128
MOST_INTERACTIONS = 1000
MOST_SKILLS_OF_ITEM = 20
MOST_AHEAD = timedelta(seconds=60)  # clocks differ
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What is checked below in words of its own, for the document.
PLAIN = {"pattern": r"^[^\x00-\x1f\x7f-\x9f]+$"}
UNPADDED = {"pattern": r"^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"}
# Within allOf, so that generators of clients take it for a condition and not for two shapes.
SKILL_OR_SKILLS: dict[str, Any] = {
    "allOf": [
        {
            "oneOf": [
                {"required": ["skill"], "properties": {"skill": {"type": "string"}}},
                {"required": ["skills"], "properties": {"skills": {"type": "array", "items": {}}}},
            ]
        }
    ]
}
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)  # in states it stands for never


def _require_rfc3339(value: Any) -> Any:
    if not isinstance(value, str) or not RFC3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with its offset, like 2025-12-07T20:10:37Z")
    return value


def _require_past(value: datetime) -> datetime:
    if value <= EARLIEST:
        raise ValueError("must lie after the beginning of the year 1970")
    now = datetime.now(UTC)
    if value > now + MOST_AHEAD:
        raise ValueError(f"must not lie in the future; here it is {now:%Y-%m-%dT%H:%M:%SZ}")
    return value


def _require_plain(value: str) -> str:
    if CONTROL.search(value):
        raise ValueError("must not hold line breaks or other control characters; remove them")
    return value


def _require_no_padding(value: str) -> str:
    if value != value.strip():
        raise ValueError("must not begin or end with white space; remove it")
    return value


def _require_answer(value: Any) -> bool:
    if type(value) not in (bool, int) or value not in (0, 1):
        raise ValueError("must be true or false, or 1 or 0")
    return bool(value)


Timestamp = Annotated[AwareDatetime, BeforeValidator(_require_rfc3339), AfterValidator(_require_past)]
Answer = Annotated[
    bool,
    BeforeValidator(_require_answer),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "integer", "enum": [0, 1]}]}),
]

NewStudentId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_ID),
    AfterValidator(_require_plain),
    Field(json_schema_extra=PLAIN),
]
"""A student who may be seen for the first time."""
EventId = Annotated[NewStudentId, AfterValidator(_require_no_padding), Field(json_schema_extra=UNPADDED)]
SkillName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME),
    AfterValidator(_require_plain),
    AfterValidator(_require_no_padding),
    Field(json_schema_extra=UNPADDED),
]

INTERACTION_EXAMPLE: dict[str, Any] = {
    "event_id": "9f0c1a2b-attempt-17",
    "skill": "57",
    "correct": True,
    "item": "i7410",
    "timestamp": "2025-12-07T20:10:37Z",
}
LINE_EXAMPLE = {"student_id": "learner-16894"} | INTERACTION_EXAMPLE


class InteractionCreate(Shape):
    """One response of a student to one item."""

    model_config = ConfigDict(json_schema_extra={"examples": [INTERACTION_EXAMPLE], **SKILL_OR_SKILLS})

    event_id: EventId | None = None
    """The caller's name for this response; sent again, it is counted once. Made up when it is left out."""
    skill: SkillName | None = None
    """The skill that the item needs; give this or `skills`."""
    skills: Annotated[list[SkillName], Field(min_length=1, max_length=MOST_SKILLS_OF_ITEM)] | None = None
    """The skills that the item needs together."""
    correct: Answer
    """Whether the response was right: true or 1, false or 0."""
    item: SkillName | None = None
    """The caller's name for the item; kept, and used for nothing."""
    timestamp: Timestamp | None = None
    """When it happened; default: now. Responses of one moment stand in the order in which they came."""

    @model_validator(mode="after")
    def _one_of_skill_and_skills(self) -> "InteractionCreate":
        if (self.skill is None) == (self.skills is None):
            raise ValueError("give either skill or skills")
        return self

    @property
    def skill_names(self) -> list[str]:
        """Each skill once, in the order given."""
        return list(dict.fromkeys([self.skill] if self.skill is not None else self.skills or []))


class InteractionLine(InteractionCreate):
    """One response of any student: a line of a bulk load."""

    model_config = ConfigDict(json_schema_extra={"examples": [LINE_EXAMPLE], **SKILL_OR_SKILLS})

    student_id: NewStudentId


Interactions = Annotated[
    InteractionCreate | Annotated[list[InteractionCreate], Field(min_length=1, max_length=MOST_INTERACTIONS)],
    # Each response is checked by itself, so that one that is refused need not cost the others.
    SkipValidation,
    Field(
        description=f"One response, or up to {MOST_INTERACTIONS} of them.",
        examples=[INTERACTION_EXAMPLE, [INTERACTION_EXAMPLE]],
    ),
]


class ItemStatus(Shape):
    """What became of one response; members that say nothing are left out."""

    status: Literal["accepted", "duplicate", "refused", "ignored"]
    """`duplicate`: known already, it changed nothing. `ignored`: a statement about something else."""
    event_id: str | None = None
    """The caller's name for it, or the one made up."""
    line: int | None = None
    """Its line in a body of lines, or its place in a list, counted from 1."""
    reason: str | None = None
    """Why it was ignored."""
    errors: list[FieldProblem] | None = None
    """Why it was refused."""


class InteractionsAccepted(Shape):
    """What became of the responses that were sent, and where they leave the student."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "student_id": "learner-16894",
                    "accepted": 1,
                    "duplicates": 0,
                    "refused": 0,
                    "event_ids": ["9f0c1a2b-attempt-17"],
                    "items": None,
                    "state": STATE_EXAMPLE,
                    "skills": [SKILL_EXAMPLE],
                }
            ]
        }
    )

    student_id: str
    accepted: int
    """Responses that are new."""
    duplicates: int
    """Responses that were known already; they changed nothing."""
    refused: int
    """Responses that were not stored; more than 0 only with `partial`."""
    event_ids: list[str | None]
    """The event id of each response, in the order sent; made up where none was given, null where none was and
    the response was refused."""
    items: list[ItemStatus] | None
    """What became of each response, in the order sent; only with `partial`."""
    state: AbilityRead | None
    """The student after these responses; null while no model serves, and when nothing could be stored."""
    skills: list[SkillMastery]
    """Mastery after these responses: of the skills sent, of all, or of none, as `mastery` asks."""


class InteractionsLoaded(Shape):
    """What became of the responses of many students."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "accepted": 99_990,
                    "duplicates": 10,
                    "refused": 0,
                    "n_students": 2_750,
                    "scoring": "deferred",
                    "items": None,
                }
            ]
        }
    )

    accepted: int
    """Responses that are new."""
    duplicates: int
    """Responses that were known already; they changed nothing."""
    refused: int
    """Responses that were not stored; more than 0 only with `partial`."""
    n_students: int
    """Students whose responses were sent."""
    scoring: Literal["deferred", "done", "none"]
    """Whether a worker brings the states up to date, or that is done; `none` while no model serves."""
    items: list[ItemStatus] | None
    """What became of each response, in the order sent; only with `partial`. Reasons of refusal are given for
    the first 10,000 refused ones."""
