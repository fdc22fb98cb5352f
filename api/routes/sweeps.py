"""/sweeps"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import (
    JSON_BODY,
    CursorQuery,
    IdempotencyKey,
    LimitQuery,
    ReaderDep,
    ResourcesDep,
    SessionDep,
    SweepId,
)
from api.paging import link_next
from api.responses import ACCEPTED, PAGE, look_again, problems
from api.schemas.sweeps import SweepCreate, SweepPage, SweepRead, SweepState
from api.security.scopes import ScopedRoute, needs
from api.services import sweeps
from api.services.refusals import IdempotencyKeyReused, SweepRefused
from db.errors import BadCursor, IllegalMove, SweepNotFound

router = APIRouter(prefix="/sweeps", tags=["sweeps"], route_class=ScopedRoute)


@router.post(
    "",
    operation_id="submit_sweep",
    dependencies=[JSON_BODY],
    summary="Search for settings",
    status_code=202,
    responses=ACCEPTED | problems(SweepRefused, IdempotencyKeyReused),
)
@needs("train")
def submit_sweep(
    body: SweepCreate,
    session: SessionDep,
    resources: ResourcesDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> SweepRead:
    """Every point of a grid, and of ranges as many as tell, is checked now; workers train the trials."""
    sweep = sweeps.submit_sweep(session, resources.doorbell, body, idempotency_key=idempotency_key)
    return look_again(response, sweep, seconds=resources.settings.retry_after_seconds)


@router.get("", operation_id="list_sweeps", summary="List sweeps", responses=PAGE | problems(BadCursor))
@needs("read")
def list_sweeps(
    session: ReaderDep,
    request: Request,
    response: Response,
    status: Annotated[SweepState | None, Query(description="Only those in this state.")] = None,
    dataset_id: Annotated[UUID | None, Query(description="Only those on this dataset.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> SweepPage:
    """Newest first."""
    found = sweeps.list_sweeps(session, status=status, dataset_id=dataset_id, cursor=cursor, limit=limit)
    return link_next(request, response, found)


@router.get(
    "/{sweep_id}", operation_id="get_sweep", summary="Show a sweep", responses=problems(SweepNotFound)
)
@needs("read")
def get_sweep(sweep_id: SweepId, session: ReaderDep) -> SweepRead:
    """Its trials, the best of them, and the fold that they were chosen on."""
    return sweeps.get_sweep(session, sweep_id)


@router.post(
    "/{sweep_id}/cancel",
    operation_id="cancel_sweep",
    summary="Stop a sweep",
    status_code=202,
    responses=ACCEPTED | problems(SweepNotFound, IllegalMove),
)
@needs("train")
def cancel_sweep(
    sweep_id: SweepId, session: SessionDep, resources: ResourcesDep, response: Response
) -> SweepRead:
    """No further trial is queued, and those in flight are stopped. Asking again is harmless."""
    sweep = sweeps.cancel_sweep(session, sweep_id)
    return look_again(response, sweep, seconds=resources.settings.retry_after_seconds)
