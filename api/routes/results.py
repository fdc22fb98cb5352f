"""/experiments: what they say while they run, and what they leave"""

import json
from collections.abc import AsyncIterator
from functools import partial as apply
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.dependencies import (
    AcceptHeader,
    ExperimentId,
    ReaderDep,
    ResourcesDep,
    SessionsDep,
    StillLetInDep,
    UploadDep,
)
from api.formats import kt_audit
from api.formats.predictions import CSV, PARQUET, write_csv
from api.negotiation import choose_media_type
from api.responses import UPLOAD_PROBLEMS, problems
from api.routes.file_bodies import EVALUATION_BODY
from api.schemas.evaluations import EvaluationFields, EvaluationRead
from api.schemas.experiments import ArtifactList
from api.schemas.reports import ReportRead
from api.security.scopes import ScopedRoute, needs
from api.services import datasets, evaluations, events, experiments
from api.services.refusals import EvaluationRefused, ExperimentsUnfinished, NotAcceptable, ReportMissing
from db.errors import ArtifactNotFound, ExperimentNotFound
from ikt_model.data.errors import BadRows, UnreadableDataset

router = APIRouter(prefix="/experiments/{experiment_id}", tags=["experiments"], route_class=ScopedRoute)

RECONNECT_MILLISECONDS = 2000
EVENTS_EXAMPLE = (
    'event: progress\ndata: {"status": "running", "progress": 0.08, "epochs_done": 0}\n\n'
    'id: 1\nevent: epoch\ndata: {"epoch": 1, "metrics": {"auc": 0.7112}}\n\n'
    ": alive\n\n"
    'event: end\ndata: {"status": "succeeded", "metrics": {"auc": 0.7335}}\n\n'
)


@router.get(
    "/events",
    operation_id="stream_events",
    summary="Follow an experiment live",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "Server-sent events",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EVENTS_EXAMPLE}},
        },
        **problems(ExperimentNotFound),
    },
)
@needs("read")
async def stream_events(
    experiment_id: ExperimentId,
    resources: ResourcesDep,
    sessions: SessionsDep,
    still_let_in: StillLetInDep,
    last_event_id: Annotated[
        int,
        Header(
            ge=0, le=2**31 - 1, description="The last epoch that was received; later ones are sent again."
        ),
    ] = 0,
) -> EventSourceResponse:
    """`epoch` once per finished epoch (its id is the epoch), `progress` on every change, `end` as the last.

    A comment is sent while nothing happens. After `end` there is nothing more to wait for: close.
    A stream whose key is revoked or expires stops without `end`; asked for again, it is refused.
    """
    settings = resources.settings
    await run_sync(experiments.require_experiment, sessions, experiment_id)
    news = events.follow_experiment(
        sessions,
        experiment_id,
        after_epoch=last_event_id,
        poll_seconds=settings.event_poll_seconds,
        still_let_in=still_let_in,
    )
    return EventSourceResponse(
        _write_events(news),
        ping=settings.event_heartbeat_seconds,
        ping_message_factory=lambda: ServerSentEvent(comment="alive"),
        sep="\n",
    )


async def _write_events(news: AsyncIterator[events.Event]) -> AsyncIterator[ServerSentEvent]:
    async for event in news:
        yield ServerSentEvent(
            json.dumps(event.data, allow_nan=False),
            event=event.name,
            id=event.id,
            retry=RECONNECT_MILLISECONDS,
            sep="\n",
        )


@router.get(
    "/artifacts",
    operation_id="list_artifacts",
    summary="List what an experiment left",
    responses=problems(ExperimentNotFound),
)
@needs("read")
def list_artifacts(experiment_id: ExperimentId, session: ReaderDep, resources: ResourcesDep) -> ArtifactList:
    """Model, held-out predictions and report, once they exist."""
    return evaluations.list_artifacts(session, resources.store, experiment_id)


Columns = Literal["ikt", "kt-audit"]
COLUMNS = "Our own, or those that kt-audit reads, with the times and items of the responses."
PREDICTIONS_CSV = "student_id,position,skills,response,probability\nana,1,decimals,0,0.61\n"


@router.get(
    "/predictions",
    operation_id="get_predictions",
    summary="Read the held-out predictions",
    response_class=Response,
    responses={
        200: {
            "description": "One row per predicted response; Accept chooses between Parquet and CSV",
            "content": {
                PARQUET: {"schema": {"type": "string", "format": "binary"}},
                CSV: {"schema": {"type": "string"}, "example": PREDICTIONS_CSV},
            },
        },
        **problems(ExperimentNotFound, ExperimentsUnfinished, NotAcceptable, ArtifactNotFound),
    },
)
@needs("read")
def get_predictions(
    experiment_id: ExperimentId,
    session: ReaderDep,
    resources: ResourcesDep,
    accept: AcceptHeader = None,
    columns: Annotated[Columns, Query(description=COLUMNS)] = "ikt",
) -> Response:
    """Every value of a row was known before the response was: nothing looks ahead."""
    media_type = choose_media_type(accept, (PARQUET, CSV))
    headers: dict[str, Any] = {"Vary": "Accept"}
    if columns == "kt-audit":
        held_out = evaluations.open_heldout(session, resources.store, experiment_id)
        return _write_for_kt_audit(held_out, media_type, headers)
    path = evaluations.fetch_predictions(session, resources.store, experiment_id)
    if media_type == CSV:
        return StreamingResponse(write_csv(path), media_type=CSV, headers=headers)
    return FileResponse(
        path, media_type=PARQUET, filename=f"predictions-{experiment_id}.parquet", headers=headers
    )


def _write_for_kt_audit(
    held_out: evaluations.HeldOut, media_type: str, headers: dict[str, Any]
) -> StreamingResponse:
    is_csv = media_type == CSV
    batches = kt_audit.audited_columns(
        held_out.predictions, held_out.sequences, fold=held_out.fold, as_text=is_csv
    )
    content = kt_audit.write_csv(batches) if is_csv else kt_audit.write_parquet(batches)
    return StreamingResponse(content, media_type=media_type, headers=headers)


@router.get(
    "/report",
    operation_id="get_report",
    summary="Read what an experiment is worth",
    responses=problems(ExperimentNotFound, ExperimentsUnfinished, ReportMissing),
)
@needs("read")
def get_report(experiment_id: ExperimentId, session: ReaderDep, resources: ResourcesDep) -> ReportRead:
    """Calibration, AUC by history and by skill, and an audit: leaks, splits, degenerate answers, baselines.

    Made when the experiment finished, on its held-out students.
    """
    return evaluations.get_report(session, resources.store, experiment_id)


@router.post(
    "/evaluations",
    operation_id="evaluate_experiment",
    summary="Measure an experiment's model on another file",
    responses=problems(
        ExperimentNotFound,
        ExperimentsUnfinished,
        EvaluationRefused,
        BadRows,
        UnreadableDataset,
        *UPLOAD_PROBLEMS,
    ),
    openapi_extra=EVALUATION_BODY,
)
@needs("read")
async def evaluate_experiment(
    experiment_id: ExperimentId,
    upload: UploadDep,
    resources: ResourcesDep,
    sessions: SessionsDep,
    query: Annotated[EvaluationFields, Query()],
) -> EvaluationRead:
    """The file is read, measured and forgotten. Skills are matched by name; the protocol is in the answer."""
    evaluate = apply(
        evaluations.evaluate_experiment,
        sessions,
        resources.store,
        resources.inference,
        experiment_id=experiment_id,
        upload=upload,
        fields=datasets.merge_fields(upload, query),
    )
    return await run_sync(evaluate, limiter=resources.evaluations)
