"""An experiment's way through a worker: claim, run, and leave an ending in its row."""

import logging
from threading import Event
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from db.artifacts import checkpoint_key
from db.engine import after_commit, session_scope
from db.errors import LeaseLost
from db.repositories import runs
from worker.enqueue import JOB_VERSION, enqueue_training, leave_to_janitor
from worker.failures import describe_failure, find_passing_reason
from worker.jobs import JobPruned, JobStopped, OnEpoch, OnProgress, TrainingJob
from worker.leases import Heartbeat, new_owner
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import Stores, open_stores

logger = logging.getLogger(__name__)


def run_experiment(
    experiment_id: UUID,
    *,
    settings: WorkerSettings,
    stop: Event | None = None,
    on_epoch: OnEpoch | None = None,
    on_progress: OnProgress | None = None,
    is_alone: bool = False,
) -> bool:
    """Train a queued experiment; False when there was nothing to claim, so a repeated message trains nothing.

    How it ended stands in the row; after a trial its sweep goes on. Setting `stop` gives a running experiment
    back to the queue. With `is_alone` no other worker is rung for.
    """
    owner = new_owner()
    with open_stores(settings) as stores:
        with session_scope(stores.sessions) as session:
            experiment = runs.claim(
                session,
                experiment_id,
                owner,
                lease_seconds=settings.lease_seconds,
                job_version=JOB_VERSION,
            )
        if experiment is None:
            logger.info(event("experiment_not_claimed", experiment_id=experiment_id))
            return False
        stores = stores.of(experiment.tenant_pk)
        logger.info(event("experiment_claimed", experiment_id=experiment_id, attempt=experiment.attempt))
        with _heartbeat(experiment_id, owner, settings=settings, stores=stores, stop=stop) as heartbeat:
            job = TrainingJob(
                experiment=experiment,
                owner=owner,
                settings=settings,
                stores=stores,
                heartbeat=heartbeat,
                on_epoch=on_epoch,
                on_progress=on_progress,
            )
            _run_quietly(job)
        # By now the training has imported what this needs.
        from worker.sweeps import advance_after

        advance_after(stores.sessions, experiment, settings=settings, is_alone=is_alone)
    return True


def _heartbeat(
    experiment_id: UUID, owner: str, *, settings: WorkerSettings, stores: Stores, stop: Event | None
) -> Heartbeat:
    def renew(progress: float) -> bool:
        with session_scope(stores.sessions) as session:
            return runs.renew_lease(
                session, experiment_id, owner, lease_seconds=settings.lease_seconds, progress=progress
            )

    return Heartbeat(experiment_id, renew, seconds=settings.heartbeat_seconds, stop=stop)


def _run_quietly(job: TrainingJob) -> None:
    try:
        _run(job)
    except LeaseLost:
        # The experiment is somebody else's by now, or gone: nothing of ours may be written.
        logger.warning(event("lease_lost", experiment_id=job.id, owner=job.owner))


def _run(job: TrainingJob) -> None:
    try:
        # PyTorch costs seconds and memory, so it is imported once there is a job to do.
        from worker.fitting import fit

        fit(job)
    except LeaseLost:
        raise
    except JobStopped:
        _end_stopped(job)
    except JobPruned:
        _prune(job)
    except KeyboardInterrupt:
        _cancel(job)
        raise
    except SystemExit:
        _release(job)
        raise
    except Exception as error:
        if job.heartbeat.is_lost:  # whoever has it now may have removed what this attempt worked with
            raise LeaseLost(job.id, owner=job.owner) from error
        reason = find_passing_reason(error)
        if reason is not None:
            _interrupt(job, reason)
        else:
            logger.exception(event("experiment_failed", experiment_id=job.id, error=type(error).__name__))
            _fail(job, error)


def _end_stopped(job: TrainingJob) -> None:
    if job.heartbeat.is_lost:
        raise LeaseLost(job.id, owner=job.owner)
    if job.heartbeat.is_cancelled:
        _cancel(job)
    else:
        _release(job)


def _cancel(job: TrainingJob) -> None:
    with session_scope(job.stores.sessions) as session:
        runs.mark_cancelled(session, job.id, job.owner)
    logger.info(event("experiment_cancelled", experiment_id=job.id))


def _prune(job: TrainingJob) -> None:
    with session_scope(job.stores.sessions) as session:
        runs.mark_pruned(session, job.id, job.owner)
    logger.info(event("experiment_pruned", experiment_id=job.id))
    try:
        job.stores.artifacts.delete(checkpoint_key(job.id))
    except OSError as error:
        logger.warning(event("checkpoint_not_deleted", experiment_id=job.id, error=error))


def _release(job: TrainingJob) -> None:
    def ring() -> None:
        enqueue_training(job.id, device=job.experiment.device, settings=job.settings)

    with session_scope(job.stores.sessions) as session:
        runs.release(session, job.id, job.owner)
        after_commit(session, leave_to_janitor(ring, experiment_id=job.id))
    logger.info(event("experiment_released", experiment_id=job.id))


def _interrupt(job: TrainingJob, reason: Exception) -> None:
    logger.exception(event("experiment_interrupted", experiment_id=job.id, error=type(reason).__name__))
    try:
        # Nobody rings: the janitor does after a while, in which the store may come back.
        with session_scope(job.stores.sessions) as session:
            is_queued = runs.interrupt(session, job.id, job.owner, **describe_failure(reason))
    except SQLAlchemyError as error:
        # Then the lease runs out, and a janitor queues the job again.
        logger.warning(event("lease_left", experiment_id=job.id, error=type(error).__name__))
    else:
        logger.info(event("interruption_recorded", experiment_id=job.id, queued=is_queued))


def _fail(job: TrainingJob, error: Exception) -> None:
    with session_scope(job.stores.sessions) as session:
        runs.fail(session, job.id, job.owner, **describe_failure(error))
