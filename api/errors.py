"""The one table from what happened to how it is told: problem documents (RFC 9457).

Nothing else in the project knows the status of an error.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.exceptions import HTTPException
from starlette.routing import Match

import api.services.refusals as refused
import db.errors as stored
from api.batching import BatcherClosed, Busy
from api.paths import path_of
from api.schemas.common import Problem, schemas_of
from api.security_headers import DEFAULTS
from api.services.ingest_bulk import ModelChanged
from api.services.validation import describe_refusal, follow, to_pointer
from db.errors import DatabaseRefusal
from ikt_model.data.errors import BadRows, UnreadableDataset

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
MOST_TOLD = 100  # of a request's errors
CHALLENGE = 'Bearer realm="ikt"'

Members = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: its stable name, and what it says besides its detail."""

    slug: str
    title: str
    status: int
    meaning: str
    members: Members = lambda _: {}

    @property
    def uri(self) -> str:
        return f"/problems/{self.slug}"


def _fields(error: Any) -> dict[str, Any]:
    told = [_without_nothing(asdict(field)) for field in error.errors[:MOST_TOLD]]
    return {"errors": told, "total_errors": _total(error.errors)}


def _total(errors: Sequence[Any]) -> int | None:
    """How many there are, where not all of them are told."""
    return len(errors) if len(errors) > MOST_TOLD else None


def _skills(error: refused.SkillsUnknown) -> dict[str, Any]:
    return {**_fields(error), "vocabulary_size": error.vocabulary_size}


def _skill(error: refused.SkillUnknown) -> dict[str, Any]:
    return {"vocabulary_size": error.vocabulary_size, "nearest": error.nearest}


def _student_ids(error: stored.StudentsNotFound) -> dict[str, Any]:
    return {"student_ids": error.student_ids}


def _minimum(error: refused.CohortTooSmall) -> dict[str, Any]:
    return {"minimum": error.minimum}


def _scope(error: refused.ScopeMissing) -> dict[str, Any]:
    return {"scope": error.scope}


def _limit(
    error: refused.BatchTooLarge | refused.UploadTooLarge | refused.TooManyValues | refused.TooManyRequests,
) -> dict[str, Any]:
    return {"limit": error.limit}


def _parameter(error: refused.PointsRefused | refused.PagesRefused | refused.KindsMixed) -> dict[str, Any]:
    return {"errors": [{"detail": error.detail, "parameter": error.parameter, "location": "query"}]}


def _rows(error: BadRows) -> dict[str, Any]:
    return {"errors": [asdict(row) for row in error.rows], "total_errors": error.total}


def _unfinished(error: refused.ExperimentsUnfinished) -> dict[str, Any]:
    return {"unfinished": [{"experiment_id": str(i), "status": str(s)} for i, s in error.unfinished]}


def _state(error: stored.IllegalMove) -> dict[str, Any]:
    return {"state": str(error.status)}


def _kind(
    error: type[Exception], slug: str, title: str, status: int, members: Members | None = None
) -> tuple[type[Exception], ProblemType]:
    meaning = " ".join((error.__doc__ or title).split())
    return error, ProblemType(slug, title, status, meaning, members or (lambda _: {}))


DATABASE_UNAVAILABLE = ProblemType(
    "database-unavailable", "The database does not answer", 503, "The database is down, locked or overloaded."
)

