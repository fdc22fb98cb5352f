"""Sweeps, one step at a time: whoever sees that a trial may be queued queues it, and nobody keeps driving."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.engine import SessionFactory, after_commit, read_scope, session_scope
from db.errors import SweepNotFound
from db.lifecycle import ExperimentStatus
from db.models import Experiment, Sweep
from db.repositories import sweeps
from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.search import Direction, Point, Trial, is_hopeless, next_point, with_settings
from worker.enqueue import BrokerUnavailable, enqueue_training
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import open_stores

logger = logging.getLogger(__name__)

SETTINGS_REFUSED = "SettingsRefused"

_STATES: Mapping[ExperimentStatus, Literal["running", "succeeded", "pruned", "failed"]] = {
    ExperimentStatus.QUEUED: "running",
    ExperimentStatus.RUNNING: "running",
    ExperimentStatus.SUCCEEDED: "succeeded",
    ExperimentStatus.PRUNED: "pruned",
    ExperimentStatus.FAILED: "failed",
    ExperimentStatus.CANCELLED: "failed",
}


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
    """Let the sweep of a trial that ended go on; what fails here is left to the janitor."""
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
    still the next: of several who advance a sweep at once, one queues each trial.
    """
    try:
        while (found := _look(sessions, sweep_id)) is not None:
            sweep, trials = found
            point = _next_point(sweep, trials)
            with session_scope(sessions) as session:
                trial = _queue(session, sweep, point)
                if trial is not None and trial.status == ExperimentStatus.QUEUED and not is_alone:
                    after_commit(session, _bell(trial, settings))
            if trial is not None:
                logger.info(
                    event("trial_queued", sweep_id=sweep_id, trial=trial.trial, experiment_id=trial.id)
                )
        with session_scope(sessions) as session:
            is_over = sweeps.finish_if_over(session, sweep_id)
    except SweepNotFound:
        logger.info(event("sweep_gone", sweep_id=sweep_id))
        return
    if is_over:
        logger.info(event("sweep_ended", sweep_id=sweep_id))


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
    """The sweep and its trials so far, while it has room for another one. Raises SweepNotFound."""
    with read_scope(sessions) as session:
        sweep = sweeps.get_sweep(session, sweep_id)
        rows = sweeps.list_trials(session, [sweep_id])
        in_flight = sum(not row.status.is_terminal for row in rows)
        if sweep.status.is_terminal or sweep.n_created >= sweep.n_trials or in_flight >= sweep.parallel:
            return None
        return sweep, _trials(sweep, rows, sweeps.epoch_values(session, sweep_id, sweep.metric))


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
    except (ValidationError, LookupError) as error:
        # Corners and grids were checked at submission; between them settings may still contradict each other.
        return sweeps.refuse_trial(
            session,
            sweep.id,
            number=sweep.n_created,
            error_type=SETTINGS_REFUSED,
            detail=_describe(error),
            **_columns(point, overrides, ExperimentConfig()) | {"config_fingerprint": ""},
        )
    resolved = config.model_dump(mode="json")
    return sweeps.add_trial(session, sweep.id, number=sweep.n_created, **_columns(point, resolved, config))


def _columns(point: Point, resolved: dict[str, Any], config: ExperimentConfig) -> dict[str, Any]:
    return {
        "trial_settings": point,
        "config": resolved,
        "config_fingerprint": config.fingerprint(),
        "seed": config.training.seed,
        "epochs": config.training.epochs,
    }


def _describe(error: ValidationError | LookupError) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return str(error)


def _bell(trial: Experiment, settings: WorkerSettings) -> Any:
    def ring() -> None:
        try:
            enqueue_training(trial.id, device=trial.device, settings=settings)
        except BrokerUnavailable as error:
            logger.warning(event("broker_unavailable", experiment_id=trial.id, error=error))

    return ring
