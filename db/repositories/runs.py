"""Runs of experiments: what workers do while they hold a lease, and the janitor when they lost it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from db.base import utc_now
from db.lifecycle import ExperimentStatus
from db.models import EpochMetrics, Experiment
from db.repositories import leases
from db.repositories.experiments import QUEUED, RUNNING, get_experiment, lock_experiment, move, request_cancel
from db.repositories.upserts import insert_into

DETAIL_LIMIT = 4000
HEARD_SECONDS = 5  # after which a message must have reached a worker that has nothing to do
MOST_TOLD_APART = 8  # attempts; those with more wait equally long


def claim(
    session: Session,
    experiment_id: UUID,
    owner: str,
    *,
    lease_seconds: float,
    job_version: int = leases.FIRST_JOB_VERSION,
    now: datetime | None = None,
) -> Experiment | None:
    """Start a queued experiment, or take over one whose lease has expired; None when there is nothing to do.

    A message that was delivered twice gets None the second time, and so does who is too old for the job.
    """
    now = now or leases.shared_now(session)
    expired = and_(Experiment.status == RUNNING, Experiment.lease_expires_at < now)
    taken = leases.take_lease(
        session,
        Experiment,
        experiment_id,
        is_free=and_(or_(Experiment.status == QUEUED, expired), Experiment.cancel_requested.is_(False)),
        owner=owner,
        lease_seconds=lease_seconds,
        job_version=job_version,
        now=now,
        status=RUNNING,
        started_at=func.coalesce(Experiment.started_at, now),
    )
    return get_experiment(session, experiment_id) if taken else None


def renew_lease(
    session: Session,
    experiment_id: UUID,
    owner: str,
    *,
    lease_seconds: float,
    progress: float | None = None,
    now: datetime | None = None,
) -> bool:
    """Say that the worker is alive; True when it is asked to stop. Raises LeaseLost."""
    now = now or leases.shared_now(session)
    values: dict[str, Any] = {"lease_expires_at": now + timedelta(seconds=lease_seconds), "heartbeat_at": now}
    if progress is not None:
        values["progress"] = progress
    _update_run(session, experiment_id, owner, **values)
    return _is_cancel_requested(session, experiment_id)


def record_environment(
    session: Session,
    experiment_id: UUID,
    owner: str,
    *,
    device_used: str,
    code_version: str | None,
    package_versions: dict[str, str],
) -> None:
    """Note what the worker runs on. Raises LeaseLost."""
    _update_run(
        session,
        experiment_id,
        owner,
        device_used=device_used,
        code_version=code_version,
        package_versions=package_versions,
    )


def record_warnings(session: Session, experiment_id: UUID, owner: str, *, warnings: list[str]) -> None:
    """Note what gives cause to doubt, in place of an earlier attempt's. Raises LeaseLost."""
    _update_run(session, experiment_id, owner, warnings=warnings)


def record_epoch(
    session: Session,
    experiment_id: UUID,
    owner: str,
    *,
    epoch: int,
    metrics: dict[str, Any],
    seconds: float,
    now: datetime | None = None,
) -> bool:
    """Store what an epoch measured; True when the worker is asked to stop. Raises LeaseLost.

    A job that resumes from its checkpoint may repeat an epoch: the later record replaces the earlier.
    """
    now = now or leases.shared_now(session)
    done = case((Experiment.epochs_done < epoch, epoch), else_=Experiment.epochs_done)
    _update_run(session, experiment_id, owner, epochs_done=done, heartbeat_at=now)
    insert = insert_into(session, EpochMetrics).values(
        experiment_id=experiment_id, epoch=epoch, metrics=metrics, seconds=seconds, recorded_at=now
    )
    columns = ("metrics", "seconds", "recorded_at")
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["experiment_id", "epoch"], set_={name: insert.excluded[name] for name in columns}
        ).execution_options(populate_existing=True)
    )
    return _is_cancel_requested(session, experiment_id)


def finish(session: Session, experiment_id: UUID, owner: str, *, metrics: dict[str, Any]) -> None:
    """Running → succeeded, with the final metrics. Raises LeaseLost."""
    _end_run(session, experiment_id, owner, ExperimentStatus.SUCCEEDED, metrics=metrics, progress=1.0)


def fail(session: Session, experiment_id: UUID, owner: str, *, error_type: str, detail: str) -> None:
    """Running → failed, with a short text; the traceback belongs in the log. Raises LeaseLost."""
    _end_run(
        session,
        experiment_id,
        owner,
        ExperimentStatus.FAILED,
        error_type=error_type,
        error_detail=detail[:DETAIL_LIMIT],
    )


def mark_cancelled(session: Session, experiment_id: UUID, owner: str) -> None:
    """Running → cancelled, once the worker has stopped. Raises LeaseLost."""
    _end_run(session, experiment_id, owner, ExperimentStatus.CANCELLED)


def mark_pruned(session: Session, experiment_id: UUID, owner: str) -> None:
    """Running → pruned: the sweep saw enough of this trial; its epochs stay. Raises LeaseLost."""
    _end_run(session, experiment_id, owner, ExperimentStatus.PRUNED)