PROBLEMS: dict[type[Exception], ProblemType] = dict(
    [
        _kind(stored.DatasetNotFound, "dataset-not-found", "No such dataset", 404),
        _kind(stored.ExperimentNotFound, "experiment-not-found", "No such experiment", 404),
        _kind(stored.CrossValidationNotFound, "cross-validation-not-found", "No such cross-validation", 404),
        _kind(stored.SweepNotFound, "sweep-not-found", "No such sweep", 404),
        _kind(stored.ErasureNotFound, "erasure-not-found", "No such erasure", 404),
        _kind(refused.StudentsErasedMeanwhile, "students-erased", "Students were erased meanwhile", 409),
        _kind(stored.ModelNotFound, "model-not-found", "No such model", 404),
        _kind(stored.StudentNotFound, "student-not-found", "No such student", 404),
        _kind(stored.ArtifactNotFound, "artifact-missing", "A stored file is missing", 500),
        _kind(stored.IllegalMove, "illegal-move", "Not possible in this state", 409, _state),
        _kind(stored.StillActive, "experiment-active", "The experiment is not over", 409, _state),
        _kind(stored.DatasetInUse, "dataset-in-use", "Experiments use the dataset", 409),
        _kind(stored.ModelInUse, "model-in-use", "The model serves students", 409),
        _kind(stored.BadCursor, "bad-cursor", "The cursor is not one of this listing", 400),
        _kind(BadRows, "dataset-bad-rows", "The dataset has bad rows", 422, _rows),
        _kind(UnreadableDataset, "dataset-unreadable", "The file is not a readable dataset", 422),
        _kind(refused.ExperimentRefused, "experiment-refused", "The experiment cannot be run", 422, _fields),
        _kind(refused.SweepRefused, "sweep-refused", "The sweep cannot be run", 422, _fields),
        _kind(refused.PointsRefused, "invalid-request", "The request is not valid", 422, _parameter),
        _kind(refused.PagesRefused, "invalid-request", "The request is not valid", 422, _parameter),
        _kind(refused.KindsMixed, "invalid-request", "The request is not valid", 422, _parameter),
        _kind(
            refused.IdempotencyKeyReused, "idempotency-key-reused", "The key belongs to another request", 422
        ),
        _kind(
            refused.ExperimentsUnfinished,
            "experiment-unfinished",
            "The experiment has not succeeded",
            409,
            _unfinished,
        ),
        _kind(refused.DatasetsDiffer, "datasets-differ", "The experiments are about different data", 409),
        _kind(refused.ReportMissing, "report-missing", "The experiment has no report", 404),
        _kind(refused.EvaluationRefused, "evaluation-refused", "Nothing to evaluate", 422),
        _kind(refused.NoServingModel, "no-serving-model", "No model serves", 409),
        _kind(refused.ModelWithoutAbility, "model-without-ability", "The model knows no ability", 409),
        _kind(stored.CohortNotFound, "cohort-not-found", "No such cohort", 404),
        _kind(stored.StudentsNotFound, "students-not-found", "No such students", 404, _student_ids),
        _kind(refused.CohortTooSmall, "cohort-too-small", "The group is too small", 409, _minimum),
        _kind(refused.SkillUnknown, "skill-unknown", "The model does not know the skill", 404, _skill),
        _kind(refused.InteractionsRefused, "invalid-request", "The request is not valid", 422, _fields),
        _kind(refused.SkillsUnknown, "skills-unknown", "The model does not know the skills", 422, _skills),
        _kind(refused.BatchTooLarge, "batch-too-large", "Too many responses at once", 413, _limit),
        _kind(refused.BodyTooSlow, "body-too-slow", "The body comes too slowly", 408),
        _kind(refused.TooManyLoads, "too-many-loads", "Too many loads at once", 503),
        _kind(refused.TooManyUploads, "too-many-uploads", "Too many uploads at once", 503),
        _kind(refused.UploadTooLarge, "content-too-large", "The content is too large", 413, _limit),
        _kind(refused.TooManyValues, "content-too-large", "The content is too large", 413, _limit),
        _kind(refused.UploadUnsupported, "unsupported-media-type", "The content type is not supported", 415),
        _kind(refused.BodyCompressed, "unsupported-encoding", "The content is encoded", 415),
        _kind(refused.UploadMalformed, "malformed-multipart", "The multipart body is malformed", 400),
        _kind(refused.UploadRefused, "invalid-request", "The request is not valid", 422, _fields),
        _kind(refused.NotAcceptable, "not-acceptable", "No acceptable media type", 406),
        _kind(refused.KeyMissing, "key-missing", "A key is needed", 401),
        _kind(refused.KeyRefused, "key-refused", "The key is not valid", 401),
        _kind(refused.ScopeMissing, "scope-missing", "The key does not allow this", 403, _scope),
        _kind(refused.ForeignPage, "foreign-page", "Another site asks", 403),
        _kind(refused.KeysNeeded, "keys-needed", "Only this machine may ask", 403),
        _kind(refused.TooManyRequests, "too-many-requests", "Too many requests", 429, _limit),
        _kind(ModelChanged, "model-changed", "Another model serves", 409),
        _kind(BatcherClosed, "stopping", "The service is stopping", 503),
        _kind(Busy, "busy", "Too much at once", 503),
        (OperationalError, DATABASE_UNAVAILABLE),
        (PoolExhausted, DATABASE_UNAVAILABLE),
    ]
)

