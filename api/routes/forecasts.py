"""/students/{student_id}/predictions and /students/{student_id}/recommendations"""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import JSON_BODY, ReaderDep, ResourcesDep, StudentPath
from api.responses import problems
from api.schemas.predictions import MOST_HYPOTHETICAL, PredictionsCreate, PredictionsRead
from api.schemas.recommendations import Aim, RecommendationsRead
from api.security.scopes import ScopedRoute, needs
from api.services import predictions, recommendations
from api.services.refusals import BatchTooLarge, NoServingModel, SkillsUnknown
from db.errors import StudentNotFound

router = APIRouter(prefix="/students", tags=["students"], route_class=ScopedRoute)


@router.post(
    "/{student_id}/predictions",
    operation_id="predict_student",
    dependencies=[JSON_BODY],
    summary="Ask what if",
    responses=problems(StudentNotFound, NoServingModel, SkillsUnknown, BatchTooLarge),
)
@needs("read")
def predict_student(
    student_id: StudentPath, body: PredictionsCreate, session: ReaderDep, resources: ResourcesDep
) -> PredictionsRead:
    """Probability and mastery of some skills as things are, and after responses that nobody has given.

    Nothing is stored. All responses that are known are included, also those that wait to be scored.
    """
    if len(body.responses) > MOST_HYPOTHETICAL:
        raise BatchTooLarge(MOST_HYPOTHETICAL, remedy="suppose fewer")
    return predictions.predict(
        session, resources.serving, resources.inference, student_id=student_id, wanted=body
    )


@router.get(
    "/{student_id}/recommendations",
    operation_id="recommend_skills",
    summary="Recommend what to practise next",
    responses=problems(StudentNotFound, NoServingModel),
)
@needs("read")
def recommend_skills(
    student_id: StudentPath,
    session: ReaderDep,
    resources: ResourcesDep,
    by: Annotated[
        Aim,
        Query(
            description="`learning`: what one response is expected to add to the mastery of its skill; "
            "`information`: what it would tell of the ability."
        ),
    ] = "learning",
    limit: Annotated[int, Query(ge=1, le=100, description="Most skills.")] = 10,
) -> RecommendationsRead:
    """The most worthwhile skills first, each with the numbers behind it.

    By `learning` all responses that are known are included; by `information` those that have been scored.
    """
    return recommendations.recommend(
        session, resources.serving, resources.inference, student_id=student_id, by=by, limit=limit
    )
