"""What rows say about things that lie in files: whether anybody needs them still."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.lifecycle import ExperimentStatus
from db.models import Dataset, Experiment

MOST_AT_ONCE = 1000  # ids in one statement


def read_statuses(session: Session, experiment_ids: Iterable[UUID]) -> dict[UUID, ExperimentStatus]:
    """Of those of these experiments that exist."""
    found: dict[UUID, ExperimentStatus] = {}
    for some in _parts(experiment_ids):
        columns = select(Experiment.id, Experiment.status).where(Experiment.id.in_(some))
        for row_id, status in session.execute(columns):
            found[row_id] = status
    return found


def find_datasets(session: Session, dataset_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these datasets that exist."""
    parts = _parts(dataset_ids)
    return {one for some in parts for one in session.scalars(select(Dataset.id).where(Dataset.id.in_(some)))}


def _parts(ids: Iterable[UUID]) -> Iterator[Sequence[UUID]]:
    remaining = iter(ids)
    while some := list(islice(remaining, MOST_AT_ONCE)):
        yield some