INVALID_REQUEST = ProblemType(
    "invalid-request", "The request is not valid", 422, "Values of the request break its schema."
)
INVALID_JSON = ProblemType("invalid-json", "The body is not JSON", 400, "The body cannot be parsed as JSON.")
NOT_READY = ProblemType(
    "not-ready", "The service is not ready", 503, "A store or the broker does not answer."
)
INTERNAL = ProblemType(
    "internal", "Something went wrong inside", 500, "An error of the service; it is logged."
)
NO_SUCH_PATH = ProblemType("no-such-path", "Nothing is here", 404, "The path names no resource.")
NO_SUCH_PROBLEM = ProblemType("no-such-problem", "No such kind of problem", 404, "The type is not in use.")
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed", "The resource has no such method", 405, "Allow names the methods that it has."
)
HEAD_TOO_LARGE = ProblemType(
    "head-too-large", "The head of the request is too long", 431, "Address and header fields are too long."
)

_HIDDEN_DETAILS = {
    OperationalError: "the database does not answer; try again in a few seconds",
    PoolExhausted: "too many requests wait for the database; try again in a few seconds",
}


def all_problem_types() -> dict[str, ProblemType]:
    """Every kind of problem by its slug."""
    named = (
        INVALID_REQUEST,
        INVALID_JSON,
        NOT_READY,
        INTERNAL,
        NO_SUCH_PATH,
        NO_SUCH_PROBLEM,
        METHOD_NOT_ALLOWED,
        HEAD_TOO_LARGE,
    )
    return {kind.slug: kind for kind in (*PROBLEMS.values(), *named)}


def problem_schemas() -> dict[str, Any]:
    """JSON schemas of a problem document and its parts, by name."""
    return schemas_of(Problem)


def type_of(error: type[Exception]) -> ProblemType:
    """The kind of problem that an error is told as."""
    return next((PROBLEMS[ancestor] for ancestor in error.__mro__ if ancestor in PROBLEMS), INTERNAL)


def register_error_handlers(app: FastAPI) -> None:
    """Tell every error as a problem document, those of the router and unforeseen ones included."""
    for error in {*PROBLEMS, DatabaseRefusal}:
        app.add_exception_handler(error, tell_refusal)
    app.add_exception_handler(RequestValidationError, _tell_invalid_request)
    app.add_exception_handler(HTTPException, _tell_http_error)
    app.add_exception_handler(Exception, _tell_internal_error)


