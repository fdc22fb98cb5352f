"""Experiments: checked completely when they are submitted, then left to a worker."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.doorbell import Doorbell
from api.schemas.experiments import (
    BestEpoch,
    Environment,
    EpochList,
    EpochRead,
    ExperimentCreate,
    ExperimentPage,
    ExperimentRead,
    ExperimentSummary,
    PresetList,
    PresetRead,
    RunError,
)
from api.services.pairs import forget_pairs
from api.services.refusals import ExperimentRefused, FieldRefused
from api.services.submissions import check_config, check_folds, submit_once
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, after_commit, read_scope
from db.lifecycle import ExperimentStatus
from db.models import EpochMetrics, Experiment
from db.repositories import calibrations, experiments
from ikt_model.config import ExperimentConfig, list_presets, resolve_config
from worker.enqueue import JOB_VERSION


def submit_experiment(
    session: Session,
    doorbell: Doorbell,
    request: ExperimentCreate,
    *,
    idempotency_key: str | None = None,
) -> ExperimentRead:
    """Queue an experiment; the same key and request again give the one that was queued before.

    Raises ExperimentRefused with everything that is wrong, IdempotencyKeyReused.
    """

    def add(request_hash: str) -> Experiment:
        config = _check(session, request)
        return experiments.add_experiment(
            session,
            name=request.name or f"{request.preset or 'custom'}, fold {request.fold}",
            dataset_id=request.dataset_id,
            fold=request.fold,
            exclude_folds=request.exclude_folds,
            preset=request.preset,
            config=config.model_dump(mode="json"),
            config_fingerprint=config.fingerprint(),
            seed=config.training.seed,
            epochs=config.training.epochs,
            device=request.device,
            devices=request.devices,
            job_version=JOB_VERSION,
            idempotency_key=idempotency_key,
            request_hash=request_hash,
        )

    experiment, is_new = submit_once(session, Experiment, request, key=idempotency_key, add=add)
    if is_new:
        doorbell.ring_training(session, experiment.id, device=experiment.device)
    return get_experiment(session, experiment.id)


def get_experiment(session: Session, experiment_id: UUID) -> ExperimentRead:
    """Raises ExperimentNotFound."""
    experiment = experiments.get_experiment(session, experiment_id)
    return _present(session, experiment, epochs=experiments.list_epoch_metrics(session, experiment_id))


def require_experiment(sessions: SessionFactory, experiment_id: UUID) -> None:
    """For answers that outlive a request's session. Raises ExperimentNotFound."""
    with read_scope(sessions) as session:
        experiments.get_experiment(session, experiment_id)


