"""The tasks themselves: an identifier comes in at most, everything else is read from rows.

A message of a newer release may say more than this one knows, which is ignored, or ask for a newer worker.
Such a message is dropped: its row stays as it is, and the janitor of a newer worker rings for it again.
"""

import logging
from collections.abc import Callable
from uuid import UUID

from celery import Task
from celery.exceptions import Reject
from opentelemetry.trace import SpanKind

from worker.celery_app import app
from worker.enqueue import (
    ADVANCE_TASK,
    ERASE_TASK,
    JOB_VERSION,
    PROMOTE_TASK,
    RETAIN_TASK,
    SCORE_TASK,
    TRAIN_TASK,
    VERSION_HEADER,
)
from worker.erasure import erase_due
from worker.logs import event
from worker.processes import asked_to_stop, is_shutting_down
from worker.promotion import promote
from worker.retention import let_go
from worker.scoring import score_due
from worker.settings import WorkerSettings
from worker.tracing import flush, received, stage
from worker.training import run_experiment

logger = logging.getLogger(__name__)


def train_task(experiment_id: str) -> None:
    """Train a queued experiment; nothing happens when it is not queued any more."""
    with asked_to_stop() as stop:
        run_experiment(UUID(experiment_id), settings=WorkerSettings(), stop=stop)


def promote_task(model_id: str) -> None:
    """Score every student with a model and let it serve; nothing happens when another worker does."""
    with asked_to_stop() as stop:
        promote(UUID(model_id), settings=WorkerSettings(), stop=stop)


def score_task() -> None:
    """Score the students who are due under the serving model; nothing happens when another worker does."""
    with asked_to_stop() as stop:
        score_due(settings=WorkerSettings(), stop=stop)


def erase_task() -> None:
    """Take students who are to be erased out of files; nothing happens when another worker does."""
    with asked_to_stop() as stop:
        erase_due(settings=WorkerSettings(), stop=stop)


def retain_task() -> None:
    """Let go what is kept too long; nothing happens when another worker just did."""
    with asked_to_stop() as stop:
        let_go(settings=WorkerSettings(), stop=stop)


def advance_task(sweep_id: str) -> None:
    """Queue the trials that a sweep has room for; nothing happens when it has none."""
    # Optuna and the configuration's rules are imported once there is a sweep to advance.
    from worker.sweeps import advance_sweep

    advance_sweep(UUID(sweep_id), settings=WorkerSettings())


def _register(name: str, do: Callable[..., None], *, identifiers: int = 1) -> None:
    def run(task: Task, *arguments: str, **_: object) -> None:
        # Messages of the first release name no version.
        needed = int(task.request.get(VERSION_HEADER) or 1)
        if needed > JOB_VERSION:
            logger.info(event("left_to_newer_worker", task=name, needed=needed, known=JOB_VERSION))
            return
        if is_shutting_down():
            # Nothing would tell this job to end; another worker gets the message.
            logger.info(event("left_to_another_worker", task=name))
            raise Reject("the worker is shutting down", requeue=True)
        try:
            with stage(name, kind=SpanKind.CONSUMER, context=received(task.request)):
                do(*arguments[:identifiers])
        finally:
            flush()

    app.task(run, name=name, bind=True)


_register(TRAIN_TASK, train_task)
_register(PROMOTE_TASK, promote_task)
_register(SCORE_TASK, score_task, identifiers=0)
_register(ADVANCE_TASK, advance_task)
_register(ERASE_TASK, erase_task, identifiers=0)
_register(RETAIN_TASK, retain_task, identifiers=0)
