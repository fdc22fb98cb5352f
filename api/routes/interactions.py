"""Doors for responses: of one student, of many in bulk, and as xAPI statements."""

from asyncio import wrap_future
from collections.abc import Callable, Sequence
from functools import partial as apply
from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BeforeValidator

from api.batching import BatcherClosed, Busy
from api.bodies import LINES, open_items
from api.dependencies import JSON_BODY, ResourcesDep, SessionsDep, TenantDep
from api.formats.json import MEDIA_TYPE, write_json
from api.paths import restore_slashes
from api.resources import Resources
from api.responses import problems
from api.schemas.interactions import (
    LINE_EXAMPLE,
    Interactions,
    InteractionsAccepted,
    InteractionsLoaded,
    NewStudentId,
)
from api.schemas.xapi import Statements, StatementsAccepted
from api.security.scopes import ScopedRoute, needs
from api.services import interactions, xapi
from api.services.ingest import NOTHING, Recorded
from api.services.ingest_bulk import MOST_SCORED_AT_ONCE, ModelChanged, Scoring
from api.services.ingest_items import Item, submission_of
from api.services.interactions import Shown
from api.services.refusals import (
    BatchTooLarge,
    BodyTooSlow,
    SkillsUnknown,
    TooManyLoads,
    UploadTooLarge,
    UploadUnsupported,
)

router = APIRouter(tags=["students"], route_class=ScopedRoute)

MOST_WITHOUT_THREAD = 50  # responses whose fate is told on the event loop

NewStudentPath = Annotated[
    NewStudentId,
    BeforeValidator(restore_slashes),
    Path(description="The caller's pseudonymous id of the student; in the address a slash is %2F."),
]
PartialQuery = Annotated[
    bool, Query(description="Store what can be stored, and tell of each response what became of it.")
]
ShownQuery = Annotated[
    Shown, Query(description="Of which skills mastery is told: of those sent, of all, or of none.")
]
ScoringQuery = Annotated[
    Scoring,
    Query(
        description="`deferred`: a worker brings the students' states up to date in the background; "
        "`immediate`: they are before the answer is given, which takes about a millisecond for each student; "
        f"for {MOST_SCORED_AT_ONCE} students at most."
    ),
]
XapiVersion = Annotated[
    str | None,
    Header(
        alias="X-Experience-API-Version",
        pattern=r"^[12]\.0(\.\d+)?$",
        description="Version of xAPI that the statements follow, 1.0 or 2.0.",
    ),
]
XAPI_HEADERS = {
    "X-Experience-API-Version": {"description": "Version that is followed.", "schema": {"type": "string"}}
}

LINES_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            LINES[0]: {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": "One response in JSON on each line.",
                },
                "example": f"{write_json(LINE_EXAMPLE).decode()}\n",
            },
            MEDIA_TYPE: {
                "schema": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/InteractionLine"},
                    "minItems": 1,
                },
                "example": [LINE_EXAMPLE],
            },
        },
    }
}


@router.post(
    "/students/{student_id}/interactions",
    operation_id="record_interactions",
    dependencies=[JSON_BODY],
    summary="Record responses of a student",
    response_model=InteractionsAccepted,
    responses=problems(SkillsUnknown, BatchTooLarge, Busy, BatcherClosed),
)
@needs("ingest")
async def record_interactions(
    student_id: NewStudentPath,
    body: Interactions,
    resources: ResourcesDep,
    tenant: TenantDep,
    partial: PartialQuery = False,
    mastery: ShownQuery = "practised",
) -> Response:
    """One response or a list of up to 1000. A student is added with the first one.

    Responses are identified by `event_id`: sent again they are counted as duplicates and change nothing. They
    may come in any order: a late one takes its place, and the state is worked out anew. While a model serves,
    skills that it does not know are refused, and the answer says where the student stands afterwards.
    Unless `partial` is given, all responses of a request are stored or none.
    """
    items = interactions.check_interactions(body, student_id=student_id)
    recorded = await _record(resources, items, tenant=tenant, is_partial=partial)
    tell = apply(
        interactions.present_recorded, student_id, items, recorded, is_partial=partial, shown=mastery
    )
    # What is long is told in a thread, not where all others wait.
    is_long = mastery == "all" or len(items) > MOST_WITHOUT_THREAD
    content = await run_sync(_write, tell) if is_long else _write(tell)
    return Response(content, media_type=MEDIA_TYPE)


