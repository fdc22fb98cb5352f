"""/livez, /readyz and /problems"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator

from api.dependencies import ResourcesDep
from api.errors import (
    NO_SUCH_PROBLEM,
    NOT_READY,
    RETRY_AFTER_SECONDS,
    all_problem_types,
    problem_response,
)
from api.paths import restore_slashes
from api.responses import describe_problems
from api.schemas.common import ProblemKind
from api.schemas.system import Alive, Ready

router = APIRouter(tags=["system"])

ProblemName = Annotated[
    str, BeforeValidator(restore_slashes), Path(description="What follows /problems/ in the type.")
]


# Load balancers probe with HEAD.
@router.head("/livez", include_in_schema=False)
@router.get("/livez", operation_id="get_liveness", summary="Ask whether the process answers")
def get_liveness() -> Alive:
    """Says nothing about stores and broker."""
    return Alive()


@router.head("/readyz", response_model=Ready, include_in_schema=False)
@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="Ask whether everything behind the service answers",
    response_model=Ready,
    responses=describe_problems([NOT_READY]),
)
async def get_readiness(request: Request, resources: ResourcesDep) -> Ready | JSONResponse:
    """Checks database, broker and artifact store, each by its name; once a second at most, for all."""
    parts = await resources.readiness.tell()
    failed = [part.name for part in parts if not part.ok]
    if not failed:
        return Ready(parts=parts)
    members: dict[str, Any] = {"parts": [part.model_dump() for part in parts]}
    detail = f"not available: {', '.join(failed)}"
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem_response(NOT_READY, request, detail=detail, members=members, headers=headers)


@router.get(
    "/problems/{name}",
    operation_id="get_problem_kind",
    summary="Look a problem's type up",
    response_model=ProblemKind,
    responses=describe_problems([NO_SUCH_PROBLEM]),
)
def get_problem_kind(name: ProblemName, request: Request) -> ProblemKind | JSONResponse:
    """What the `type` of a problem document means."""
    kind = all_problem_types().get(name)
    if kind is None:
        detail = f"no problem is of type /problems/{name}"
        return problem_response(NO_SUCH_PROBLEM, request, detail=detail)
    return ProblemKind(type=kind.uri, title=kind.title, status=kind.status, meaning=kind.meaning)
