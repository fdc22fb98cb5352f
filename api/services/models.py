"""Models and their skills; one model serves at a time."""

from uuid import UUID

from sqlalchemy.orm import Session

from api.doorbell import Doorbell
from api.schemas.experiments import RunError
from api.schemas.models import ModelPage, ModelRead, ModelReference, SkillList, SkillRead
from api.services.experiments import tell_erased
from api.services.refusals import ModelWithoutAbility, NoServingModel
from db.lifecycle import ModelStatus
from db.models import Model
from db.repositories import models, states
from worker.enqueue import JOB_VERSION


def list_models(session: Session, *, status: str | None, cursor: str | None, limit: int) -> ModelPage:
    """Newest first."""
    wanted = ModelStatus(status) if status else None
    page = models.list_models(session, status=wanted, cursor=cursor, limit=limit)
    return ModelPage(items=[present(row) for row in page.items], next_cursor=page.next_cursor)


def get_model(session: Session, model_id: UUID) -> ModelRead:
    """Raises ModelNotFound."""
    return present(models.get_model(session, model_id))


def promote_model(session: Session, doorbell: Doorbell, model_id: UUID) -> ModelRead:
    """Let a model answer for students: at once when nobody waits to be scored, else a worker scores first.

    Promoting the serving model changes nothing. Raises ModelNotFound, IllegalMove, ModelWithoutAbility.
    """
    model = models.get_model(session, model_id)
    if model.metrics.get("theta_mean", 0.0) is None:
        raise ModelWithoutAbility(model_id)
    if model.status == ModelStatus.SERVING:
        return present(model)
    model = models.start_promotion(session, model_id, job_version=JOB_VERSION)
    is_held = model.lease_owner is not None
    if is_held or states.list_students_after(session, 0, limit=1):
        if not is_held:
            doorbell.ring_promotion(session, model_id)
        return present(model)
    return present(models.flip(session, model_id))


def list_skills(session: Session, *, model_id: UUID | None) -> SkillList:
    """Skills of a model, the serving one when none is named. Raises ModelNotFound, NoServingModel."""
    model = models.get_model(session, model_id) if model_id else get_serving(session)
    items = [
        SkillRead(
            name=skill.name,
            difficulty=skill.difficulty,
            difficulty_standard_error=skill.standard_error,
            n_responses=skill.n_responses,
        )
        for skill in models.list_skills(session, model.id)
    ]
    return SkillList(model=refer_to(model), items=items)


def get_serving(session: Session) -> Model:
    """The model that answers for students. Raises NoServingModel."""
    model = models.find_serving_model(session)
    if model is None:
        raise NoServingModel
    return model


def refer_to(model: Model) -> ModelReference:
    """How answers name the model that gave them."""
    return ModelReference(
        id=model.id,
        name=model.name,
        version=f"{model.name}@{model.id.hex[-8:]}",
        experiment_id=model.experiment_id,
        promoted_at=model.promoted_at,
    )


def present(model: Model) -> ModelRead:
    """The model as callers see it."""
    return ModelRead(
        id=model.id,
        name=model.name,
        experiment_id=model.experiment_id,
        status=model.status.value,
        metrics=model.metrics,
        error=RunError(type=model.error_type, detail=model.error_detail) if model.error_type else None,
        trained_on_erased=model.erased_students,
        warnings=tell_erased(model.erased_students),
        created_at=model.created_at,
        promoted_at=model.promoted_at,
        links={
            "self": f"/models/{model.id}",
            "experiment": f"/experiments/{model.experiment_id}",
            "skills": f"/skills?model_id={model.id}",
        },
    )
