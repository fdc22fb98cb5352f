"""Types and shapes that several resources share."""

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from typing_extensions import TypeAliasType

from ikt_model.data.columns import LONGEST_NAME


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


UtcTime = Annotated[
    AwareDatetime,
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339, in UTC, ending in Z."""

Number = Annotated[float | None, BeforeValidator(_finite)]
"""A number; null where it does not exist (NaN is never written)."""


def _without_padding(value: str) -> str:
    if value != value.strip():
        raise ValueError("must not begin or end with white space")
    return value


# Control characters have no place in names, and PostgreSQL stores no NUL.
MOST_MEMBERS = 100  # of an object; none that is taken has as many
PLAIN_TEXT = r"^[^\x00-\x1f\x7f]+$"
UNPADDED_TEXT = r"^[^\s\x00-\x1f\x7f\x85]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f\x85])?$"

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=PLAIN_TEXT),
    AfterValidator(_without_padding),
    Field(json_schema_extra={"pattern": UNPADDED_TEXT}),
]
"""Text for people: one line, as long as the names of a dataset may be."""

# Aliases with a name of their own are shapes of their own in the document, and classes of its clients.
Metrics = TypeAliasType(
    "Metrics",
    Annotated[
        dict[str, Number], Field(description="Measured values by name; null where a value does not exist.")
    ],
)
Links = TypeAliasType(
    "Links", Annotated[dict[str, str], Field(description="Paths of the resource and of what belongs to it.")]
)
Config = TypeAliasType(
    "Config", Annotated[dict[str, Any], Field(description="Settings by section, then by name.")]
)
Settings = TypeAliasType(
    "Settings", Annotated[dict[str, Any], Field(description="Settings by dotted name, section first.")]
)
Counts = TypeAliasType("Counts", Annotated[dict[str, int], Field(description="How many, by what they are.")])


def require_few_members(given: Any) -> Any:
    """For objects, before their members are read: each wrong one is an error by itself, and there may be
    hundreds of thousands of them."""
    if isinstance(given, dict) and len(given) > MOST_MEMBERS:
        raise ValueError(f"has {len(given):,} members, at most {MOST_MEMBERS} are possible")
    return given


class Shape(BaseModel):
    """Base of everything on the wire."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, from_attributes=True)

    @model_validator(mode="before")
    @classmethod
    def _require_few_members(cls, given: Any) -> Any:
        return require_few_members(given)


def _without_fraction(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WITHOUT_FRACTION = BeforeValidator(_without_fraction)
"""For whole numbers of requests: 3.0 is one in JSON. It stands last, or the schema loses the bounds."""


class RequestShape(Shape):
    """Base of what callers send in JSON: there a text is no number, and false is no 0."""

    model_config = ConfigDict(strict=True)


def schemas_of(shape: type[BaseModel]) -> dict[str, Any]:
    """JSON schemas of a shape and its parts by name, as the document has them."""
    schema = shape.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), shape.__name__: schema}


def examples_by_name() -> dict[str, list[Any]]:
    """Examples of every shape, nulls included, which FastAPI leaves out of its document."""
    shapes = Shape.__subclasses__()
    for shape in shapes:  # grows while it is read
        shapes += shape.__subclasses__()
    extras = {shape.__name__: shape.__dict__["model_config"].get("json_schema_extra") for shape in shapes}
    return {
        name: extra["examples"]
        for name, extra in extras.items()
        if isinstance(extra, dict) and "examples" in extra
    }


class FieldProblem(Shape):
    """One thing that is wrong with the request."""

    detail: str
    """What is wrong, with the remedy."""
    line: int | None = None
    """Line of a body of lines, counted from 1."""
    pointer: str | None = None
    """JSON pointer (RFC 6901) to the value in the body, or in its line."""
    parameter: str | None = None
    """Name of the parameter, when it is not in the body."""
    location: str | None = None
    """Where the parameter is: path, query or header."""


class BadRowProblem(Shape):
    """One cell of a dataset that was refused."""

    line: int
    """Line of the file; its header is line 1."""
    column: str
    value: str
    reason: str


class Problem(BaseModel):
    """Problem document (RFC 9457). Its `type` is stable; further members depend on it."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="allow")

    type: str
    """Stable reference to the kind of problem; it can be looked up."""
    title: str
    """Short summary of the kind."""
    status: int
    """The HTTP status."""
    detail: str
    """What happened this time, and what to do about it."""
    instance: str
    """Path of the request."""
    errors: list[FieldProblem | BadRowProblem] | None = None
    """What is wrong, one by one: the first 100 values of the request, or the first 20 rows of a dataset."""
    total_errors: int | None = None
    """How many rows, or values if there are more than are told, were refused in all."""
    vocabulary_size: int | None = None
    """How many skills the model knows, where one is unknown."""
    nearest: list[str] | None = None
    """Known names that are spelt most like the unknown one."""
    limit: int | None = None
    """The most of what was too much."""


class ProblemKind(Shape):
    """What a problem's `type` means."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/no-serving-model",
                    "title": "No model serves",
                    "status": 409,
                    "meaning": "No model answers for students yet.",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    meaning: str


Limit = Annotated[int, Field(ge=1, le=200, description="Most items on one page.")]
