"""xAPI statements (IEEE 9274.1.1) on the wire, as far as they are read here."""

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation

from api.schemas.common import Counts, Shape
from api.schemas.interactions import MOST_INTERACTIONS, Answer, InteractionLine, ItemStatus, NewStudentId

ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
ATTEMPTED = "http://adlnet.gov/expapi/verbs/attempted"
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
STATEMENT_ID = "12345678-1234-5678-8234-567812345678"
STATEMENT_EXAMPLE: dict[str, Any] = {
    "id": STATEMENT_ID,
    "actor": {"account": {"homePage": "https://school.example", "name": "learner-16894"}},
    "verb": {"id": ANSWERED},
    "object": {"id": "https://school.example/items/i7410"},
    "result": {"success": True},
    "context": {"contextActivities": {"category": [{"id": "https://school.example/skills/57"}]}},
    "timestamp": "2025-12-07T20:10:37Z",
}


class _Read(BaseModel):
    """Part of a statement; whatever else it holds is nobody's business here."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Account(_Read):
    """An account of a learner."""

    name: NewStudentId
    """The caller's pseudonymous id of the student."""
    homePage: str | None = None
    """The system that the account is of. Statements about systems that the service does not follow are
    ignored; accounts of one name on those that it follows are one student."""


class Actor(_Read):
    """Who did it; agents without an account are not followed."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    account: Account | None = None


class Verb(_Read):
    """What the actor did."""

    id: Annotated[str, Field(min_length=1)]
    """An IRI."""


class Object(_Read):
    """What it was done to; only activities are followed."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    id: str | None = None
    """An IRI."""


class Activity(_Read):
    """What another one belongs to."""

    id: str
    """An IRI."""


class Result(_Read):
    """How it ended."""

    success: Answer | None = None
    """Whether the response was right."""


class ContextActivities(_Read):
    """What the activity belongs to."""

    category: list[Activity] | Activity | None = None
    parent: list[Activity] | Activity | None = None


class Context(_Read):
    """Where it happened."""

    contextActivities: ContextActivities | None = None


class Statement(_Read):
    """A learner answered or attempted an item."""

    model_config = ConfigDict(json_schema_extra={"examples": [STATEMENT_EXAMPLE]})

    id: UUID | None = None
    """The statement's own id; sent again, in whatever case, it is counted once. Made up if left out."""
    actor: Actor
    verb: Verb
    object: Object
    result: Result | None = None
    context: Context | None = None
    timestamp: Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None = None
    """RFC 3339; default: now."""


Statements = Annotated[
    Statement | Annotated[list[Statement], Field(min_length=1, max_length=MOST_INTERACTIONS)],
    SkipValidation,
    Field(
        description=f"One statement, or up to {MOST_INTERACTIONS} of them.",
        examples=[STATEMENT_EXAMPLE, [STATEMENT_EXAMPLE]],
    ),
]


def _require_uuid(value: Any) -> Any:
    """In lower case: the letters of a UUID are the same in both."""
    if value is None:
        return None
    if not isinstance(value, str) or not UUID_TEXT.fullmatch(value.lower()):
        raise ValueError("must be a UUID, like 12345678-1234-5678-8234-567812345678")
    return value.lower()


class StatementLine(InteractionLine):
    """A statement as a response."""

    event_id: Annotated[str | None, BeforeValidator(_require_uuid)] = None


class StatementsAccepted(Shape):
    """What became of the statements that were sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ids": [STATEMENT_ID],
                    "accepted": 1,
                    "duplicates": 0,
                    "ignored": 0,
                    "refused": 0,
                    "reasons": {},
                    "items": None,
                }
            ]
        }
    )

    ids: list[str | None]
    """The id of each statement, in the order sent and in lower case; made up where none was given."""
    accepted: int
    """Responses that are new."""
    duplicates: int
    """Responses that were known already; they changed nothing."""
    ignored: int
    """Statements about something else; nothing of them is kept."""
    refused: int
    """Responses that were not stored; more than 0 only with `partial`."""
    reasons: Counts
    """Why statements were ignored, and how many for that reason."""
    items: list[ItemStatus] | None
    """What became of each statement, in the order sent; only with `partial`."""
