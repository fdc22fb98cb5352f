"""Promotion: every student is scored with the new model before it answers for anybody."""

import logging
from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import after_commit, session_scope
from db.errors import LeaseLost
from db.models import Model
from db.repositories import models, states
from db.repositories.states import StateBatch
from worker.chunks import Chunk, Counted, chunk_size, read_chunks, score_chunks
from worker.enqueue import JOB_VERSION, enqueue_promotion, enqueue_scoring, leave_to_janitor
from worker.failures import describe_failure, find_passing_reason
from worker.leases import Heartbeat, new_owner
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import Stores, open_stores
from worker.tracing import stage

if TYPE_CHECKING:
    from ikt_model.inference import Engine

logger = logging.getLogger(__name__)

# Where students never stop answering, no pass finds all of them scored. Whoever answers after the last pass
# is due, and scored right after the flip.
MOST_PASSES = 5


def promote(model_id: UUID, *, settings: WorkerSettings, stop: Event | None = None) -> bool:
    """Score all students, then let the model serve; False when there was nothing to claim.

    With `stop` set it ends between two chunks and is given back, for another worker to go on from there.
    """
    owner = new_owner()
    with open_stores(settings) as stores:
        with session_scope(stores.sessions) as session:
            model = models.claim_promotion(
                session,
                model_id,
                owner,
                lease_seconds=settings.lease_seconds,
                job_version=JOB_VERSION,
            )
        if model is None:
            logger.info(event("promotion_not_claimed", model_id=model_id))
            return False
        stores = stores.of(model.tenant_pk)
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
        with stage("score", model_id=model.id):
            _score_everybody(model, owner, stores=stores, heartbeat=heartbeat)
        if heartbeat.is_lost:
            raise LeaseLost(model.id, owner=owner)
        if heartbeat.must_stop:
            _release(model.id, owner, settings=settings, stores=stores)
        else:
            with stage("flip", model_id=model.id):
                _flip(model.id, owner, settings=settings, stores=stores)
    except LeaseLost:
        logger.warning(event("lease_lost", model_id=model.id, owner=owner))
    except Exception as error:
        if find_passing_reason(error) and model.attempt < model.max_attempts:
            # The lease runs out, and another worker goes on where this one came to.
            logger.exception(event("promotion_interrupted", model_id=model.id, error=type(error).__name__))
            return
        logger.exception(event("promotion_failed", model_id=model.id, error=type(error).__name__))
        with session_scope(stores.sessions) as session:
            models.fail_promotion(session, model.id, owner, **describe_failure(error))


def _score_everybody(model: Model, owner: str, *, stores: Stores, heartbeat: Heartbeat) -> None:
    """Pass after pass over all students, until one finds nobody to score."""
    from ikt_model.inference import Engine

    engine = Engine.load(stores.artifacts.fetch(model.artifact))
    after = model.scored_through or 0
    for number in range(1, MOST_PASSES + 1):
        n_scored = _pass(model.id, owner, engine, stores=stores, heartbeat=heartbeat, after=after)
        logger.info(event("students_scored", model_id=model.id, number=number, students=n_scored))
        if heartbeat.must_stop or not (n_scored or after):
            return
        after = 0


def _pass(
    model_id: UUID, owner: str, engine: "Engine", *, stores: Stores, heartbeat: Heartbeat, after: int
) -> int:
    def store(chunk: Chunk, batch: StateBatch | None) -> None:
        with session_scope(stores.sessions) as session:
            if batch is not None:
                states.upsert_states(session, batch)
            models.note_scored_through(session, model_id, owner, chunk.last)

    def list_students(session: Session, after: int, limit: int) -> Sequence[Counted]:
        return states.list_students_after(session, after, limit=limit)

    size = chunk_size(len(engine.skills))
    chunks = read_chunks(stores.sessions, model_id, list_students, size=size, after=after)
    return score_chunks(engine, chunks, model_id=model_id, store=store, must_stop=lambda: heartbeat.must_stop)


def _flip(model_id: UUID, owner: str, *, settings: WorkerSettings, stores: Stores) -> None:
    def ring() -> None:
        enqueue_scoring(settings=settings)

    with session_scope(stores.sessions) as session:
        models.flip(session, model_id, owner=owner)
        after_commit(session, leave_to_janitor(ring, model_id=model_id))
    logger.info(event("model_serving", model_id=model_id))


def _release(model_id: UUID, owner: str, *, settings: WorkerSettings, stores: Stores) -> None:
    def ring() -> None:
        enqueue_promotion(model_id, settings=settings)

    with session_scope(stores.sessions) as session:
        models.release_promotion(session, model_id, owner)
        after_commit(session, leave_to_janitor(ring, model_id=model_id))
    logger.info(event("promotion_released", model_id=model_id))
