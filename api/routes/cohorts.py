"""/cohorts"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.dependencies import JSON_BODY, CursorQuery, LimitQuery, ReaderDep, ResourcesDep, SessionDep
from api.paging import link_next
from api.responses import PAGE, problems
from api.schemas.cohorts import CohortMasteryRead, CohortName, CohortPage, CohortRead, Members
from api.schemas.interactions import Timestamp
from api.schemas.students import StudentId
from api.security.scopes import ScopedRoute, needs
from api.services import cohorts
from api.services.refusals import CohortTooSmall, NoServingModel
from db.errors import BadCursor, CohortNotFound, StudentsNotFound

router = APIRouter(prefix="/cohorts", tags=["cohorts"], route_class=ScopedRoute)

CohortPath = Annotated[
    CohortName, Path(description="The caller's name of the cohort; in the address a slash is %2F.")
]


@router.get("", operation_id="list_cohorts", summary="List cohorts", responses=PAGE | problems(BadCursor))
@needs("read")
def list_cohorts(
    session: ReaderDep,
    request: Request,
    response: Response,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> CohortPage:
    """By name, with their sizes."""
    return link_next(request, response, cohorts.list_cohorts(session, cursor=cursor, limit=limit))


@router.get(
    "/mastery",
    operation_id="get_cohort_mastery",
    summary="Show what a group of students masters",
    responses=problems(NoServingModel, CohortNotFound, StudentsNotFound, CohortTooSmall),
)
@needs("read")
def get_cohort_mastery(
    session: ReaderDep,
    resources: ResourcesDep,
    cohort: Annotated[CohortName | None, Query(description="Only students of this cohort.")] = None,
    student_id: Annotated[
        list[StudentId] | None, Query(max_length=1000, description="Only this student; may be repeated.")
    ] = None,
    active_since: Annotated[
        Timestamp | None, Query(description="Only students with a response at that time or later.")
    ] = None,
) -> CohortMasteryRead:
    """Mean mastery per skill with its spread, of all students that meet every condition given.

    Groups of fewer than ten students (a setting) are not told of: a mean over them would show single ones.
    """
    return cohorts.show_mastery(
        session,
        resources.serving,
        cohort=cohort,
        student_ids=student_id,
        active_since=active_since,
        minimum=resources.settings.minimum_cohort,
    )


@router.put(
    "/{cohort}/students",
    operation_id="set_cohort",
    dependencies=[JSON_BODY],
    summary="Say who is in a cohort",
    responses=problems(StudentsNotFound),
)
@needs("ingest")
def set_cohort(cohort: CohortPath, body: Members, session: SessionDep) -> CohortRead:
    """The whole list: it takes the place of the one before. A student may be in several cohorts."""
    return cohorts.set_members(session, cohort, body.student_ids)


@router.delete(
    "/{cohort}",
    operation_id="delete_cohort",
    summary="Forget a cohort",
    status_code=204,
    responses=problems(CohortNotFound),
)
@needs("ingest")
def delete_cohort(cohort: CohortPath, session: SessionDep) -> None:
    """Its students stay."""
    cohorts.delete_cohort(session, cohort)
