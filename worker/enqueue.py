"""Doorbells: messages that wake a worker up to look at a row. The rows are the truth."""

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from celery import Celery
from kombu.exceptions import ChannelError, KombuError
from opentelemetry.trace import SpanKind

from worker.celery_app import create_celery
from worker.logs import event
from worker.settings import QueueName, WorkerSettings
from worker.tracing import carried, stage

if TYPE_CHECKING:
    from worker.jobs import OnEpoch, OnProgress

logger = logging.getLogger(__name__)

JOB_VERSION = 2
"""What workers of this release know. To be raised with a change after which an older worker would do a job
wrong, or fail it: such a worker leaves rows and messages of a higher version to its successors."""

VERSION_HEADER = "job_version"

TRAIN_TASK = "ikt.train"
PROMOTE_TASK = "ikt.promote"
SCORE_TASK = "ikt.score"
ADVANCE_TASK = "ikt.advance"
ERASE_TASK = "ikt.erase"
RETAIN_TASK = "ikt.retain"

CONNECT_SECONDS = 2
WAIT_SECONDS = 0.5
# One second try, in case the pooled connection was the stale one.
RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}


class BrokerUnavailable(Exception):
    """The message could not be handed over; the janitor of a worker will notice the row later."""

    def __init__(self, broker_url: str, reason: Exception) -> None:
        self.broker_url = broker_url
        super().__init__(f"broker {broker_url} took no message: {reason}; is it running?")


def enqueue_training(
    experiment_id: UUID, *, device: str = "auto", settings: WorkerSettings | None = None
) -> None:
    """Ring for a queued experiment. Raises BrokerUnavailable within seconds."""
    _ring(TRAIN_TASK, str(experiment_id), queue=queue_of(device), settings=settings)


def enqueue_promotion(model_id: UUID, *, settings: WorkerSettings | None = None) -> None:
    """Ring for a model that is being promoted. Raises BrokerUnavailable within seconds."""
    _ring(PROMOTE_TASK, str(model_id), queue="bulk", settings=settings)


def enqueue_scoring(*, settings: WorkerSettings | None = None) -> None:
    """Ring for the students who are due under the serving model. Raises BrokerUnavailable within seconds."""
    _ring(SCORE_TASK, queue="bulk", settings=settings)


def enqueue_erasure(*, settings: WorkerSettings | None = None) -> None:
    """Ring for the students who are to be erased from files. Raises BrokerUnavailable within seconds."""
    _ring(ERASE_TASK, queue="bulk", settings=settings)


def enqueue_retention(*, settings: WorkerSettings | None = None) -> None:
    """Ring for what is kept too long. Raises BrokerUnavailable within seconds."""
    _ring(RETAIN_TASK, queue="bulk", settings=settings)


def enqueue_sweep(sweep_id: UUID, *, device: str = "auto", settings: WorkerSettings | None = None) -> None:
    """Ring for a sweep that can go on. Raises BrokerUnavailable within seconds."""
    _ring(ADVANCE_TASK, str(sweep_id), queue=queue_of(device), settings=settings)


def leave_to_janitor(ring: Callable[[], None], **subject: Any) -> Callable[[], None]:
    """The ring as a callback that fails nobody: what no broker takes is rung for again by a janitor."""

    def try_to_ring() -> None:
        try:
            ring()
        except BrokerUnavailable as error:
            logger.warning(event("broker_unavailable", **subject, error=error))

    return try_to_ring


def run_training_here(
    experiment_id: UUID,
    *,
    settings: WorkerSettings | None = None,
    on_epoch: "OnEpoch | None" = None,
    on_progress: "OnProgress | None" = None,
) -> bool:
    """Train a queued experiment in this process, by the same code and rows; False when it was not queued.

    How it ended stands in the row. Ctrl-C cancels it.
    """
    from worker.training import run_experiment

    settings, was_queued = settings or WorkerSettings(), False
    # Again where a store's trouble interrupted it: nobody else may be there to take it up.
    while run_experiment(
        experiment_id, settings=settings, on_epoch=on_epoch, on_progress=on_progress, is_alone=True
    ):
        was_queued = True
    return was_queued


def run_sweep_here(
    sweep_id: UUID,
    *,
    settings: WorkerSettings | None = None,
    on_trial: Callable[[UUID], object] = lambda _: None,
) -> None:
    """Run a sweep in this process, trial by trial, until it has ended; `on_trial` is told of each that ran.

    Workers may take trials meanwhile; theirs are waited for. Ctrl-C cancels the running trial alone.
    """
    from worker.sweeps import queued_trials

    settings = settings or WorkerSettings()
    while (trials := queued_trials(sweep_id, settings=settings)) is not None:
        if trials and run_training_here(trials[0], settings=settings):
            on_trial(trials[0])
        else:
            time.sleep(WAIT_SECONDS)


def queue_of(device: str) -> QueueName:
    """Where messages about jobs on that device go."""
    return "gpu" if device.startswith("cuda") else "cpu"


def _ring(task: str, *arguments: str, queue: QueueName, settings: WorkerSettings | None) -> None:
    settings = settings or WorkerSettings()
    try:
        # The version travels as a header, for workers that know nothing of it take identifiers alone.
        with stage(f"send {task}", kind=SpanKind.PRODUCER):
            headers = {VERSION_HEADER: JOB_VERSION, **carried()}
            sender = _sender(settings)
            sender.send_task(task, args=arguments, queue=queue, ignore_result=True, headers=headers)
    except (KombuError, ChannelError, OSError) as error:
        raise BrokerUnavailable(_shown(settings.broker_url), error) from error


@lru_cache(maxsize=8)
def _sender(settings: WorkerSettings) -> Celery:
    """An application that gives up soon, unlike a worker's, and is kept for its connections."""
    celery = create_celery(lambda: settings)
    celery.conf.update(
        task_publish_retry_policy=RETRY,
        broker_connection_timeout=CONNECT_SECONDS,
    )
    celery.conf.broker_transport_options.update(
        RETRY, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
    )
    return celery


def _shown(broker_url: str) -> str:
    """The address without user and password."""
    scheme, _, rest = broker_url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
