"""What clients submit: experiments, cross-validations and sweeps, each stored once for its key."""

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.errors import DatasetNotFound, DuplicateIdempotencyKey
from db.models import CrossValidation, Dataset, Experiment, Sweep

Submitted = TypeVar("Submitted", Experiment, CrossValidation, Sweep)


def insert_submission(session: Session, row: Submitted) -> Submitted:
    """Store the row, with its id. Raises DatasetNotFound, DuplicateIdempotencyKey."""
    key, dataset_id = row.idempotency_key, row.dataset_id
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if key is not None and find_submission(session, type(row), key):
            raise DuplicateIdempotencyKey(key) from None
        if session.get(Dataset, dataset_id, populate_existing=True) is None:
            raise DatasetNotFound(dataset_id) from None
        raise
    return row


def find_submission(session: Session, table: type[Submitted], key: str) -> Submitted | None:
    """The row submitted under that key."""
    return session.scalar(select(table).where(table.idempotency_key == key))
