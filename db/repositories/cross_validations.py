"""Cross-validations: experiments that differ in their held-out fold alone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from db.errors import CrossValidationNotFound
from db.models import CrossValidation, Experiment
from db.repositories.paging import Page, read_page
from db.repositories.submissions import insert_submission


def add_cross_validation(
    session: Session,
    *,
    name: str,
    dataset_id: UUID,
    folds: Sequence[int],
    exclude_folds: Sequence[int],
    preset: str | None,
    config: dict[str, Any],
    config_fingerprint: str,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
) -> CrossValidation:
    """Without its experiments, which refer to it. Raises DatasetNotFound, DuplicateIdempotencyKey."""
    row = CrossValidation(
        name=name,
        dataset_id=dataset_id,
        folds=list(folds),
        exclude_folds=sorted(exclude_folds),
        preset=preset,
        config=config,
        config_fingerprint=config_fingerprint,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )
    return insert_submission(session, row)


def get_cross_validation(session: Session, cross_validation_id: UUID) -> CrossValidation:
    """Raises CrossValidationNotFound."""
    row = session.get(CrossValidation, cross_validation_id)
    if row is None:
        raise CrossValidationNotFound(cross_validation_id)
    return row


def list_cross_validations(
    session: Session, *, dataset_id: UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Page[CrossValidation]:
    """Newest first."""
    statement = select(CrossValidation)
    if dataset_id is not None:
        statement = statement.where(CrossValidation.dataset_id == dataset_id)
    return read_page(session, statement, key=CrossValidation.id, parse=UUID, cursor=cursor, limit=limit)


def list_members(session: Session, cross_validation_ids: Sequence[UUID]) -> Sequence[Experiment]:
    """The experiments of these cross-validations as they stand now, by fold, with their datasets."""
    statement = (
        select(Experiment)
        .where(Experiment.cross_validation_id.in_(cross_validation_ids))
        .options(joinedload(Experiment.dataset))
        .order_by(Experiment.fold, Experiment.id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()
