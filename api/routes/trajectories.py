"""/students/{student_id}/trajectory"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import AcceptHeader, CursorQuery, ReaderDep, ResourcesDep, StudentPath
from api.formats import json, tables
from api.formats.trajectories import present_steps
from api.negotiation import choose_media_type
from api.paging import link_next
from api.responses import LINK, problems
from api.schemas.trajectories import STEPS_CSV, TrajectoryRead
from api.security.scopes import ScopedRoute, needs
from api.services.refusals import NoServingModel, NotAcceptable, PagesRefused
from api.services.trajectories import Page, choose_points, refuse_pages, turn_to_page
from db.errors import BadCursor, StudentNotFound

router = APIRouter(prefix="/students", tags=["students"], route_class=ScopedRoute)

VARY = {"Vary": "Accept"}
WRITERS = {tables.CSV: tables.write_csv, tables.ARROW: tables.write_arrow}
TRAJECTORY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One step per response; Accept chooses between JSON, CSV and an Arrow stream",
        "headers": {"Link": LINK},
        "content": {
            tables.CSV: {"schema": {"type": "string"}, "example": STEPS_CSV},
            tables.ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.get(
    "/{student_id}/trajectory",
    operation_id="get_trajectory",
    summary="Show a student's way",
    response_model=TrajectoryRead,
    responses=TRAJECTORY | problems(StudentNotFound, NoServingModel, BadCursor, NotAcceptable, PagesRefused),
)
@needs("read")
def get_trajectory(
    student_id: StudentPath,
    session: ReaderDep,
    resources: ResourcesDep,
    request: Request,
    limit: Annotated[
        int | None, Query(ge=1, le=1000, description="Most steps on one page; 200 unless given.")
    ] = None,
    cursor: CursorQuery = None,
    points: Annotated[
        int | None,
        Query(
            ge=2,
            le=10_000,
            description="Most steps in all, evenly spread, the first and the last among them; in place of "
            "pages.",
        ),
    ] = None,
    accept: AcceptHeader = None,
) -> Response:
    """One step per response: ability after it, and what was expected before it.

    JSON comes in pages, or in so many `points`; CSV and Arrow are whole, or of so many points.
    """
    media_type = choose_media_type(accept, (json.MEDIA_TYPE, *WRITERS))
    if points is not None:
        refuse_pages(cursor=cursor, limit=limit, instead="points")
    elif media_type != json.MEDIA_TYPE:
        refuse_pages(cursor=cursor, limit=limit, instead=media_type)
    way = resources.trajectories.find_way(session, student_id)
    chosen = choose_points(way.steps, points)
    if media_type != json.MEDIA_TYPE:
        return Response(WRITERS[media_type](chosen), media_type=media_type, headers=VARY)
    page = Page(chosen) if points else turn_to_page(chosen, cursor=cursor, limit=limit)
    told = {
        "student_id": way.student_id,
        "model": way.model.model_dump(mode="json"),
        "n_interactions": way.steps.num_rows,
        "items": present_steps(page.steps),
        "next_cursor": page.next_cursor,
    }
    response = Response(json.write_json(told), media_type=media_type, headers=VARY)
    link_next(request, response, page)
    return response
