"""Scoring of the students who are due: the serving model has yet to see responses of theirs."""

import logging
from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from db.engine import session_scope
from db.models import Model
from db.repositories import scoring, states
from db.repositories.states import StateBatch
from worker.chunks import Chunk, Counted, chunk_size, read_chunks, score_chunks
from worker.enqueue import JOB_VERSION, enqueue_scoring, leave_to_janitor
from worker.leases import Heartbeat, new_owner
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import Stores, open_stores

if TYPE_CHECKING:
    from ikt_model.inference import Engine

logger = logging.getLogger(__name__)


def score_due(*, settings: WorkerSettings, stop: Event | None = None) -> int:
    """Score who is due, tenant after tenant, until nobody is; how many students were scored.

    Nothing happens to a tenant without a serving model, or while another worker is at it. With `stop` set it
    ends between two chunks and rings for another worker.
    """
    owner, n_scored = new_owner(), 0
    seen: list[UUID] = []
    with open_stores(settings) as stores:
        while (model := _claim(owner, seen, settings=settings, stores=stores)) is not None:
            seen.append(model.id)
            own = stores.of(model.tenant_pk)
            with _heartbeat(model.id, owner, settings=settings, stores=own, stop=stop) as heartbeat:
                try:
                    n_scored += _score(model, stores=own, heartbeat=heartbeat)
                finally:
                    with session_scope(own.sessions) as session:
                        scoring.release_scoring(session, model.id, owner)
            if heartbeat.must_stop:  # a shutdown, or another model serves by now
                leave_to_janitor(lambda: enqueue_scoring(settings=settings), owner=owner)()
                break
    if not seen:
        logger.info(event("scoring_not_claimed"))
    return n_scored


def _claim(owner: str, seen: Sequence[UUID], *, settings: WorkerSettings, stores: Stores) -> Model | None:
    """The next tenant's serving model: each once, for marks may stay while another is being promoted."""
    with session_scope(stores.sessions) as session:
        return scoring.claim_scoring(
            session, owner, lease_seconds=settings.lease_seconds, job_version=JOB_VERSION, besides=seen
        )


def _heartbeat(
    model_id: UUID, owner: str, *, settings: WorkerSettings, stores: Stores, stop: Event | None
) -> Heartbeat:
    def renew(_: float) -> bool:
        with session_scope(stores.sessions) as session:
            scoring.renew_scoring(session, model_id, owner, lease_seconds=settings.lease_seconds)
        return False

    return Heartbeat(model_id, renew, seconds=settings.heartbeat_seconds, stop=stop)


def _score(model: Model, *, stores: Stores, heartbeat: Heartbeat) -> int:
    """Walk after walk over the marked students, until one finds nobody to score."""
    from ikt_model.inference import Engine

    engine = Engine.load(stores.artifacts.fetch(model.artifact))
    n_scored = 0
    while n_walk := _walk(model.id, engine, stores=stores, heartbeat=heartbeat):
        n_scored += n_walk
    logger.info(event("due_students_scored", model_id=model.id, students=n_scored))
    return n_scored


def _walk(model_id: UUID, engine: "Engine", *, stores: Stores, heartbeat: Heartbeat) -> int:
    """How many students are up to date by it.

    One with fewer responses than were counted never is. They do not count, or walks would have no end while
    a model is promoted and marks stay.
    """
    n_miscounted = 0

    def list_due(session: Session, after: int, limit: int) -> Sequence[Counted]:
        return states.list_due(session, after=after, limit=limit)

    def store(chunk: Chunk, batch: StateBatch | None) -> None:
        nonlocal n_miscounted
        if batch is not None:
            n_miscounted += _count_miscounted(chunk, batch)
            with session_scope(stores.sessions) as session:
                states.upsert_states(session, batch)
        # On its own: who ingests locks students before their states, and locks must not be taken crosswise.
        with session_scope(stores.sessions) as session:
            states.clear_due(session, model_id, chunk.listed)

    chunks = read_chunks(stores.sessions, model_id, list_due, size=chunk_size(len(engine.skills)))
    n_scored = score_chunks(
        engine, chunks, model_id=model_id, store=store, must_stop=lambda: heartbeat.must_stop
    )
    if n_miscounted:
        logger.warning(event("responses_missing", model_id=model_id, students=n_miscounted))
    return n_scored - n_miscounted


def _count_miscounted(chunk: Chunk, batch: StateBatch) -> int:
    """Students whose responses are fewer than what the same snapshot counted."""
    counted = dict(chunk.listed)
    expected = np.array([counted[pk] for pk in chunk.stale], np.int64)
    return int((batch.n_interactions < expected).sum())
