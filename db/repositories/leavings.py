"""What rows say about things that lie in files: whether anybody needs them still."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.lifecycle import ExperimentStatus
from db.models import Dataset, Experiment

MOST_AT_ONCE = 1000  # ids in one statement


@dataclass(frozen=True, slots=True)
class Run:
    """How an experiment stands, and who works on it."""

    status: ExperimentStatus
    lease_owner: str | None


def read_runs(session: Session, experiment_ids: Iterable[UUID]) -> dict[UUID, Run]:
    """Those of these experiments that exist."""
    found: dict[UUID, Run] = {}
    for some in _parts(experiment_ids):
        columns = select(Experiment.id, Experiment.status, Experiment.lease_owner)
        for row_id, status, owner in session.execute(columns.where(Experiment.id.in_(some))):
            found[row_id] = Run(status, owner)
    return found


def find_datasets(session: Session, dataset_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these datasets that exist."""
    parts = _parts(dataset_ids)
    return {one for some in parts for one in session.scalars(select(Dataset.id).where(Dataset.id.in_(some)))}


def _parts(ids: Iterable[UUID]) -> Iterator[Sequence[UUID]]:
    remaining = iter(ids)
    while some := list(islice(remaining, MOST_AT_ONCE)):
        yield some
