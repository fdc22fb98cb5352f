"""/comparisons"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AcceptHeader, ResourcesDep, SessionsDep
from api.formats.comparison_html import HTML, style_of, write_html
from api.formats.comparison_markdown import MARKDOWN, write_markdown
from api.negotiation import choose_media_type
from api.responses import problems
from api.schemas.comparisons import ComparisonRead
from api.security.scopes import ScopedRoute, needs
from api.security_headers import CSP, NOTHING, source_of
from api.services import comparisons
from api.services.refusals import DatasetsDiffer, ExperimentsUnfinished, KindsMixed, NotAcceptable
from db.errors import ExperimentNotFound

router = APIRouter(tags=["comparisons"], route_class=ScopedRoute)

JSON = "application/json"
MARKDOWN_EXAMPLE = (
    "## Prediction\n\n| figure | l23-mean | l23-pointwise | Δ |\n| --- | ---: | ---: | ---: |\n"
)
HTML_EXAMPLE = '<!doctype html><html lang="en"><title>l23-mean against l23-pointwise</title></html>'
FORMATS = {"json": JSON, "md": MARKDOWN, "html": HTML}

OFFERED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Every figure of every experiment; Accept or `format` chooses how it is written",
        "content": {
            MARKDOWN: {"schema": {"type": "string"}, "example": MARKDOWN_EXAMPLE},
            HTML: {"schema": {"type": "string"}, "example": HTML_EXAMPLE},
        },
    }
}


@router.get(
    "/comparisons",
    operation_id="compare_experiments",
    summary="Compare experiments or cross-validations",
    response_model=ComparisonRead,
    responses=OFFERED
    | problems(ExperimentNotFound, ExperimentsUnfinished, KindsMixed, DatasetsDiffer, NotAcceptable),
)
@needs("read")
def compare_experiments(
    resources: ResourcesDep,
    sessions: SessionsDep,
    response: Response,
    baseline: Annotated[UUID, Query(description="The experiment or cross-validation to compare with.")],
    candidate: Annotated[
        list[UUID], Query(min_length=1, max_length=20, description="Another of its kind; may be repeated.")
    ],
    format: Annotated[
        Literal["json", "md", "html"] | None, Query(description="How to answer, whatever Accept says.")
    ] = None,
    accept: AcceptHeader = None,
) -> ComparisonRead | Response:
    """Experiments that have succeeded, side by side, with changes, verdicts, criteria and findings.

    Of cross-validations over the same folds the means are compared: an interval is that of the mean of
    the folds' differences.

    Where two of them predicted the same responses, changes in prediction have an interval: students are
    resampled in pairs. A change whose interval holds 0 is called the same. Intervals are found once, and kept
    as long as both experiments are.

    As HTML it is one file that needs nothing else, to be read, printed or sent on.
    """
    media_type = FORMATS[format] if format else choose_media_type(accept, tuple(FORMATS.values()))
    comparison = comparisons.compare_experiments(
        sessions, resources.store, baseline=baseline, candidates=candidate
    )
    vary = {"Vary": "Accept"}
    if media_type == MARKDOWN:
        return Response(write_markdown(comparison), media_type=MARKDOWN, headers=vary)
    if media_type == HTML:
        page = write_html(comparison)
        # The page holds everything that it needs, and a name in it can do nothing.
        policy = {CSP: f"{NOTHING}; style-src {source_of(style_of(page))}"}
        return Response(page, media_type=HTML, headers=vary | policy)
    response.headers.update(vary)
    return comparisons.present_comparison(comparison)
