"""/students"""

from itertools import chain, islice

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.dependencies import (
    CursorQuery,
    LimitQuery,
    PrincipalDep,
    ReaderDep,
    ResourcesDep,
    SessionDep,
    SessionsDep,
    StudentPath,
)
from api.formats.json import MEDIA_TYPE
from api.paging import link_next
from api.responses import PAGE, problems
from api.schemas.exports import StudentExport
from api.schemas.students import StudentPage, StudentRead
from api.security.scopes import ScopedRoute, needs
from api.services import exports, students
from db.errors import BadCursor, StudentNotFound

router = APIRouter(prefix="/students", tags=["students"], route_class=ScopedRoute)

BLOCKS_AT_ONCE = 5  # of an export: longer ones are sent as they are read


@router.get("", operation_id="list_students", summary="List students", responses=PAGE | problems(BadCursor))
@needs("read")
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
@needs("read")
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
@needs("admin")
def delete_student(
    student_id: StudentPath, session: SessionDep, resources: ResourcesDep, principal: PrincipalDep
) -> None:
    """With every response, state and cohort, at once; a worker takes them out of datasets and predictions.

    Models that have learned from them stay, and say so. `GET /erasures` tells when all is done.
    """
    students.delete_student(session, resources.doorbell, principal, student_id, forget=resources.forget)


@router.get(
    "/{student_id}/export",
    operation_id="export_student",
    summary="Export all that is known of a student",
    response_model=StudentExport,
    responses=problems(StudentNotFound),
)
@needs("admin")
def export_student(student_id: StudentPath, sessions: SessionsDep, resources: ResourcesDep) -> Response:
    """One document: the student, their cohorts, what each model makes of them, every response, what datasets
    and held-out predictions hold of them, and who has looked at them when.

    Also of somebody who is in datasets alone.
    """
    pieces = exports.export_student(sessions, resources.store, student_id)
    first = list(islice(pieces, BLOCKS_AT_ONCE))
    headers = {"Content-Disposition": 'attachment; filename="student.json"'}
    if len(first) < BLOCKS_AT_ONCE:
        return Response(b"".join(first), media_type=MEDIA_TYPE, headers=headers)
    return StreamingResponse(chain(first, pieces), media_type=MEDIA_TYPE, headers=headers)
