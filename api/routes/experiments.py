"""/experiments: submitting, looking, stopping"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import (
    JSON_BODY,
    CursorQuery,
    ExperimentId,
    IdempotencyKey,
    LimitQuery,
    ReaderDep,
    ResourcesDep,
    SessionDep,
)
from api.paging import link_next
from api.responses import ACCEPTED, PAGE, look_again, problems
from api.schemas.common import PLAIN_TEXT
from api.schemas.experiments import (
    EpochList,
    ExperimentCreate,
    ExperimentPage,
    ExperimentRead,
    PresetList,
    Status,
)
from api.security.scopes import ScopedRoute, needs
from api.services import experiments
from api.services.refusals import ExperimentRefused, IdempotencyKeyReused
from db.errors import BadCursor, ExperimentNotFound, IllegalMove, ModelInUse, StillActive

router = APIRouter(tags=["experiments"], route_class=ScopedRoute)


@router.post(
    "/experiments",
    operation_id="submit_experiment",
    dependencies=[JSON_BODY],
    summary="Train a model",
    status_code=202,
    responses=ACCEPTED | problems(ExperimentRefused, IdempotencyKeyReused),
)
@needs("train")
def submit_experiment(
    body: ExperimentCreate,
    session: SessionDep,
    resources: ResourcesDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> ExperimentRead:
    """Everything is checked now; a worker trains later. Follow it at `links.events`."""
    experiment = experiments.submit_experiment(
        session, resources.doorbell, body, idempotency_key=idempotency_key
    )
    return look_again(response, experiment, seconds=resources.settings.retry_after_seconds)


@router.get(
    "/experiments",
    operation_id="list_experiments",
    summary="List experiments",
    responses=PAGE | problems(BadCursor),
)
@needs("read")
def list_experiments(
    session: ReaderDep,
    request: Request,
    response: Response,
    status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
    dataset_id: Annotated[UUID | None, Query(description="Only those on this dataset.")] = None,
    preset: Annotated[
        str | None, Query(max_length=100, pattern=PLAIN_TEXT, description="Only those with this preset.")
    ] = None,
    cross_validation_id: Annotated[
        UUID | None, Query(description="Only those of this cross-validation.")
    ] = None,
    sweep_id: Annotated[UUID | None, Query(description="Only the trials of this sweep.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> ExperimentPage:
    """Newest first."""
    found = experiments.list_experiments(
        session,
        status=status,
        dataset_id=dataset_id,
        preset=preset,
        cross_validation_id=cross_validation_id,
        sweep_id=sweep_id,
        cursor=cursor,
        limit=limit,
    )
    return link_next(request, response, found)


@router.get(
    "/experiments/{experiment_id}",
    operation_id="get_experiment",
    summary="Show an experiment",
    responses=problems(ExperimentNotFound),
)
@needs("read")
def get_experiment(experiment_id: ExperimentId, session: ReaderDep) -> ExperimentRead:
    """Settings, state, progress, environment, best and last epoch."""
    return experiments.get_experiment(session, experiment_id)


@router.delete(
    "/experiments/{experiment_id}",
    operation_id="delete_experiment",
    summary="Delete an experiment",
    status_code=204,
    responses=problems(ExperimentNotFound, StillActive, ModelInUse),
)
@needs("train")
def delete_experiment(experiment_id: ExperimentId, session: SessionDep, resources: ResourcesDep) -> None:
    """With its epochs, model and files; refused while it is queued or running, or its model serves."""
    experiments.delete_experiment(session, resources.store, experiment_id)


@router.post(
    "/experiments/{experiment_id}/cancel",
    operation_id="cancel_experiment",
    summary="Stop an experiment",
    status_code=202,
    responses=ACCEPTED | problems(ExperimentNotFound, IllegalMove),
)
@needs("train")
def cancel_experiment(
    experiment_id: ExperimentId, session: SessionDep, resources: ResourcesDep, response: Response
) -> ExperimentRead:
    """A queued one is cancelled at once; a running one stops soon. Asking again is harmless."""
    experiment = experiments.cancel_experiment(session, resources.doorbell, experiment_id)
    return look_again(response, experiment, seconds=resources.settings.retry_after_seconds)


@router.post(
    "/experiments/{experiment_id}/retry",
    operation_id="retry_experiment",
    summary="Run a failed or cancelled experiment again",
    status_code=202,
    responses=ACCEPTED | problems(ExperimentNotFound, IllegalMove),
)
@needs("train")
def retry_experiment(
    experiment_id: ExperimentId, session: SessionDep, resources: ResourcesDep, response: Response
) -> ExperimentRead:
    """It goes on from its last checkpoint."""
    experiment = experiments.retry_experiment(session, resources.doorbell, experiment_id)
    return look_again(response, experiment, seconds=resources.settings.retry_after_seconds)


@router.get(
    "/experiments/{experiment_id}/metrics",
    operation_id="list_epochs",
    summary="List what each epoch measured",
    responses=problems(ExperimentNotFound),
)
@needs("read")
def list_epochs(
    experiment_id: ExperimentId,
    session: ReaderDep,
    after_epoch: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only later epochs.")] = 0,
) -> EpochList:
    """In order; held-out metrics by name, training losses with the prefix `train_`."""
    return experiments.list_epochs(session, experiment_id, after_epoch=after_epoch)


@router.get("/presets", operation_id="list_presets", summary="List presets")
@needs("read")
def list_presets() -> PresetList:
    """Named configurations, with every setting that an experiment's `config` may replace."""
    return experiments.show_presets()
