"""News of one experiment, in the order in which they happen."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import anyio
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError

from api.principal import StillLetIn
from api.schemas.experiments import EpochRead
from db.engine import SessionFactory, read_scope
from db.errors import ExperimentNotFound
from db.repositories import experiments

logger = logging.getLogger(__name__)

UNAVAILABLE_SECONDS = 2.0  # until a database that did not answer is asked again
MOST_POLL_SECONDS = 5.0  # however seldom news are looked for, a listener who may not listen is sent away


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of news; those with an id can be asked for again."""

    name: str
    data: dict[str, Any]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    state: dict[str, Any]
    is_terminal: bool
    epochs: list[EpochRead]


async def follow_experiment(
    sessions: SessionFactory,
    experiment_id: UUID,
    *,
    after_epoch: int,
    poll_seconds: float,
    still_let_in: StillLetIn,
) -> AsyncIterator[Event]:
    """Epochs later than `after_epoch` and changes of state, until the experiment has ended.

    Nothing more is told to whoever is not let in any more: without an `end` they come again, and are refused.
    """
    read: Callable[[int], _Snapshot] = partial(_read, sessions, experiment_id)
    told: dict[str, Any] | None = None
    while await still_let_in():
        try:
            snapshot = await run_sync(read, after_epoch)
        except ExperimentNotFound:
            yield Event("end", {"experiment_id": str(experiment_id), "status": "deleted"})
            return
        except SQLAlchemyError as error:
            # The listener would only come again; the stream says that it is alive until there is news.
            logger.warning("news wait for the database: experiment_id=%s reason=%r", experiment_id, error)
            await anyio.sleep(UNAVAILABLE_SECONDS)
            continue
        for epoch in snapshot.epochs:
            after_epoch = epoch.epoch
            yield Event("epoch", epoch.model_dump(mode="json"), id=str(epoch.epoch))
        if snapshot.is_terminal:
            yield Event("end", snapshot.state)
            return
        if snapshot.state != told:
            told = snapshot.state
            yield Event("progress", snapshot.state)
        await anyio.sleep(min(poll_seconds, MOST_POLL_SECONDS))


def _read(sessions: SessionFactory, experiment_id: UUID, after_epoch: int) -> _Snapshot:
    with read_scope(sessions) as session:
        experiment = experiments.get_experiment(session, experiment_id)
        rows = experiments.list_epoch_metrics(session, experiment_id, after_epoch=after_epoch)
        state = {
            "experiment_id": str(experiment.id),
            "status": experiment.status.value,
            "progress": experiment.progress,
            "epochs_done": experiment.epochs_done,
            "epochs": experiment.epochs,
            "attempt": experiment.attempt,
            "metrics": experiment.metrics,
            "error": experiment.error_type,
        }
        return _Snapshot(
            state=state,
            is_terminal=experiment.status.is_terminal,
            epochs=[EpochRead.model_validate(row) for row in rows],
        )
