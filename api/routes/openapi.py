"""/openapi.json: what FastAPI derives, and the problems that any operation may answer with."""

from typing import Any, TypeGuard

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from api.errors import (
    DATABASE_UNAVAILABLE,
    INTERNAL,
    INVALID_JSON,
    INVALID_REQUEST,
    ProblemType,
    problem_schemas,
    type_of,
)
from api.responses import describe_problems
from api.routes.links import LINKS
from api.schemas.common import examples_by_name, schemas_of
from api.schemas.interactions import InteractionLine
from api.security.scopes import ScopedRoute
from api.services.refusals import (
    BodyCompressed,
    KeyMissing,
    KeyRefused,
    ScopeMissing,
    TooManyRequests,
    UploadTooLarge,
    UploadUnsupported,
)

TITLE = "ikt"
DESCRIPTION = """\
Interpretable knowledge tracing as a service: train models on responses of students, compare them, and ask
what a student can do.

A request carries a key (`Authorization: Bearer ikt_…`; `ikt key create` makes one), unless the service runs
without keys, for its own machine alone. Every operation needs one scope of the key, named as `x-scope`:
`read`, `ingest`, `train` or `admin`, which implies the others. `RateLimit` tells what is left of its limit.

Errors are problem documents (RFC 9457); their `type` is stable and can be looked up. Times are RFC 3339 in
UTC. A number that does not exist is `null`. Lists are paged: follow `Link: rel="next"`.
"""
TAGS = [
    {"name": "datasets", "description": "Responses to learn from."},
    {"name": "experiments", "description": "Training runs: submit, follow, read what they left."},
    {"name": "cross-validations", "description": "The same settings, once with each fold held out."},
    {"name": "sweeps", "description": "Searches over settings; what their trials gain and give up."},
    {"name": "comparisons", "description": "Experiments side by side."},
    {"name": "models", "description": "What experiments trained; one of them answers for students."},
    {"name": "students", "description": "Responses of students, their mastery and their way."},
    {"name": "cohorts", "description": "Groups of students that callers name, and their mean mastery."},
    {"name": "privacy", "description": "Erasing students, what is kept too long, and who read what."},
    {"name": "skills", "description": "Skills with their difficulty."},
    {"name": "system", "description": "Health, readiness, and what problems mean."},
]
CONTACT = {"name": "Whoever runs the service"}
SERVERS = [{"url": "/", "description": "The service that this document came from."}]
METHODS = ("get", "put", "post", "delete", "patch")
SECURITY = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "ikt_<prefix>_<secret>",
        "description": "A key of the service. The pages carry it in a cookie.",
    }
}


def write_openapi(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=TAGS,
            contact=CONTACT,
            servers=SERVERS,
        )
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas |= problem_schemas() | schemas_of(InteractionLine)
        for name, examples in examples_by_name().items():
            if name in schemas:
                schemas[name]["examples"] = examples
        document["components"]["securitySchemes"] = SECURITY
        scopes = {route.operation_id: route.needed for route in app.state.api_routes if _is_scoped(route)}
        for path in document["paths"].values():
            for method in METHODS:
                if method in path:
                    _add_common_problems(path[method], needed=scopes.get(path[method]["operationId"]))
                    _leave_nulls_out(path[method])
                    _add_links(path[method])
        app.openapi_schema = document
    return app.openapi_schema


def _is_scoped(route: BaseRoute) -> TypeGuard[ScopedRoute]:
    return isinstance(route, ScopedRoute)


def _add_common_problems(operation: dict[str, Any], *, needed: str | None) -> None:
    kinds: list[ProblemType] = [INTERNAL]
    # Scopes of a key stand in x-scope: many tools know those of OAuth alone.
    operation["security"] = [{"key": []}] if needed else []
    if needed:
        operation["x-scope"] = needed
        kinds += [type_of(error) for error in (KeyMissing, KeyRefused, ScopeMissing, TooManyRequests)]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        kinds += [INVALID_JSON, type_of(UploadTooLarge)]
    if content:
        kinds += [type_of(UploadUnsupported), type_of(BodyCompressed)]
    if content or operation.get("parameters"):
        kinds.append(INVALID_REQUEST)
    if operation["tags"] != ["system"]:
        kinds.append(DATABASE_UNAVAILABLE)
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status, described in describe_problems(kinds).items():
        known = responses.setdefault(str(status), described)
        if known is not described:
            _merge_examples(known, described)
    operation["responses"] = dict(sorted(responses.items()))


def _leave_nulls_out(operation: dict[str, Any]) -> None:
    """A parameter may be left out, but there is no null that it could be sent as."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
        if len(options) == 1:
            del schema["anyOf"]
            parameter["schema"] = options[0] | schema


def _add_links(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if links := LINKS.get((operation["operationId"], status)):
            response["links"] = links


def _merge_examples(known: dict[str, Any], added: dict[str, Any]) -> None:
    for media_type, content in added["content"].items():
        known["content"][media_type]["examples"] |= content["examples"]
