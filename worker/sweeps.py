"""Sweeps, one step at a time: whoever sees that a trial may be queued queues it, and nobody keeps driving."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.engine import SessionFactory, after_commit, read_scope, session_scope
from db.errors import SweepNotFound
from db.lifecycle import SETTINGS_REFUSED, ExperimentStatus
from db.models import Experiment, Sweep
from db.repositories import sweeps
from ikt_model.config import fingerprint_of, merge_settings, resolve_config
from ikt_model.search import Direction, Point, Trial, is_hopeless, next_point, with_settings
from ikt_model.settings import TrainingSettings
from worker.enqueue import JOB_VERSION, enqueue_training, leave_to_janitor
from worker.failures import describe_failure
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import open_stores

logger = logging.getLogger(__name__)

_STATES: Mapping[ExperimentStatus, Literal["running", "succeeded", "pruned", "failed"]] = {
    ExperimentStatus.QUEUED: "running",
    ExperimentStatus.RUNNING: "running",
    ExperimentStatus.SUCCEEDED: "succeeded",
    ExperimentStatus.PRUNED: "pruned",
    ExperimentStatus.FAILED: "failed",
    ExperimentStatus.CANCELLED: "failed",
}


class NeedsNewerWorker(Exception):
    """The sweep is of a version that this worker does not know."""

    def __init__(self, needed: int) -> None:
        self.needed = needed
        super().__init__(f"needs a worker of version {needed}, this one knows {JOB_VERSION}")


def advance_sweep(sweep_id: UUID, *, settings: WorkerSettings) -> None:
    """Queue the trials that a sweep has room for, and end it after its last one; else nothing happens."""
    with open_stores(settings) as stores:
        advance(stores.sessions, sweep_id, settings=settings)


def queued_trials(sweep_id: UUID, *, settings: WorkerSettings) -> list[UUID] | None:
    """Trials that wait, the sweep being advanced first and nobody rung for; None once it has ended."""
    with open_stores(settings) as stores:
        advance(stores.sessions, sweep_id, settings=settings, is_alone=True)
        with read_scope(stores.sessions) as session:
            if sweeps.get_sweep(session, sweep_id).status.is_terminal:
                return None
            rows = sweeps.list_trials(session, [sweep_id])
            return [row.id for row in rows if row.status == ExperimentStatus.QUEUED]


def advance_after(
    sessions: SessionFactory, trial: Experiment, *, settings: WorkerSettings, is_alone: bool = False
) -> None:
    """Let the sweep of a trial that ended go on; while the database is in trouble that is the janitor's."""
    if trial.sweep_id is None:
        return
    try:
        advance(sessions, trial.sweep_id, settings=settings, is_alone=is_alone)
    except SQLAlchemyError as error:
        logger.warning(event("sweep_left", sweep_id=trial.sweep_id, error=type(error).__name__))


def advance(
    sessions: SessionFactory, sweep_id: UUID, *, settings: WorkerSettings, is_alone: bool = False
) -> None:
    """The same on open stores; with `is_alone` nobody is rung for.

    The next point is found outside any transaction. The short one that queues it looks whether that is
    still the next: of several who advance a sweep at once, one queues each trial. What nobody foresaw would
    happen again each time, so it ends the sweep.
    """
    try:
        _advance(sessions, sweep_id, settings=settings, is_alone=is_alone)
    except SweepNotFound:
        logger.info(event("sweep_gone", sweep_id=sweep_id))
    except NeedsNewerWorker as newer:
        logger.info(event("left_to_newer_worker", sweep_id=sweep_id, needed=newer.needed, known=JOB_VERSION))
    except SQLAlchemyError:
        raise
    except Exception as error:
        logger.exception(event("sweep_failed", sweep_id=sweep_id))
        _fail(sessions, sweep_id, error)


def _advance(sessions: SessionFactory, sweep_id: UUID, *, settings: WorkerSettings, is_alone: bool) -> None:
    while (found := _look(sessions, sweep_id)) is not None:
        sweep, trials = found
        point = _next_point(sweep, trials)
        sessions = sessions.of(sweep.tenant_pk)
        with session_scope(sessions) as session:
            trial = _queue(session, sweep, point)
            if trial is not None and trial.status == ExperimentStatus.QUEUED and not is_alone:
                after_commit(session, _bell(trial, settings))
        if trial is not None:
            logger.info(event("trial_queued", sweep_id=sweep_id, trial=trial.trial, experiment_id=trial.id))
    with session_scope(sessions) as session:
        is_over = sweeps.finish_if_over(session, sweep_id)
    if is_over:
        logger.info(event("sweep_ended", sweep_id=sweep_id))


