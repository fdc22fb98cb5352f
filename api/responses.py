"""What routes say about their answers in the OpenAPI document."""

from typing import Any, Protocol, TypeVar

from fastapi import Response

from api.errors import MEDIA_TYPE, ProblemType, type_of
from api.services.refusals import (
    BodyTooSlow,
    TooManyUploads,
    UploadMalformed,
    UploadRefused,
    UploadTooLarge,
    UploadUnsupported,
)

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}

LOCATION = {"description": "Path of the resource.", "schema": {"type": "string"}}
LINK = {"description": '`rel="next"` leads to the next page (RFC 8288).', "schema": {"type": "string"}}
RETRY_AFTER = {"description": "Seconds after which to look again.", "schema": {"type": "integer"}}

UPLOAD_PROBLEMS = (
    UploadMalformed,
    UploadRefused,
    UploadTooLarge,
    UploadUnsupported,
    BodyTooSlow,
    TooManyUploads,
)


def problems(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """The responses that these errors lead to."""
    return describe_problems([type_of(error) for error in errors])


def describe_problems(kinds: list[ProblemType]) -> dict[int | str, dict[str, Any]]:
    """Kinds of problems by status, each with an example."""
    described: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        response = described.setdefault(
            kind.status,
            {"description": kind.title, "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "examples": {}}}},
        )
        if kind.title not in response["description"]:
            response["description"] += f"; {kind.title[0].lower()}{kind.title[1:]}"
        response["content"][MEDIA_TYPE]["examples"][kind.slug] = {
            "summary": kind.title,
            "value": _example(kind),
        }
    return described


PAGE: dict[int | str, dict[str, Any]] = {200: {"headers": {"Link": LINK}}}
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": LOCATION, "Retry-After": RETRY_AFTER}}
}


class HasLinks(Protocol):
    """A resource that says where it is."""

    links: dict[str, str]


Linked = TypeVar("Linked", bound=HasLinks)


def look_again(response: Response, accepted: Linked, *, seconds: int) -> Linked:
    """Say where and when to look at what was accepted, and give it back."""
    response.headers["Location"] = accepted.links["self"]
    response.headers["Retry-After"] = str(seconds)
    return accepted


def _example(kind: ProblemType) -> dict[str, Any]:
    return {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        "instance": "/experiments/0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f",
    }
