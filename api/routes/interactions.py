"""Doors for responses: of one student, of many in bulk, and as xAPI statements."""

from asyncio import wrap_future
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.batching import BatcherClosed
from api.dependencies import ResourcesDep
from api.formats.json import MEDIA_TYPE, write_json
from api.responses import problems
from api.schemas.interactions import Interactions, InteractionsAccepted, NewStudentId
from api.services import interactions
from api.services.ingest_items import submission_of
from api.services.interactions import NOTHING, Shown
from api.services.refusals import BatchTooLarge, SkillsUnknown

router = APIRouter(tags=["students"])

NewStudentPath = Annotated[
    NewStudentId,
    Path(description="The caller's pseudonymous id of the student; a slash in it is sent as %2F."),
]
PartialQuery = Annotated[
    bool, Query(description="Store what can be stored, and tell of each response what became of it.")
]
ShownQuery = Annotated[
    Shown, Query(description="Of which skills mastery is told: of those sent, of all, or of none.")
]


@router.post(
    "/students/{student_id}/interactions",
    operation_id="record_interactions",
    summary="Record responses of a student",
    response_model=InteractionsAccepted,
    responses=problems(SkillsUnknown, BatchTooLarge, BatcherClosed),
)
async def record_interactions(
    student_id: NewStudentPath,
    body: Interactions,
    resources: ResourcesDep,
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
    submission = submission_of(items, is_partial=partial)
    recorded = await wrap_future(resources.writer.submit(submission)) if submission.events else NOTHING
    told = interactions.present_recorded(student_id, items, recorded, is_partial=partial, shown=mastery)
    return Response(write_json(told), media_type=MEDIA_TYPE)
