"""/erasures"""

from fastapi import APIRouter, Request, Response

from api.dependencies import (
    CursorQuery,
    ErasureId,
    LimitQuery,
    PrincipalDep,
    ReaderDep,
    ResourcesDep,
    SessionDep,
)
from api.paging import link_next
from api.responses import LOCATION, PAGE, problems
from api.schemas.erasures import ErasureCreate, ErasurePage, ErasureRead
from api.security.scopes import ScopedRoute, needs
from api.services import erasures
from db.errors import BadCursor, ErasureNotFound

router = APIRouter(prefix="/erasures", tags=["privacy"], route_class=ScopedRoute)


@router.post(
    "",
    operation_id="request_erasure",
    summary="Erase a student everywhere",
    status_code=202,
    responses={202: {"description": "Rows are gone; files follow", "headers": {"Location": LOCATION}}},
)
@needs("admin")
def request_erasure(
    body: ErasureCreate,
    session: SessionDep,
    resources: ResourcesDep,
    principal: PrincipalDep,
    response: Response,
) -> ErasureRead:
    """Responses, states and cohorts go at once, then a worker goes through datasets and predictions.

    Also for somebody who is in datasets alone, and harmless for somebody who is nowhere.
    """
    erasure = erasures.request_erasure(
        session, resources.doorbell, principal, body.student_id, forget=resources.forget
    )
    response.headers["Location"] = erasure.links["self"]
    return erasure


@router.get("", operation_id="list_erasures", summary="List erasures", responses=PAGE | problems(BadCursor))
@needs("admin")
def list_erasures(
    session: ReaderDep,
    request: Request,
    response: Response,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> ErasurePage:
    """Newest first."""
    return link_next(request, response, erasures.list_erasures(session, cursor=cursor, limit=limit))


@router.get(
    "/{erasure_id}",
    operation_id="get_erasure",
    summary="Show an erasure",
    responses=problems(ErasureNotFound),
)
@needs("admin")
def get_erasure(erasure_id: ErasureId, session: ReaderDep) -> ErasureRead:
    """How far it is, and what was found."""
    return erasures.get_erasure(session, erasure_id)