def _fail(sessions: SessionFactory, sweep_id: UUID, error: Exception) -> None:
    with session_scope(sessions) as session:
        try:
            sweeps.fail_sweep(session, sweep_id, **describe_failure(error))
        except SweepNotFound:
            logger.info(event("sweep_gone", sweep_id=sweep_id))


def should_prune(sessions: SessionFactory, trial: Experiment) -> bool:
    """Whether a running trial lags behind the finished ones of its sweep, as the sweep wants it judged."""
    if trial.sweep_id is None:
        return False
    with read_scope(sessions) as session:
        try:
            sweep = sweeps.get_sweep(session, trial.sweep_id)
        except SweepNotFound:
            return False
        if sweep.pruner["name"] == "none":
            return False
        values = sweeps.epoch_values(session, sweep.id, sweep.metric)
        trials = _trials(sweep, sweeps.list_trials(session, [sweep.id]), values)
    return is_hopeless(sweep.pruner, trials, values.get(trial.id, {}), direction=_direction(sweep))


def _look(sessions: SessionFactory, sweep_id: UUID) -> tuple[Sweep, list[Trial]] | None:
    """The sweep and its trials so far, while it has room for another one.

    Raises SweepNotFound, NeedsNewerWorker.
    """
    with read_scope(sessions) as session:
        sweep = sweeps.get_sweep(session, sweep_id)
        rows = sweeps.list_trials(session, [sweep_id])
        if sweep.job_version > JOB_VERSION:
            raise NeedsNewerWorker(sweep.job_version)
        in_flight = sum(not row.status.is_terminal for row in rows)
        if sweep.status.is_terminal or sweep.n_created >= sweep.n_trials or in_flight >= sweep.parallel:
            return None
        values = sweeps.epoch_values(session, sweep_id, sweep.metric) if _asks_for_epochs(sweep) else {}
        return sweep, _trials(sweep, rows, values)


def _asks_for_epochs(sweep: Sweep) -> bool:
    """Whether the next point depends on how far given-up trials came; a grid's depends on no trial at all."""
    return bool(sweep.search["method"] != "grid" and sweep.pruner["name"] != "none")


def _trials(
    sweep: Sweep, rows: Sequence[Experiment], values: Mapping[UUID, Mapping[int, float]]
) -> list[Trial]:
    return [
        Trial(
            settings=row.trial_settings or {},
            state=_STATES[row.status],
            value=(row.metrics or {}).get(sweep.metric),
            epoch_values=values.get(row.id, {}),
        )
        for row in rows
    ]


def _next_point(sweep: Sweep, trials: Sequence[Trial]) -> Point:
    return next_point(sweep.search, trials, number=sweep.n_created, direction=_direction(sweep))


def _direction(sweep: Sweep) -> Direction:
    return cast(Direction, sweep.direction)


def _queue(session: Session, sweep: Sweep, point: Point) -> Experiment | None:
    """None when somebody else was quicker, or the sweep was cancelled."""
    overrides = with_settings(sweep.config, point)
    try:
        config = resolve_config(sweep.preset, overrides)
    except ValidationError as error:
        # All but the largest spaces were checked point by point at submission.
        return sweeps.refuse_trial(
            session,
            sweep.id,
            number=sweep.n_created,
            error_type=SETTINGS_REFUSED,
            detail=_describe(error),
            trial_settings=point,
            **_refused_columns(merge_settings(sweep.preset, overrides)),
        )
    return sweeps.add_trial(
        session,
        sweep.id,
        number=sweep.n_created,
        trial_settings=point,
        job_version=JOB_VERSION,
        config=config.model_dump(mode="json"),
        config_fingerprint=config.fingerprint(),
        seed=config.training.seed,
        epochs=config.training.epochs,
    )


def _refused_columns(merged: dict[str, Any]) -> dict[str, Any]:
    """The settings as far as they were given; numbers that have columns are defaults where they are none."""
    training, usual = merged.get("training", {}), TrainingSettings()
    numbers = {"seed": usual.seed, "epochs": usual.epochs}
    given = {name: value for name in numbers if isinstance(value := training.get(name), int)}
    return {"config": merged, "config_fingerprint": fingerprint_of(merged)} | numbers | given


def _describe(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())


def _bell(trial: Experiment, settings: WorkerSettings) -> Callable[[], None]:
    def ring() -> None:
        enqueue_training(trial.id, device=trial.device, settings=settings)

    return leave_to_janitor(ring, experiment_id=trial.id)