def release(session: Session, experiment_id: UUID, owner: str) -> None:
    """Running → queued by a worker that shuts down in good order; that attempt does not count.

    One that was to be cancelled is. Raises LeaseLost.
    """
    _update_run(
        session,
        experiment_id,
        owner,
        status=QUEUED,
        attempt=Experiment.attempt - 1,
        rung_at=leases.shared_now(session),
        rings=0,
        **leases.NO_LEASE,
    )
    if _is_cancel_requested(session, experiment_id):
        request_cancel(session, experiment_id)


def interrupt(session: Session, experiment_id: UUID, owner: str, *, error_type: str, detail: str) -> bool:
    """Running → queued after an error that may pass; True when it waits again. That attempt counts.

    One that was to be cancelled is, and one out of attempts fails with that error. Raises LeaseLost.
    """
    now = leases.shared_now(session)
    _update_run(session, experiment_id, owner, heartbeat_at=now)
    experiment = lock_experiment(session, experiment_id)
    is_queued = _queue_again(experiment, error_type=error_type, detail=detail, now=now)
    session.flush()
    return is_queued


def requeue_expired(session: Session, now: datetime | None = None) -> list[UUID]:
    """Take running experiments away from silent workers; the ids that are queued again and want a ring.

    Those that were to be cancelled are, and those out of attempts fail.
    """
    now = now or leases.shared_now(session)
    expired = leases.lock_expired(session, Experiment, held=RUNNING, now=now)
    requeued = [
        experiment.id
        for experiment in expired
        if _queue_again(
            experiment, error_type=leases.WORKER_LOST, detail=leases.worker_lost_detail(experiment), now=now
        )
    ]
    session.flush()
    return requeued


def _queue_again(experiment: Experiment, *, error_type: str, detail: str, now: datetime) -> bool:
    """Running → queued, unless it was to be cancelled or is out of attempts."""
    experiment.lease_owner = experiment.lease_expires_at = None
    if not experiment.cancel_requested and experiment.attempt < experiment.max_attempts:
        move(experiment, QUEUED)
        # The more attempts in vain, the longer until the janitor rings: what is broken may need its time.
        experiment.rung_at, experiment.rings = now, experiment.attempt - 1
        return True
    experiment.finished_at = now
    if experiment.cancel_requested:
        move(experiment, ExperimentStatus.CANCELLED)
    else:
        move(experiment, ExperimentStatus.FAILED)
        experiment.error_type, experiment.error_detail = error_type, detail[:DETAIL_LIMIT]
    return False


def list_overdue(
    session: Session, *, job_version: int = leases.FIRST_JOB_VERSION, limit: int = 100
) -> Sequence[Experiment]:
    """Queued experiments that a worker with nothing to do should have heard of, longest wait first.

    Unlike `list_unrung` it does not matter how often they were rung for, only how often they failed.
    """
    now = leases.shared_now(session)
    fresh = and_(Experiment.attempt == 0, Experiment.rung_at <= now - timedelta(seconds=HEARD_SECONDS))
    failed = [
        and_(Experiment.attempt == attempt, Experiment.rung_at <= now - leases.ring_delay(attempt - 1))
        for attempt in range(1, MOST_TOLD_APART)
    ]
    many = and_(
        Experiment.attempt >= MOST_TOLD_APART,
        Experiment.rung_at <= now - leases.ring_delay(MOST_TOLD_APART),
    )
    statement = (
        select(Experiment)
        .where(Experiment.status == QUEUED, Experiment.job_version <= job_version, or_(fresh, *failed, many))
        .order_by(Experiment.rung_at, Experiment.id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def list_unrung(
    session: Session, now: datetime | None = None, *, job_version: int = leases.FIRST_JOB_VERSION
) -> list[Experiment]:
    """Queued experiments whose doorbell is due again."""
    waiting = Experiment.status == QUEUED
    return leases.list_due(
        session, Experiment, waiting=waiting, job_version=job_version, now=now or leases.shared_now(session)
    )


def mark_rung(session: Session, experiments: Sequence[Experiment], *, now: datetime | None = None) -> None:
    """Note that messages about these experiments went out; the next ones wait twice as long."""
    leases.mark_rung(session, Experiment, experiments, now=now or leases.shared_now(session))


def _update_run(session: Session, experiment_id: UUID, owner: str, **values: Any) -> None:
    leases.update_held(session, Experiment, experiment_id, owner=owner, held=RUNNING, **values)


def _end_run(
    session: Session, experiment_id: UUID, owner: str, status: ExperimentStatus, **values: Any
) -> None:
    _update_run(
        session, experiment_id, owner, status=status, finished_at=utc_now(), **leases.NO_LEASE, **values
    )


def _is_cancel_requested(session: Session, experiment_id: UUID) -> bool:
    return session.scalars(select(Experiment.cancel_requested).where(Experiment.id == experiment_id)).one()
