"""/models and /skills"""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import CursorQuery, LimitQuery, ModelId, ReaderDep, ResourcesDep, SessionDep
from api.paging import link_next
from api.responses import LOCATION, PAGE, RETRY_AFTER, problems
from api.schemas.models import ModelPage, ModelRead, SkillList
from api.security.scopes import ScopedRoute, needs
from api.services import models
from api.services.refusals import ModelWithoutAbility, NoServingModel
from db.errors import BadCursor, IllegalMove, ModelNotFound

router = APIRouter(route_class=ScopedRoute)

ModelState = Literal["candidate", "promoting", "serving", "retired"]


@router.get(
    "/models",
    operation_id="list_models",
    summary="List models",
    tags=["models"],
    responses=PAGE | problems(BadCursor),
)
@needs("read")
def list_models(
    session: ReaderDep,
    request: Request,
    response: Response,
    status: Annotated[ModelState | None, Query(description="Only those in this state.")] = None,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> ModelPage:
    """Newest first. Every experiment that succeeds leaves one."""
    found = models.list_models(session, status=status, cursor=cursor, limit=limit)
    return link_next(request, response, found)


@router.get(
    "/models/{model_id}",
    operation_id="get_model",
    summary="Show a model",
    tags=["models"],
    responses=problems(ModelNotFound),
)
@needs("read")
def get_model(model_id: ModelId, session: ReaderDep) -> ModelRead:
    """With its state and the metrics of its experiment."""
    return models.get_model(session, model_id)


@router.post(
    "/models/{model_id}/promote",
    operation_id="promote_model",
    summary="Let a model answer for students",
    tags=["models"],
    responses={
        200: {"description": "It serves now"},
        202: {
            "model": ModelRead,
            "description": "A worker scores the students first; the old model answers until then",
            "headers": {"Location": LOCATION, "Retry-After": RETRY_AFTER},
        },
        **problems(ModelNotFound, IllegalMove, ModelWithoutAbility),
    },
)
@needs("train")
def promote_model(
    model_id: ModelId, session: SessionDep, resources: ResourcesDep, response: Response
) -> ModelRead:
    """The model that served so far is retired at the same moment. Asking again is harmless."""
    model = models.promote_model(session, resources.doorbell, model_id)
    if model.status != "serving":
        response.status_code = 202
        response.headers["Location"] = model.links["self"]
        response.headers["Retry-After"] = str(resources.settings.retry_after_seconds)
    return model


@router.get(
    "/skills",
    operation_id="list_skills",
    summary="List skills with their difficulty",
    tags=["skills"],
    responses=problems(ModelNotFound, NoServingModel),
)
@needs("read")
def list_skills(
    session: ReaderDep,
    model_id: Annotated[UUID | None, Query(description="Default: the serving model.")] = None,
) -> SkillList:
    """On the scale of the model's reference, with standard errors."""
    return models.list_skills(session, model_id=model_id)
