"""Datasets."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.base import new_id
from db.errors import DatasetInUse, DatasetNotFound, DuplicateDataset
from db.models import Dataset, Experiment
from db.repositories.paging import Page, read_page


def add_dataset(
    session: Session,
    *,
    name: str,
    format: str,
    content_hash: str,
    n_students: int,
    n_responses: int,
    n_skills: int,
    n_folds: int,
    share_correct: float,
    statistics: dict[str, Any],
    artifact: str,
    dataset_id: UUID | None = None,
) -> Dataset:
    """Store what is known of a dataset. Raises DuplicateDataset when its content is stored already."""
    dataset = Dataset(
        id=dataset_id or new_id(),
        name=name,
        format=format,
        content_hash=content_hash,
        n_students=n_students,
        n_responses=n_responses,
        n_skills=n_skills,
        n_folds=n_folds,
        share_correct=share_correct,
        statistics=statistics,
        artifact=artifact,
    )
    try:
        with session.begin_nested():
            session.add(dataset)
    except IntegrityError:
        stored = find_dataset_by_hash(session, content_hash)
        if stored is None:
            raise
        raise DuplicateDataset(content_hash=content_hash, dataset_id=stored.id) from None
    return dataset


def get_dataset(session: Session, dataset_id: UUID) -> Dataset:
    """Raises DatasetNotFound."""
    dataset = session.get(Dataset, dataset_id)
    if dataset is None:
        raise DatasetNotFound(dataset_id)
    return dataset


def find_dataset_by_hash(session: Session, content_hash: str) -> Dataset | None:
    """The dataset with that content, if it is stored."""
    return session.scalar(select(Dataset).where(Dataset.content_hash == content_hash))


def list_datasets(session: Session, *, cursor: str | None = None, limit: int = 50) -> Page[Dataset]:
    """Newest first."""
    return read_page(session, select(Dataset), key=Dataset.id, parse=UUID, cursor=cursor, limit=limit)


def delete_dataset(session: Session, dataset_id: UUID) -> str:
    """Forget a dataset and its calibrations; the artifact that it had last.

    Raises DatasetNotFound, and DatasetInUse while experiments refer to it.
    """
    # Locked, for an erasure may be putting another file in its place.
    locked = select(Dataset).where(Dataset.id == dataset_id).with_for_update()
    dataset = session.scalar(locked.execution_options(populate_existing=True))
    if dataset is None:
        raise DatasetNotFound(dataset_id)
    n_experiments = _count_experiments(session, dataset_id)
    if n_experiments:
        raise DatasetInUse(dataset_id, n_experiments=n_experiments)
    try:
        with session.begin_nested():
            session.delete(dataset)
    except IntegrityError:
        # An experiment was submitted since the count.
        raise DatasetInUse(dataset_id, n_experiments=_count_experiments(session, dataset_id)) from None
    return dataset.artifact


def _count_experiments(session: Session, dataset_id: UUID) -> int:
    statement = select(func.count()).select_from(Experiment).where(Experiment.dataset_id == dataset_id)
    return session.scalars(statement).one()
