"""Sweeps: searches over settings, advanced trial by trial by whoever sees that one may be queued."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, and_, func, or_, select, type_coerce
from sqlalchemy.orm import Session, joinedload

from db.base import utc_now
from db.errors import IllegalMove, SweepNotFound
from db.lifecycle import ExperimentStatus, SweepStatus, is_allowed
from db.models import EpochMetrics, Experiment, Sweep
from db.repositories import leases
from db.repositories.experiments import add_experiment, request_cancel
from db.repositories.paging import Page, read_page
from db.repositories.submissions import insert_submission

IN_FLIGHT = (ExperimentStatus.QUEUED, ExperimentStatus.RUNNING)


def add_sweep(session: Session, **values: Any) -> Sweep:
    """Store a sweep without any trial. Raises DatasetNotFound, DuplicateIdempotencyKey."""
    return insert_submission(session, Sweep(**values))


def get_sweep(session: Session, sweep_id: UUID) -> Sweep:
    """The sweep as it stands now. Raises SweepNotFound."""
    return _get(session, sweep_id, lock=False)


def _get(session: Session, sweep_id: UUID, *, lock: bool) -> Sweep:
    statement = select(Sweep).where(Sweep.id == sweep_id)
    if lock:
        statement = statement.with_for_update()
    sweep = session.scalar(statement.execution_options(populate_existing=True))
    if sweep is None:
        raise SweepNotFound(sweep_id)
    return sweep


def list_sweeps(
    session: Session,
    *,
    status: SweepStatus | None = None,
    dataset_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Sweep]:
    """Newest first."""
    statement = select(Sweep)
    if status is not None:
        statement = statement.where(Sweep.status == status)
    if dataset_id is not None:
        statement = statement.where(Sweep.dataset_id == dataset_id)
    return read_page(session, statement, key=Sweep.id, parse=UUID, cursor=cursor, limit=limit)


def list_trials(session: Session, sweep_ids: Sequence[UUID]) -> Sequence[Experiment]:
    """The experiments of these sweeps as they stand now, in the order of their numbers."""
    statement = (
        select(Experiment)
        .where(Experiment.sweep_id.in_(sweep_ids))
        .options(joinedload(Experiment.dataset))
        .order_by(Experiment.sweep_id, Experiment.trial)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()


def count_trials(session: Session, sweep_ids: Sequence[UUID]) -> Mapping[UUID | None, Mapping[str, int]]:
    """How many trials of each of these sweeps are in which state."""
    statement = (
        select(Experiment.sweep_id, Experiment.status, func.count())
        .where(Experiment.sweep_id.in_(sweep_ids))
        .group_by(Experiment.sweep_id, Experiment.status)
    )
    found: dict[UUID | None, dict[str, int]] = {sweep_id: {} for sweep_id in sweep_ids}
    for sweep_id, status, count in session.execute(statement):
        found[sweep_id][status.value] = count
    return found


def epoch_values(session: Session, sweep_id: UUID, metric: str) -> Mapping[UUID, Mapping[int, float]]:
    """What each epoch of each trial measured of one metric; epochs without a number are left out."""
    # An epoch measures dozens of figures, and there may be thousands of epochs: only one figure is sent.
    value = type_coerce(EpochMetrics.metrics, JSON)[metric].as_float()
    statement = (
        select(EpochMetrics.experiment_id, EpochMetrics.epoch, value)
        .join(Experiment, EpochMetrics.experiment_id == Experiment.id)
        .where(Experiment.sweep_id == sweep_id, value.is_not(None))
    )
    found: dict[UUID, dict[int, float]] = defaultdict(dict)
    for experiment_id, epoch, measured in session.execute(statement):
        found[experiment_id][epoch] = measured
    return found


def add_trial(session: Session, sweep_id: UUID, *, number: int, **values: Any) -> Experiment | None:
    """Queue the trial of that number; None when it is not its turn (any more). Raises SweepNotFound.

    `values` are those of `add_experiment` that the sweep's row does not say.
    """
    sweep = _get(session, sweep_id, lock=True)
    if sweep.status.is_terminal or sweep.n_created != number or number >= sweep.n_trials:
        return None
    if _count_in_flight(session, sweep_id) >= sweep.parallel:
        return None
    experiment = add_experiment(
        session,
        name=f"{sweep.name} #{number}",
        dataset_id=sweep.dataset_id,
        fold=sweep.fold,
        exclude_folds=sweep.exclude_folds,
        preset=sweep.preset,
        device=sweep.device,
        sweep_id=sweep_id,
        trial=number,
        **values,
    )
    sweep.n_created = number + 1
    sweep.rung_at, sweep.rings = utc_now(), 0
    session.flush()
    return experiment


def refuse_trial(
    session: Session, sweep_id: UUID, *, number: int, error_type: str, detail: str, **values: Any
) -> Experiment | None:
    """The same for settings that do not go together: the trial is there, and has failed."""
    experiment = add_trial(session, sweep_id, number=number, **values)
    if experiment is not None:
        experiment.status = ExperimentStatus.FAILED
        experiment.error_type, experiment.error_detail = error_type, detail
        experiment.finished_at = utc_now()
        session.flush()
    return experiment


def finish_if_over(session: Session, sweep_id: UUID) -> bool:
    """Running → succeeded or failed, once its last trial has ended; whether that was now.

    It succeeded when at least one trial did. Raises SweepNotFound.
    """
    sweep = _get(session, sweep_id, lock=True)
    over = sweep.n_created >= sweep.n_trials and not _count_in_flight(session, sweep_id)
    if sweep.status.is_terminal or not over:
        return False
    succeeded = select(Experiment.id).where(
        Experiment.sweep_id == sweep_id, Experiment.status == ExperimentStatus.SUCCEEDED
    )
    any_succeeded = session.scalars(succeeded.limit(1)).first() is not None
    _end(sweep, SweepStatus.SUCCEEDED if any_succeeded else SweepStatus.FAILED)
    session.flush()
    return True


def fail_sweep(session: Session, sweep_id: UUID, *, error_type: str, detail: str) -> bool:
    """Running → failed: no further trial is queued, those in flight end as they may; whether that was now.

    Raises SweepNotFound.
    """
    sweep = _get(session, sweep_id, lock=True)
    if sweep.status.is_terminal:
        return False
    _end(sweep, SweepStatus.FAILED)
    sweep.error_type, sweep.error_detail = error_type, detail
    session.flush()
    return True


def cancel_sweep(session: Session, sweep_id: UUID) -> Sweep:
    """No further trial is queued, and those in flight are cancelled. Raises SweepNotFound, IllegalMove.

    Asking again is harmless.
    """
    sweep = _get(session, sweep_id, lock=True)
    if sweep.status != SweepStatus.CANCELLED:
        _end(sweep, SweepStatus.CANCELLED)
    in_flight = select(Experiment.id).where(Experiment.sweep_id == sweep_id, Experiment.status.in_(IN_FLIGHT))
    for experiment_id in session.scalars(in_flight.order_by(Experiment.id)).all():
        cancel_if_active(session, experiment_id)
    session.flush()
    return sweep


def cancel_if_active(session: Session, experiment_id: UUID) -> None:
    """Cancel an experiment, unless it ended a moment ago."""
    try:
        request_cancel(session, experiment_id)
    except IllegalMove:
        return


def list_unrung_sweeps(
    session: Session, now: datetime | None = None, *, job_version: int = leases.FIRST_JOB_VERSION
) -> list[Sweep]:
    """Sweeps that could move on, and whose doorbell is due again."""
    in_flight = (
        select(func.count())
        .select_from(Experiment)
        .where(Experiment.sweep_id == Sweep.id, Experiment.status.in_(IN_FLIGHT))
        .scalar_subquery()
    )
    has_room: ColumnElement[bool] = and_(Sweep.n_created < Sweep.n_trials, in_flight < Sweep.parallel)
    waiting = and_(Sweep.status == SweepStatus.RUNNING, or_(has_room, in_flight == 0))
    return leases.list_due(
        session, Sweep, waiting=waiting, job_version=job_version, now=now or leases.shared_now(session)
    )


def mark_sweeps_rung(session: Session, sweeps: Sequence[Sweep], *, now: datetime | None = None) -> None:
    """Note that messages about these sweeps went out; the next ones wait twice as long."""
    leases.mark_rung(session, Sweep, sweeps, now=now or leases.shared_now(session))


def _count_in_flight(session: Session, sweep_id: UUID) -> int:
    statement = (
        select(func.count())
        .select_from(Experiment)
        .where(Experiment.sweep_id == sweep_id, Experiment.status.in_(IN_FLIGHT))
    )
    return session.scalars(statement).one()


def _end(sweep: Sweep, status: SweepStatus) -> None:
    if not is_allowed(sweep.status, status):
        raise IllegalMove(kind="sweep", identifier=sweep.id, status=sweep.status, target=status)
    sweep.status, sweep.finished_at = status, utc_now()