def problem_response(
    kind: ProblemType,
    request: Request,
    *,
    detail: str,
    members: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A problem document."""
    body = {
        "type": kind.uri,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": path_of(request),
    }
    return JSONResponse(
        body | (members or {}), status_code=kind.status, headers=headers, media_type=MEDIA_TYPE
    )


def write_head_too_large(limit: int) -> bytes:
    """The whole answer to a request that could not even be routed, as it goes over the wire."""
    kind = HEAD_TOO_LARGE
    detail = f"address and header fields are longer than {limit} bytes; send fewer"
    body = {"type": kind.uri, "title": kind.title, "status": kind.status, "detail": detail, "limit": limit}
    content = json.dumps(body).encode()
    status = HTTPStatus(kind.status)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"content-type: {MEDIA_TYPE}",
        f"content-length: {len(content)}",
        *(f"{name}: {value}" for name, value in DEFAULTS.items()),
        "connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + content


class BodyRefused(HTTPException):
    """A refusal by code below the router, which lets nothing but HTTPException through unchanged."""

    def __init__(self, refusal: Exception) -> None:
        self.refusal = refusal
        super().__init__(type_of(type(refusal)).status, detail=str(refusal))


def tell_refusal(request: Request, error: Exception) -> JSONResponse:
    """The problem document about an error of the table."""
    kind = type_of(type(error))
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("request failed: route=%s", _route_of(request), exc_info=error)
    if kind is INTERNAL:
        return _tell_internal_error(request, error)
    hidden = next((text for hidden, text in _HIDDEN_DETAILS.items() if isinstance(error, hidden)), None)
    members = _without_nothing(kind.members(error))
    headers = _headers_of(kind, error)
    return problem_response(kind, request, detail=hidden or str(error), members=members, headers=headers)


def _route_of(request: Request) -> str:
    """What a log may hold of the path: its template, for the path itself may name a student."""
    path: str = getattr(request.scope.get("route"), "path", "none")
    return path


def _headers_of(kind: ProblemType, error: Exception) -> dict[str, str]:
    match error:
        case refused.TooManyRequests():
            return {"Retry-After": str(error.retry_after_seconds)}
        case refused.KeyMissing():
            return {"WWW-Authenticate": CHALLENGE}
        case refused.KeyRefused():
            return {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
        case refused.ScopeMissing():
            return {"WWW-Authenticate": f'{CHALLENGE}, error="insufficient_scope", scope="{error.scope}"'}
    is_passing = kind.status == HTTPStatus.SERVICE_UNAVAILABLE
    return {"Retry-After": str(RETRY_AFTER_SECONDS)} if is_passing else {}


def _tell_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    entries: Sequence[Any] = error.errors()
    if entries and entries[0]["type"] == "json_invalid":
        where = entries[0]["loc"][-1]
        detail = f"the body is not JSON: {entries[0]['ctx']['error']} at character {where}"
        return problem_response(INVALID_JSON, request, detail=detail)
    errors = [_describe(entry, body=error.body) for entry in entries[:MOST_TOLD]]
    first = errors[0]
    named = first.get("pointer", first.get("parameter", "")) or "the body"
    detail = f"{named}: {first['detail']}"
    members = {"errors": errors, "total_errors": _total(entries)}
    return problem_response(INVALID_REQUEST, request, detail=detail, members=_without_nothing(members))


def _describe(entry: Any, *, body: Any) -> dict[str, Any]:
    location, *rest = entry["loc"]
    if location == "body":
        kept = follow(body, rest, is_missing=entry["type"] == "missing")
        return {"detail": describe_refusal(entry), "pointer": to_pointer(kept)}
    return {
        "detail": describe_refusal(entry),
        "parameter": str(rest[0]) if rest else "",
        "location": location,
    }


def _tell_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyRefused):
        return tell_refusal(request, error.refusal)
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            detail = f"{path_of(request)} names nothing; see /openapi.json for every path"
            return problem_response(NO_SUCH_PATH, request, detail=detail)
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = ", ".join(sorted(_allowed_methods(request)))
            detail = f"{request.method} is not possible here; use {allowed}"
            return problem_response(METHOD_NOT_ALLOWED, request, detail=detail, headers={"Allow": allowed})
        case HTTPStatus.BAD_REQUEST:
            return problem_response(
                INVALID_JSON, request, detail="the body cannot be parsed as JSON in UTF-8"
            )
        case _:
            return _tell_internal_error(request, error)


def _tell_internal_error(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    # The server closes the connection after an unforeseen error; unsaid, the next request would meet that.
    return problem_response(
        INTERNAL,
        request,
        detail="the service failed; the reason is in its log",
        headers={"Connection": "close"},
    )


def _allowed_methods(request: Request) -> set[str]:
    allowed: set[str] = set()
    for route in request.app.state.api_routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            allowed |= getattr(route, "methods", None) or set()
    return allowed


def _without_nothing(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