def list_experiments(
    session: Session,
    *,
    status: str | None = None,
    dataset_id: UUID | None = None,
    preset: str | None = None,
    cross_validation_id: UUID | None = None,
    sweep_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> ExperimentPage:
    """Newest first."""
    page = experiments.list_experiments(
        session,
        status=ExperimentStatus(status) if status else None,
        dataset_id=dataset_id,
        preset=preset,
        cross_validation_id=cross_validation_id,
        sweep_id=sweep_id,
        cursor=cursor,
        limit=limit,
    )
    items = [summarise(row) for row in page.items]
    return ExperimentPage(items=items, next_cursor=page.next_cursor)


def list_epochs(session: Session, experiment_id: UUID, *, after_epoch: int = 0) -> EpochList:
    """Epochs later than `after_epoch`. Raises ExperimentNotFound."""
    experiments.get_experiment(session, experiment_id)
    rows = experiments.list_epoch_metrics(session, experiment_id, after_epoch=after_epoch)
    return EpochList(experiment_id=experiment_id, items=[EpochRead.model_validate(row) for row in rows])


def cancel_experiment(session: Session, doorbell: Doorbell, experiment_id: UUID) -> ExperimentRead:
    """Cancel a queued experiment now, ask a running one to stop; a sweep goes on without its trial.

    Raises ExperimentNotFound, IllegalMove.
    """
    experiment = experiments.request_cancel(session, experiment_id)
    if experiment.sweep_id is not None:
        doorbell.ring_sweep(session, experiment.sweep_id, device=experiment.device)
    return get_experiment(session, experiment_id)


def retry_experiment(session: Session, doorbell: Doorbell, experiment_id: UUID) -> ExperimentRead:
    """Queue a failed or cancelled experiment again. Raises ExperimentNotFound, IllegalMove."""
    experiment = experiments.retry(session, experiment_id)
    doorbell.ring_training(session, experiment_id, device=experiment.device)
    return get_experiment(session, experiment_id)


def delete_experiment(session: Session, store: ArtifactStore, experiment_id: UUID) -> None:
    """Forget an experiment with its epochs, model and files, and what it was compared with.

    Raises ExperimentNotFound, StillActive, ModelInUse.
    """
    experiments.delete_experiment(session, experiment_id)
    after_commit(session, lambda: store.delete(f"experiments/{experiment_id}"))
    after_commit(session, lambda: forget_pairs(store, experiment_id))


def show_presets() -> PresetList:
    """Every preset with all its settings."""
    return PresetList(
        items=[PresetRead(name=name, config=resolve_config(name).every_setting()) for name in list_presets()]
    )


def _present(session: Session, experiment: Experiment, *, epochs: Sequence[EpochMetrics]) -> ExperimentRead:
    """The experiment as callers see it."""
    scored = [epoch for epoch in epochs if epoch.metrics.get("auc") is not None]
    best = max(scored, key=lambda epoch: epoch.metrics["auc"], default=None)
    return ExperimentRead(
        **_summarise(experiment),
        config=experiment.config,
        environment=Environment.model_validate(experiment),
        calibration_seconds=_calibration_seconds(session, experiment),
        best=BestEpoch.model_validate(best) if best else None,
        last=BestEpoch.model_validate(epochs[-1]) if epochs else None,
    )


def _calibration_seconds(session: Session, experiment: Experiment) -> float | None:
    return calibrations.find_seconds(
        session,
        dataset_id=experiment.dataset_id,
        fold=experiment.fold,
        exclude_folds=experiment.exclude_folds,
        settings=experiment.config.get("reference", {}),
    )


def _check(session: Session, request: ExperimentCreate) -> ExperimentConfig:
    config, errors = check_config(request)
    errors += check_folds(session, request, [request.fold])
    if config is not None and request.devices > 1 and config.loss.balancing != "fixed":
        errors.append(
            FieldRefused(
                "/devices",
                f"{request.devices} devices have a part of each batch, and loss.balancing "
                f"{config.loss.balancing!r} looks at whole ones; choose 1 device, or 'fixed'",
            )
        )
    if config is None or errors:
        raise ExperimentRefused(errors)
    return config


def summarise(experiment: Experiment) -> ExperimentSummary:
    """The experiment as lists show it."""
    return ExperimentSummary(**_summarise(experiment))


def tell_erased(n_students: int) -> list[str]:
    """What is to be said where students were erased after something was trained on them."""
    if not n_students:
        return []
    who = "A student" if n_students == 1 else f"{n_students:,} students"
    was = "was" if n_students == 1 else "were"
    return [
        f"{who} of the training data {was} erased since: the weights have learned from their responses; "
        "train anew to leave them out."
    ]


def _summarise(experiment: Experiment) -> dict[str, Any]:
    own = f"/experiments/{experiment.id}"
    parts = ("metrics", "events", "artifacts", "predictions", "report")
    links = {"self": own, "dataset": f"/datasets/{experiment.dataset_id}"}
    if experiment.cross_validation_id is not None:
        links["cross_validation"] = f"/cross-validations/{experiment.cross_validation_id}"
    if experiment.sweep_id is not None:
        links["sweep"] = f"/sweeps/{experiment.sweep_id}"
    copied = set(ExperimentSummary.model_fields) - {"error", "links", "status"}
    error = (
        RunError(type=experiment.error_type, detail=experiment.error_detail)
        if experiment.error_type
        else None
    )
    return {name: getattr(experiment, name) for name in copied} | {
        "status": experiment.status.value,
        "warnings": [*experiment.warnings, *tell_erased(experiment.erased_students)],
        "error": error,
        "links": links | {part: f"{own}/{part}" for part in parts},
    }
