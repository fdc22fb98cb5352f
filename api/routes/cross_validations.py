"""/cross-validations"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import (
    JSON_BODY,
    CrossValidationId,
    CursorQuery,
    IdempotencyKey,
    LimitQuery,
    ReaderDep,
    ResourcesDep,
    SessionDep,
)
from api.paging import link_next
from api.responses import ACCEPTED, PAGE, look_again, problems
from api.schemas.cross_validations import CrossValidationCreate, CrossValidationPage, CrossValidationRead
from api.security.scopes import ScopedRoute, needs
from api.services import cross_validations
from api.services.refusals import ExperimentRefused, IdempotencyKeyReused
from db.errors import BadCursor, CrossValidationNotFound

router = APIRouter(prefix="/cross-validations", tags=["cross-validations"], route_class=ScopedRoute)


@router.post(
    "",
    operation_id="submit_cross_validation",
    dependencies=[JSON_BODY],
    summary="Train once with each fold held out",
    status_code=202,
    responses=ACCEPTED | problems(ExperimentRefused, IdempotencyKeyReused),
)
@needs("train")
def submit_cross_validation(
    body: CrossValidationCreate,
    session: SessionDep,
    resources: ResourcesDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> CrossValidationRead:
    """One experiment for each fold, all or none of them queued."""
    row = cross_validations.submit_cross_validation(
        session, resources.doorbell, body, idempotency_key=idempotency_key
    )
    return look_again(response, row, seconds=resources.settings.retry_after_seconds)


@router.get(
    "",
    operation_id="list_cross_validations",
    summary="List cross-validations",
    responses=PAGE | problems(BadCursor),
)
@needs("read")
def list_cross_validations(
    session: ReaderDep,
    request: Request,
    response: Response,
    dataset_id: Annotated[UUID | None, Query(description="Only those on this dataset.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> CrossValidationPage:
    """Newest first."""
    found = cross_validations.list_cross_validations(
        session, dataset_id=dataset_id, cursor=cursor, limit=limit
    )
    return link_next(request, response, found)


@router.get(
    "/{cross_validation_id}",
    operation_id="get_cross_validation",
    summary="Show a cross-validation",
    responses=problems(CrossValidationNotFound),
)
@needs("read")
def get_cross_validation(cross_validation_id: CrossValidationId, session: ReaderDep) -> CrossValidationRead:
    """Its experiments, and mean and standard deviation of every metric over the folds that succeeded."""
    return cross_validations.get_cross_validation(session, cross_validation_id)


@router.post(
    "/{cross_validation_id}/cancel",
    operation_id="cancel_cross_validation",
    summary="Stop a cross-validation",
    status_code=202,
    responses=ACCEPTED | problems(CrossValidationNotFound),
)
@needs("train")
def cancel_cross_validation(
    cross_validation_id: CrossValidationId, session: SessionDep, resources: ResourcesDep, response: Response
) -> CrossValidationRead:
    """Experiments that wait are cancelled at once, running ones stop soon. Asking again is harmless."""
    row = cross_validations.cancel_cross_validation(session, cross_validation_id)
    return look_again(response, row, seconds=resources.settings.retry_after_seconds)