@router.post(
    "/interactions",
    operation_id="load_interactions",
    summary="Load responses of many students",
    response_model=InteractionsLoaded,
    responses=problems(
        SkillsUnknown,
        BatchTooLarge,
        ModelChanged,
        UploadTooLarge,
        UploadUnsupported,
        BodyTooSlow,
        TooManyLoads,
    ),
    openapi_extra=LINES_BODY,
)
@needs("ingest")
async def load_interactions(
    request: Request,
    resources: ResourcesDep,
    sessions: SessionsDep,
    tenant: TenantDep,
    partial: PartialQuery = False,
    scoring: ScoringQuery = "deferred",
) -> Response:
    """A stream of lines (NDJSON), each of them a response with its `student_id`; or a list, if it is short.

    The rules are those of a response of one student. Lines are read while they come, whatever their number
    (up to a limit of the service), and stored in one transaction when all have come. What is refused is named
    by its line. Some loads are taken at one time; one that comes on top is refused (503), to be sent again.
    """
    settings = resources.settings
    items, is_list = await open_items(
        request,
        limit_bytes=settings.bulk_limit_bytes,
        stall_seconds=settings.bulk_stall_seconds,
        wait_seconds=settings.bulk_wait_seconds,
    )
    load = apply(resources.loader.load, sessions, items, is_list=is_list, is_partial=partial, scoring=scoring)
    with resources.loads.hold(tenant):
        # A thread of its own: those that requests share would all wait for bodies that come slowly.
        loaded = await run_sync(load, limiter=CapacityLimiter(1))
    return StreamingResponse(loaded.write(), media_type=MEDIA_TYPE)


@router.post(
    "/xapi/statements",
    operation_id="record_statements",
    dependencies=[JSON_BODY],
    summary="Record xAPI statements",
    response_model=StatementsAccepted,
    responses={200: {"headers": XAPI_HEADERS}, **problems(SkillsUnknown, BatchTooLarge, Busy, BatcherClosed)},
)
@needs("ingest")
async def record_statements(
    body: Statements,
    resources: ResourcesDep,
    sessions: SessionsDep,
    tenant: TenantDep,
    partial: PartialQuery = False,
    version: XapiVersion = None,
) -> Response:
    """Statements that a learner answered or attempted an item are responses like any other: the student is
    the name of the actor's account, the event the statement, the item the object, and `result.success` says
    whether it was right. An account's `homePage` is no part of the student: systems that give the same names
    to different learners need services of their own, each told by `IKT_XAPI_HOME_PAGES` whose accounts it
    follows.

    The skills are those that the categories of the context name, else its parents, else the object itself:
    an IRI stands for the skill of its full text, or of its last segment. All other statements are counted as
    ignored, with the reason; nothing of them is kept.
    """
    check = apply(
        xapi.check_statements,
        body,
        sessions,
        resources.serving,
        home_pages=resources.settings.xapi_home_pages,
    )
    items = await run_sync(check)
    recorded = await _record(resources, items, tenant=tenant, is_partial=partial)
    told = xapi.present_recorded(items, recorded, is_partial=partial)
    headers = {"X-Experience-API-Version": "2.0.0" if version and version.startswith("2") else "1.0.3"}
    return Response(write_json(told), media_type=MEDIA_TYPE, headers=headers)


def _write(tell: Callable[[], dict[str, Any]]) -> bytes:
    return write_json(tell())


async def _record(resources: Resources, items: Sequence[Item], *, tenant: int, is_partial: bool) -> Recorded:
    """Together with whatever else arrives now."""
    submission = submission_of(items, tenant_pk=tenant, is_partial=is_partial)
    return await wrap_future(resources.writer.submit(submission)) if submission.events else NOTHING
