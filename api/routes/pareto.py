"""/pareto and /sweeps/{sweep_id}/pareto: the front of two metrics, as data and as a figure"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AcceptHeader, ReaderDep, SweepId
from api.formats.pareto_svg import SVG, draw_pareto
from api.negotiation import choose_media_type
from api.responses import problems
from api.schemas.common import PLAIN_TEXT
from api.schemas.pareto import ParetoRead
from api.security.scopes import ScopedRoute, needs
from api.security_headers import CSP, NOTHING
from api.services import pareto
from api.services.pareto import DEFAULT_X, DEFAULT_Y, METRICS
from api.services.refusals import ExperimentsUnfinished, NotAcceptable, PointsRefused
from db.errors import ExperimentNotFound, SweepNotFound

router = APIRouter(tags=["sweeps"], route_class=ScopedRoute)

JSON = "application/json"
# Opened by itself, a figure may set the styles that stand in it, and nothing else.
SVG_HEADERS = {"Vary": "Accept", CSP: f"{NOTHING}; style-src 'unsafe-inline'"}
SVG_EXAMPLE = '<svg xmlns="http://www.w3.org/2000/svg" width="460pt" height="316pt"></svg>'
FIGURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The points and the front; Accept or `format` chooses between JSON and a figure",
        "content": {SVG: {"schema": {"type": "string"}, "example": SVG_EXAMPLE}},
    }
}

# What no metric is called is refused by the service, which says what there are.
ONE_OF_THEM: dict[str, Any] = {"enum": list(METRICS)}
XQuery = Annotated[
    str,
    Query(
        max_length=100,
        pattern=PLAIN_TEXT,
        description="Metric of the horizontal axis.",
        json_schema_extra=ONE_OF_THEM,
    ),
]
YQuery = Annotated[
    str,
    Query(
        max_length=100,
        pattern=PLAIN_TEXT,
        description="Metric of the vertical axis.",
        json_schema_extra=ONE_OF_THEM,
    ),
]
FormatQuery = Annotated[
    Literal["json", "svg"] | None, Query(description="How to answer, whatever Accept says.")
]


@router.get(
    "/sweeps/{sweep_id}/pareto",
    operation_id="get_sweep_pareto",
    summary="Show what a sweep's trials gain and give up",
    response_model=ParetoRead,
    responses=FIGURE | problems(SweepNotFound, PointsRefused, NotAcceptable),
)
@needs("read")
def get_sweep_pareto(
    sweep_id: SweepId,
    session: ReaderDep,
    response: Response,
    x: XQuery = DEFAULT_X,
    y: YQuery = DEFAULT_Y,
    format: FormatQuery = None,
    accept: AcceptHeader = None,
) -> ParetoRead | Response:
    """The trials that have succeeded so far, and which of them no other one beats in both metrics."""
    media_type = _media_type(format, accept)
    return _answer(response, pareto.front_of_sweep(session, sweep_id, x=x, y=y), media_type)


@router.get(
    "/pareto",
    operation_id="get_pareto",
    summary="Show what experiments gain and give up",
    response_model=ParetoRead,
    responses=FIGURE | problems(ExperimentNotFound, ExperimentsUnfinished, PointsRefused, NotAcceptable),
)
@needs("read")
def get_pareto(
    session: ReaderDep,
    response: Response,
    experiment: Annotated[
        list[UUID], Query(min_length=1, max_length=200, description="An experiment; may be repeated.")
    ],
    x: XQuery = DEFAULT_X,
    y: YQuery = DEFAULT_Y,
    format: FormatQuery = None,
    accept: AcceptHeader = None,
) -> ParetoRead | Response:
    """The same for any experiments that have succeeded."""
    media_type = _media_type(format, accept)
    return _answer(response, pareto.front_of_experiments(session, experiment, x=x, y=y), media_type)


def _media_type(format: str | None, accept: str | None) -> str:
    return {"json": JSON, "svg": SVG}[format] if format else choose_media_type(accept, (JSON, SVG))


def _answer(response: Response, front: ParetoRead, media_type: str) -> ParetoRead | Response:
    response.headers["Vary"] = "Accept"
    if media_type == SVG:
        return Response(draw_pareto(front), media_type=SVG, headers=SVG_HEADERS)
    return front
