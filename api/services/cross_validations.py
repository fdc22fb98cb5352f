"""Cross-validations: as many experiments as folds, submitted as one and read as one."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.doorbell import Doorbell
from api.schemas.cross_validations import (
    CrossValidationCreate,
    CrossValidationPage,
    CrossValidationRead,
    CrossValidationSummary,
    GroupStatus,
    Spread,
)
from api.services.experiments import summarise
from api.services.refusals import ExperimentRefused, FieldRefused
from api.services.submissions import check_config, check_folds, dataset_folds, submit_once
from db.errors import DatasetNotFound
from db.lifecycle import ExperimentStatus
from db.models import CrossValidation, Experiment
from db.repositories import cross_validations, datasets, experiments, sweeps
from ikt_model.config import ExperimentConfig
from worker.enqueue import JOB_VERSION

FEWEST_FOLDS = 2


def submit_cross_validation(
    session: Session,
    doorbell: Doorbell,
    request: CrossValidationCreate,
    *,
    idempotency_key: str | None = None,
) -> CrossValidationRead:
    """Queue one experiment for each fold, all or none of them.

    Raises ExperimentRefused with everything that is wrong, IdempotencyKeyReused.
    """

    def add(request_hash: str) -> CrossValidation:
        config, folds = _check(session, request)
        row = cross_validations.add_cross_validation(
            session,
            name=request.name or f"{request.preset or 'custom'}, {len(folds)} folds",
            dataset_id=request.dataset_id,
            folds=folds,
            exclude_folds=request.exclude_folds,
            preset=request.preset,
            config=config.model_dump(mode="json"),
            config_fingerprint=config.fingerprint(),
            idempotency_key=idempotency_key,
            request_hash=request_hash,
        )
        for fold in folds:
            _add_member(session, doorbell, row, fold=fold, config=config, device=request.device)
        return row

    row, _ = submit_once(session, CrossValidation, request, key=idempotency_key, add=add)
    return get_cross_validation(session, row.id)


def get_cross_validation(session: Session, cross_validation_id: UUID) -> CrossValidationRead:
    """Raises CrossValidationNotFound."""
    row = cross_validations.get_cross_validation(session, cross_validation_id)
    return _present(row, cross_validations.list_members(session, [row.id]))


def list_cross_validations(
    session: Session, *, dataset_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> CrossValidationPage:
    """Newest first."""
    page = cross_validations.list_cross_validations(
        session, dataset_id=dataset_id, cursor=cursor, limit=limit
    )
    members: dict[UUID | None, list[Experiment]] = defaultdict(list)
    for member in cross_validations.list_members(session, [row.id for row in page.items]):
        members[member.cross_validation_id].append(member)
    items = [CrossValidationSummary(**_summarise(row, members[row.id])) for row in page.items]
    return CrossValidationPage(items=items, next_cursor=page.next_cursor)


def cancel_cross_validation(session: Session, cross_validation_id: UUID) -> CrossValidationRead:
    """Stop those of its experiments that have not ended. Raises CrossValidationNotFound."""
    row = cross_validations.get_cross_validation(session, cross_validation_id)
    for member in cross_validations.list_members(session, [row.id]):
        if not member.status.is_terminal:
            sweeps.cancel_if_active(session, member.id)
    return get_cross_validation(session, cross_validation_id)


def spread_of(members: Sequence[Mapping[str, float | None]]) -> dict[str, Spread]:
    """Mean and sample standard deviation of every metric, over those that have a number for it."""
    found: dict[str, list[float]] = defaultdict(list)
    for metrics in members:
        for name, value in metrics.items():
            found[name] += [] if value is None else [value]
    return {
        name: Spread(
            mean=fmean(values) if values else None,
            std=stdev(values) if len(values) > 1 else None,
            n=len(values),
        )
        for name, values in found.items()
    }


def _check(session: Session, request: CrossValidationCreate) -> tuple[ExperimentConfig, list[int]]:
    config, errors = check_config(request)
    folds = _folds(session, request)
    if folds is None:
        errors += check_folds(session, request, [])
    elif len(folds) < FEWEST_FOLDS:
        detail = f"{len(folds)} fold(s) to hold out; a cross-validation needs {FEWEST_FOLDS} or more"
        errors += check_folds(session, request, folds, field="/folds") or [FieldRefused("/folds", detail)]
    else:
        errors += check_folds(session, request, folds, field="/folds")
    if config is None or folds is None or errors:
        raise ExperimentRefused(errors)
    return config, folds


def _folds(session: Session, request: CrossValidationCreate) -> list[int] | None:
    if request.folds != "all":
        return request.folds
    try:
        there = dataset_folds(datasets.get_dataset(session, request.dataset_id))
    except DatasetNotFound:
        return None
    return [fold for fold in there if fold not in request.exclude_folds]


def _add_member(
    session: Session,
    doorbell: Doorbell,
    row: CrossValidation,
    *,
    fold: int,
    config: ExperimentConfig,
    device: str,
) -> None:
    experiment = experiments.add_experiment(
        session,
        name=f"{row.name}: fold {fold}",
        dataset_id=row.dataset_id,
        fold=fold,
        exclude_folds=row.exclude_folds,
        cross_validation_id=row.id,
        preset=row.preset,
        config=row.config,
        config_fingerprint=row.config_fingerprint,
        seed=config.training.seed,
        epochs=config.training.epochs,
        device=device,
        job_version=JOB_VERSION,
    )
    doorbell.ring_training(session, experiment.id, device=experiment.device)


def _present(row: CrossValidation, members: Sequence[Experiment]) -> CrossValidationRead:
    done = [member.metrics or {} for member in members if member.status == ExperimentStatus.SUCCEEDED]
    return CrossValidationRead(
        **_summarise(row, members),
        config=row.config,
        metrics=spread_of(done),
        experiments=[summarise(member) for member in members],
    )


def _summarise(row: CrossValidation, members: Sequence[Experiment]) -> dict[str, Any]:
    own = f"/cross-validations/{row.id}"
    copied = set(CrossValidationSummary.model_fields) - {"status", "counts", "links"}
    return {name: getattr(row, name) for name in copied} | {
        "status": _status(row, members),
        "counts": dict(Counter(member.status.value for member in members)),
        "links": {
            "self": own,
            "dataset": f"/datasets/{row.dataset_id}",
            "experiments": f"/experiments?cross_validation_id={row.id}",
        },
    }


def _status(row: CrossValidation, members: Sequence[Experiment]) -> GroupStatus:
    states = {member.status.value for member in members}
    if states == {"queued"}:
        return "queued"
    if states & {"queued", "running"}:
        return "running"
    if "failed" in states:
        return "failed"
    if "cancelled" in states:
        return "cancelled"
    return "succeeded" if len(members) == len(row.folds) else "incomplete"
