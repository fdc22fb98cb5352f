"""/students"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.dependencies import CursorQuery, LimitQuery, ReaderDep, ResourcesDep, SessionDep
from api.paging import link_next
from api.responses import PAGE, problems
from api.schemas.common import Name
from api.schemas.students import (
    InteractionCreate,
    Interactions,
    InteractionsAccepted,
    MasteryHistoryRead,
    MasteryRead,
    StudentId,
    StudentPage,
    StudentRead,
    TrajectoryRead,
)
from api.services import mastery, students
from api.services.refusals import NoServingModel, SkillUnknown
from db.errors import BadCursor, StudentNotFound

router = APIRouter(prefix="/students", tags=["students"])

StudentPath = Annotated[
    StudentId, Path(description="The caller's pseudonymous id of the student; a slash in it is sent as %2F.")
]


@router.get("", operation_id="list_students", summary="List students", responses=PAGE | problems(BadCursor))
def list_students(
    session: ReaderDep,
    request: Request,
    response: Response,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> StudentPage:
    """In the order in which they were first seen."""
    return link_next(request, response, students.list_students(session, cursor=cursor, limit=limit))


@router.get(
    "/{student_id}",
    operation_id="get_student",
    summary="Show a student",
    responses=problems(StudentNotFound),
)
def get_student(student_id: StudentPath, session: ReaderDep) -> StudentRead:
    """How many responses are known, and since when."""
    return students.get_student(session, student_id)


@router.delete(
    "/{student_id}",
    operation_id="delete_student",
    summary="Forget a student",
    status_code=204,
    responses=problems(StudentNotFound),
)
def delete_student(student_id: StudentPath, session: SessionDep) -> None:
    """With every response and state. What trained models learned from datasets is not touched."""
    students.delete_student(session, student_id)


@router.post(
    "/{student_id}/interactions",
    operation_id="record_interactions",
    summary="Record responses of a student",
)
def record_interactions(
    student_id: StudentPath, body: Interactions, session: SessionDep, resources: ResourcesDep
) -> InteractionsAccepted:
    """One response or a list of up to 1000. A student is added with the first one.

    Responses are identified by `event_id`: sent again they are counted as duplicates and change nothing.
    While a model serves, the answer says where the student stands afterwards.
    """
    interactions = [body] if isinstance(body, InteractionCreate) else body
    return students.record_interactions(
        session, resources.sessions, resources.inference, student_id=student_id, interactions=interactions
    )


@router.get(
    "/{student_id}/mastery",
    operation_id="get_mastery",
    summary="Show what a student masters",
    responses=problems(StudentNotFound, NoServingModel, SkillUnknown),
)
def get_mastery(
    student_id: StudentPath,
    session: ReaderDep,
    resources: ResourcesDep,
    skill: Annotated[
        list[Name] | None, Query(max_length=1000, description="Only this skill; may be repeated.")
    ] = None,
) -> MasteryRead:
    """Ability and, for every skill of the serving model, mastery with its evidence."""
    return mastery.show_mastery(session, resources.inference, student_id=student_id, skills=skill or [])


@router.get(
    "/{student_id}/mastery/history",
    operation_id="get_mastery_history",
    summary="Show how mastery moved",
    responses=problems(StudentNotFound, NoServingModel, SkillUnknown),
)
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


@router.get(
    "/{student_id}/trajectory",
    operation_id="get_trajectory",
    summary="Show a student's way",
    responses=PAGE | problems(StudentNotFound, NoServingModel, BadCursor),
)
def get_trajectory(
    student_id: StudentPath,
    session: ReaderDep,
    resources: ResourcesDep,
    request: Request,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most steps on one page.")] = 200,
    cursor: CursorQuery = None,
) -> TrajectoryRead:
    """One step per response: ability after it, and what was expected before it."""
    found = mastery.show_trajectory(
        session, resources.inference, student_id=student_id, cursor=cursor, limit=limit
    )
    return link_next(request, response, found)
