"""/students/{student_id}/mastery"""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from api.dependencies import ReaderDep, ResourcesDep, StudentPath, TenantDep
from api.formats.json import MEDIA_TYPE
from api.reader import Answer, Question
from api.responses import problems
from api.schemas.common import Name
from api.schemas.mastery import MasteryHistoryRead, MasteryRead
from api.security.scopes import ScopedRoute, needs
from api.services import mastery
from api.services.refusals import NoServingModel, SkillUnknown
from db.errors import StudentNotFound

router = APIRouter(prefix="/students", tags=["students"], route_class=ScopedRoute)

ETAG = {
    "description": "Strong tag of the content; sent back in If-None-Match it is answered with 304 "
    "while nothing has changed.",
    "schema": {"type": "string"},
}
CACHED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": ETAG}},
    304: {"description": "The caller has the content.", "headers": {"ETag": ETAG}},
}


@router.get(
    "/{student_id}/mastery",
    operation_id="get_mastery",
    summary="Show what a student masters",
    response_model=MasteryRead,
    responses=CACHED | problems(StudentNotFound, NoServingModel, SkillUnknown),
)
@needs("read")
async def get_mastery(
    student_id: StudentPath,
    request: Request,
    resources: ResourcesDep,
    tenant: TenantDep,
    skill: Annotated[
        list[Name] | None, Query(max_length=1000, description="Only this skill; may be repeated.")
    ] = None,
    if_none_match: Annotated[  # noqa: ARG001
        str | None, Header(description="Tags that the caller has; `*` for any.")
    ] = None,
) -> Response:
    """Ability and, for every skill of the serving model, mastery with its evidence and what explains it.

    As of the last response that has been scored; `n_pending` says how many wait. `docs/mastery.md` has the
    formulas.
    """
    known = tuple(request.headers.getlist("if-none-match"))
    question = Question(tenant, student_id, skills=tuple(skill or ()), if_none_match=known)
    return respond(await resources.reader.read(question))


@router.get(
    "/{student_id}/mastery/history",
    operation_id="get_mastery_history",
    summary="Show how mastery moved",
    responses=problems(StudentNotFound, NoServingModel, SkillUnknown),
)
@needs("read")
def get_mastery_history(
    student_id: StudentPath,
    session: ReaderDep,
    resources: ResourcesDep,
    skill: Annotated[
        list[Name] | None,
        Query(max_length=200, description="Only this skill; may be repeated. Else the 50 practised most."),
    ] = None,
    points: Annotated[
        int,
        Query(
            ge=2,
            le=200,
            description="Most moments, fewer of a very long history; evenly spread, with the last.",
        ),
    ] = 60,
) -> MasteryHistoryRead:
    """What `mastery` would have said after some of the student's responses, skill by skill: a heat map."""
    return mastery.show_history(
        session, resources.inference, student_id=student_id, skills=skill or [], points=points
    )


def respond(answer: Answer) -> Response:
    """The content, or that the caller has it."""
    headers = {"ETag": answer.tag, "Cache-Control": "private, no-cache"}
    if answer.body is None:
        return Response(status_code=304, headers=headers)
    return Response(answer.body, headers=headers, media_type=MEDIA_TYPE)
