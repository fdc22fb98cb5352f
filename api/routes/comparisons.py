"""/comparisons"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.dependencies import AcceptHeader, ResourcesDep
from api.formats.comparison_markdown import MARKDOWN, write_markdown
from api.negotiation import choose_media_type
from api.responses import problems
from api.schemas.comparisons import ComparisonRead
from api.services import comparisons
from api.services.refusals import ExperimentsUnfinished, KindsMixed, NotAcceptable
from db.errors import ExperimentNotFound

router = APIRouter(tags=["comparisons"])

JSON = "application/json"
MARKDOWN_EXAMPLE = (
    "## Prediction\n\n| Metric | l23-mean | l23-pointwise | Δ |\n| --- | ---: | ---: | ---: |\n"
)


@router.get(
    "/comparisons",
    operation_id="compare_experiments",
    summary="Compare experiments or cross-validations",
    response_model=ComparisonRead,
    responses={
        200: {
            "description": "Every metric of every experiment; Accept chooses between JSON and Markdown",
            "content": {MARKDOWN: {"schema": {"type": "string"}, "example": MARKDOWN_EXAMPLE}},
        },
        **problems(ExperimentNotFound, ExperimentsUnfinished, KindsMixed, NotAcceptable),
    },
)
def compare_experiments(
    resources: ResourcesDep,
    response: Response,
    baseline: Annotated[UUID, Query(description="The experiment or cross-validation to compare with.")],
    candidate: Annotated[
        list[UUID], Query(min_length=1, max_length=20, description="Another of its kind; may be repeated.")
    ],
    accept: AcceptHeader = None,
) -> ComparisonRead | Response:
    """Experiments that have succeeded, side by side, with changes, verdicts and targets.

    Of cross-validations over the same folds the means are compared: an interval is that of the mean of
    the folds' differences.

    Where two of them predicted the same responses, changes in prediction have an interval: students are
    resampled in pairs. A change whose interval holds 0 is called the same.
    """
    media_type = choose_media_type(accept, (JSON, MARKDOWN))
    comparison = comparisons.compare_experiments(
        resources.sessions, resources.store, baseline=baseline, candidates=candidate
    )
    response.headers["Vary"] = "Accept"
    if media_type == MARKDOWN:
        return Response(write_markdown(comparison), media_type=MARKDOWN, headers={"Vary": "Accept"})
    return ComparisonRead.model_validate(comparison.to_dict())
