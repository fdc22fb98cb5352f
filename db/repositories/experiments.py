"""Experiments: what people do to them; what workers do with them stands in `runs`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db.base import utc_now
from db.errors import (
    ExperimentNotFound,
    IllegalMove,
    ModelInUse,
    StillActive,
)
from db.lifecycle import SETTINGS_REFUSED, ExperimentStatus, ModelStatus, is_allowed
from db.models import EpochMetrics, Experiment, Model
from db.repositories.leases import FIRST_JOB_VERSION
from db.repositories.paging import Page, read_page
from db.repositories.submissions import insert_submission

QUEUED, RUNNING = ExperimentStatus.QUEUED, ExperimentStatus.RUNNING


def add_experiment(
    session: Session,
    *,
    name: str,
    dataset_id: UUID,
    fold: int,
    preset: str | None,
    config: dict[str, Any],
    config_fingerprint: str,
    seed: int,
    epochs: int,
    exclude_folds: Sequence[int] = (),
    cross_validation_id: UUID | None = None,
    sweep_id: UUID | None = None,
    trial: int | None = None,
    trial_settings: dict[str, Any] | None = None,
    device: str = "auto",
    devices: int = 1,
    code_version: str | None = None,
    max_attempts: int = 5,
    job_version: int = FIRST_JOB_VERSION,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
) -> Experiment:
    """Queue an experiment. Raises DatasetNotFound, DuplicateIdempotencyKey."""
    experiment = Experiment(
        name=name,
        dataset_id=dataset_id,
        fold=fold,
        exclude_folds=sorted(exclude_folds),
        cross_validation_id=cross_validation_id,
        sweep_id=sweep_id,
        trial=trial,
        trial_settings=trial_settings,
        preset=preset,
        config=config,
        config_fingerprint=config_fingerprint,
        seed=seed,
        epochs=epochs,
        device=device,
        devices=devices,
        code_version=code_version,
        max_attempts=max_attempts,
        job_version=job_version,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )
    insert_submission(session, experiment)
    return get_experiment(session, experiment.id)


def get_experiment(session: Session, experiment_id: UUID) -> Experiment:
    """The experiment as it stands now, with its dataset. Raises ExperimentNotFound."""
    return _get(session, experiment_id, lock=False)


def lock_experiment(session: Session, experiment_id: UUID) -> Experiment:
    """The same, and nobody else changes it before this transaction ends. Raises ExperimentNotFound."""
    return _get(session, experiment_id, lock=True)


def _get(session: Session, experiment_id: UUID, *, lock: bool) -> Experiment:
    statement = (
        select(Experiment).where(Experiment.id == experiment_id).options(joinedload(Experiment.dataset))
    )
    if lock:
        statement = statement.with_for_update(of=Experiment)
    experiment = session.scalar(statement.execution_options(populate_existing=True))
    if experiment is None:
        raise ExperimentNotFound(experiment_id)
    return experiment


def list_experiments(
    session: Session,
    *,
    status: ExperimentStatus | None = None,
    dataset_id: UUID | None = None,
    preset: str | None = None,
    cross_validation_id: UUID | None = None,
    sweep_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Experiment]:
    """Newest first, with their datasets."""
    statement = select(Experiment).options(joinedload(Experiment.dataset))
    if cross_validation_id is not None:
        statement = statement.where(Experiment.cross_validation_id == cross_validation_id)
    if sweep_id is not None:
        statement = statement.where(Experiment.sweep_id == sweep_id)
    if status is not None:
        statement = statement.where(Experiment.status == status)
    if dataset_id is not None:
        statement = statement.where(Experiment.dataset_id == dataset_id)
    if preset is not None:
        statement = statement.where(Experiment.preset == preset)
    return read_page(session, statement, key=Experiment.id, parse=UUID, cursor=cursor, limit=limit)


def list_epoch_metrics(
    session: Session, experiment_id: UUID, *, after_epoch: int = 0
) -> Sequence[EpochMetrics]:
    """Epochs later than `after_epoch`, in order."""
    statement = (
        select(EpochMetrics)
        .where(EpochMetrics.experiment_id == experiment_id, EpochMetrics.epoch > after_epoch)
        .order_by(EpochMetrics.epoch)
    )
    return session.scalars(statement).all()


def request_cancel(session: Session, experiment_id: UUID) -> Experiment:
    """Cancel a queued experiment now, ask a running one to stop. Raises ExperimentNotFound, IllegalMove.

    Asking again is harmless.
    """
    experiment = lock_experiment(session, experiment_id)
    if experiment.status == RUNNING:
        experiment.cancel_requested = True
    elif experiment.status != ExperimentStatus.CANCELLED:
        move(experiment, ExperimentStatus.CANCELLED)
        experiment.cancel_requested = True
        experiment.finished_at = utc_now()
    session.flush()
    return experiment


def retry(session: Session, experiment_id: UUID) -> Experiment:
    """Queue a failed or cancelled experiment again; it goes on from its last checkpoint.

    Raises ExperimentNotFound, IllegalMove: also where its settings contradict each other.
    """
    experiment = lock_experiment(session, experiment_id)
    if experiment.error_type == SETTINGS_REFUSED:
        remedy = f"its settings contradict each other ({experiment.error_detail}): submit others"
        raise _illegal(experiment, QUEUED, remedy=remedy)
    if experiment.status == RUNNING:  # back to queued is the janitor's move
        raise _illegal(experiment, QUEUED)
    move(experiment, QUEUED)
    experiment.attempt = 0
    experiment.cancel_requested = False
    experiment.error_type = experiment.error_detail = None
    experiment.finished_at = None
    experiment.rung_at, experiment.rings = utc_now(), 0
    session.flush()
    return experiment


def delete_experiment(session: Session, experiment_id: UUID) -> None:
    """Forget an experiment, its epochs and its model. Raises ExperimentNotFound, StillActive, ModelInUse.

    Its files are left to the caller: everything under `experiments/<id>`.
    """
    experiment = lock_experiment(session, experiment_id)
    if not experiment.status.is_terminal:
        raise StillActive(experiment_id, status=experiment.status)
    model = session.scalar(select(Model).where(Model.experiment_id == experiment_id).with_for_update())
    if model is not None and model.status in (ModelStatus.SERVING, ModelStatus.PROMOTING):
        raise ModelInUse(model.id, status=model.status)
    session.delete(experiment)
    session.flush()


def move(experiment: Experiment, target: ExperimentStatus) -> None:
    """Change the status as the lifecycle allows. Raises IllegalMove."""
    if not is_allowed(experiment.status, target):
        raise _illegal(experiment, target)
    experiment.status = target


def _illegal(experiment: Experiment, target: ExperimentStatus, *, remedy: str = "") -> IllegalMove:
    return IllegalMove(
        kind="experiment",
        identifier=experiment.id,
        status=experiment.status,
        target=target,
        remedy=remedy,
    )
