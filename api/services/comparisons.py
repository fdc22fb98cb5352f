"""Two or more finished experiments side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from api.services.evaluations import predictions_key
from api.services.refusals import ExperimentsUnfinished
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, read_scope
from db.errors import ArtifactNotFound
from db.lifecycle import ExperimentStatus
from db.models import Experiment
from db.repositories import experiments
from ikt_model.comparison import Comparison, PairedFigures, RunSummary, compare
from ikt_model.comparison.paired import COLUMNS, RowsDiffer, differences


@dataclass(frozen=True, slots=True)
class _Run:
    """An experiment, and what its held-out students are called by."""

    id: UUID
    summary: RunSummary
    students: tuple[str, int]  # the dataset's content, and the fold


def compare_experiments(
    sessions: SessionFactory, store: ArtifactStore, *, baseline: UUID, candidates: Sequence[UUID]
) -> Comparison:
    """Every metric of the candidates against the baseline's.

    Raises ExperimentNotFound, ExperimentsUnfinished naming each that is not done.
    """
    # No transaction stays open while students are resampled.
    with read_scope(sessions) as session:
        first, *others = _read(session, (baseline, *candidates))
    own = _fetch_predictions(store, first)
    found: dict[UUID, PairedFigures] = {}
    for other in others:
        if other.id not in found:
            found[other.id] = _pair(store, first, own, other)
    return compare(
        first.summary, [other.summary for other in others], paired=[found[other.id] for other in others]
    )


def _read(session: Session, ids: Sequence[UUID]) -> list[_Run]:
    rows = [experiments.get_experiment(session, experiment_id) for experiment_id in ids]
    unfinished = {row.id: row.status.value for row in rows if row.status != ExperimentStatus.SUCCEEDED}
    if unfinished:
        raise ExperimentsUnfinished(list(unfinished.items()))
    return [_Run(row.id, _summarise(session, row), (row.dataset.content_hash, row.fold)) for row in rows]


def _summarise(session: Session, experiment: Experiment) -> RunSummary:
    epochs = experiments.list_epoch_metrics(session, experiment.id)
    return RunSummary(
        id=str(experiment.id),
        name=experiment.name,
        config=experiment.config,
        dataset=f"{experiment.dataset.name} ({experiment.dataset.content_hash[:8]})",
        fold=experiment.fold,
        epochs=[{"epoch": epoch.epoch, "metrics": epoch.metrics} for epoch in epochs],
        metrics=experiment.metrics or {},
        exclude_folds=experiment.exclude_folds,
    )


def _fetch_predictions(store: ArtifactStore, run: _Run) -> pa.Table | str:
    """What is compared of the predictions, or why there is nothing."""
    try:
        return pq.read_table(store.fetch(predictions_key(run.id)), columns=list(COLUMNS))
    except ArtifactNotFound:
        return f"{run.summary.name} has no stored predictions: its changes have no interval."


def _pair(store: ArtifactStore, first: _Run, own: pa.Table | str, other: _Run) -> PairedFigures:
    if first.students != other.students:
        return (
            f"{other.summary.name} held out other students than {first.summary.name}: its changes have no "
            "interval."
        )
    theirs = _fetch_predictions(store, other)
    for table in (own, theirs):
        if isinstance(table, str):
            return table
    try:
        return differences([(own, theirs)])
    except RowsDiffer as error:
        return f"{other.summary.name} has no intervals: {error}."
