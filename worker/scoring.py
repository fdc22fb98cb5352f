"""Promotion: every student is scored with the new model before it answers for anybody."""

import logging
from threading import Event
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from db.engine import after_commit, read_scope, session_scope
from db.errors import LeaseLost
from db.models import Interaction, Model
from db.repositories import models, students
from db.repositories.students import NewState
from worker.enqueue import BrokerUnavailable, enqueue_promotion
from worker.failures import describe_failure
from worker.leases import Heartbeat, new_owner
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import Stores, open_stores

if TYPE_CHECKING:
    from ikt_model.inference import Predictor

logger = logging.getLogger(__name__)

STUDENTS_PER_CHUNK = 200
# A student erased between being read and being scored spoils a chunk; then the chunk is read again.
CHUNK_TRIES = 3


def promote(model_id: UUID, *, settings: WorkerSettings, stop: Event | None = None) -> bool:
    """Score all students, then let the model serve; False when there was nothing to claim.

    With `stop` set it ends between two chunks and is given back, for another worker to go on.
    """
    owner = new_owner()
    with open_stores(settings) as stores:
        with session_scope(stores.sessions) as session:
            model = models.claim_promotion(session, model_id, owner, lease_seconds=settings.lease_seconds)
        if model is None:
            logger.info(event("promotion_not_claimed", model_id=model_id))
            return False
        with _heartbeat(model_id, owner, settings=settings, stores=stores, stop=stop) as heartbeat:
            _promote(model, owner, settings=settings, stores=stores, heartbeat=heartbeat)
    return True


def _heartbeat(
    model_id: UUID, owner: str, *, settings: WorkerSettings, stores: Stores, stop: Event | None
) -> Heartbeat:
    def renew(_: float) -> bool:
        with session_scope(stores.sessions) as session:
            models.renew_promotion(session, model_id, owner, lease_seconds=settings.lease_seconds)
        return False

    return Heartbeat(model_id, renew, seconds=settings.heartbeat_seconds, stop=stop)


def _promote(
    model: Model, owner: str, *, settings: WorkerSettings, stores: Stores, heartbeat: Heartbeat
) -> None:
    try:
        if not _score_all(model, stores=stores, heartbeat=heartbeat):
            _release(model.id, owner, settings=settings, stores=stores)
            return
        with session_scope(stores.sessions) as session:
            models.flip(session, model.id, owner=owner)
        logger.info(event("model_serving", model_id=model.id))
    except LeaseLost:
        logger.warning(event("lease_lost", model_id=model.id, owner=owner))
    except Exception as error:
        logger.exception(event("promotion_failed", model_id=model.id, error=type(error).__name__))
        with session_scope(stores.sessions) as session:
            models.fail_promotion(session, model.id, owner, **describe_failure(error))


def _release(model_id: UUID, owner: str, *, settings: WorkerSettings, stores: Stores) -> None:
    def ring() -> None:
        try:
            enqueue_promotion(model_id, settings=settings)
        except BrokerUnavailable as error:
            logger.warning(event("broker_unavailable", model_id=model_id, error=error))

    with session_scope(stores.sessions) as session:
        models.release_promotion(session, model_id, owner)
        after_commit(session, ring)
    logger.info(event("promotion_released", model_id=model_id))


def _score_all(model: Model, *, stores: Stores, heartbeat: Heartbeat) -> bool:
    """Score in chunks until one is not full: then all who waited have been scored. False when stopped."""
    from ikt_model.inference import Predictor

    predictor = Predictor.load(stores.artifacts.fetch(model.artifact))
    n_scored, n_chunk = 0, STUDENTS_PER_CHUNK
    while n_chunk == STUDENTS_PER_CHUNK:
        if heartbeat.must_stop:
            logger.info(event("promotion_stopped", model_id=model.id, students=n_scored))
            return False
        n_chunk = _score_chunk(model.id, predictor, stores=stores)
        n_scored += n_chunk
    logger.info(event("students_scored", model_id=model.id, students=n_scored))
    return True


def _score_chunk(model_id: UUID, predictor: "Predictor", *, stores: Stores) -> int:
    for remaining in reversed(range(CHUNK_TRIES)):
        states = _score_stale(model_id, predictor, stores=stores)
        try:
            with session_scope(stores.sessions) as session:
                students.upsert_states(session, states)
            break
        except IntegrityError:
            if not remaining:
                raise
    return len(states)


def _score_stale(model_id: UUID, predictor: "Predictor", *, stores: Stores) -> list[NewState]:
    """States of the next students whose state under the model is missing or old."""
    from ikt_model.inference import History

    # One snapshot: a student's count and history belong together.
    with read_scope(stores.sessions) as session:
        stale = students.list_stale_students(session, model_id, limit=STUDENTS_PER_CHUNK)
        histories = students.list_histories(session, [student.id for student in stale])
    asked = [_ordered(histories[student.id]) for student in stale]
    scored = predictor.states([History(skills=skills, responses=responses) for skills, responses in asked])
    return [
        NewState(
            student_pk=student.id,
            model_id=model_id,
            theta=state.theta,
            theta_reference=state.theta_reference,
            theta_reference_sd=state.theta_reference_sd,
            mastery=state.mastery.tolist(),
            probability=state.probability.tolist(),
            mastery_reference=state.mastery_reference.tolist(),
            n_interactions=student.n_interactions,
            as_of=histories[student.id][-1].occurred_at,
        )
        for student, state in zip(stale, scored, strict=True)
    ]


def _ordered(history: list[Interaction]) -> tuple[list[list[str]], list[int]]:
    skills = [[str(skill) for skill in interaction.skills] for interaction in history]
    return skills, [int(interaction.correct) for interaction in history]
