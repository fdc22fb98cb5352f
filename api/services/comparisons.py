"""Two or more finished experiments, or cross-validations, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from api.services.evaluations import predictions_key
from api.services.refusals import ExperimentsUnfinished, KindsMixed
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, read_scope
from db.errors import ArtifactNotFound, CrossValidationNotFound
from db.lifecycle import ExperimentStatus
from db.models import CrossValidation, Experiment
from db.repositories import cross_validations, datasets, experiments
from ikt_model.comparison import Comparison, PairedFigures, RunSummary, compare
from ikt_model.comparison.paired import COLUMNS, RowsDiffer, differences


@dataclass(frozen=True, slots=True)
class _Run:
    """An experiment or a cross-validation, and where its predictions lie."""

    id: UUID
    kind: str
    summary: RunSummary
    content_hash: str
    experiments: tuple[UUID, ...]  # one for each fold of the summary


def compare_experiments(
    sessions: SessionFactory, store: ArtifactStore, *, baseline: UUID, candidates: Sequence[UUID]
) -> Comparison:
    """Every metric of the candidates against the baseline's; all experiments, or all cross-validations.

    Raises ExperimentNotFound, KindsMixed, ExperimentsUnfinished naming each that is not done.
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
    members = [_members(session, identifier) for identifier in ids]
    (_, start, _), *_ = members
    for identifier, (_, kind, _) in zip(ids, members, strict=True):
        if kind != start:
            raise KindsMixed(identifier, kind=kind, baseline=start)
    rows = [row for _, _, found in members for row in found]
    unfinished = {row.id: row.status.value for row in rows if row.status != ExperimentStatus.SUCCEEDED}
    if unfinished:
        raise ExperimentsUnfinished(list(unfinished.items()))
    return [_run(session, named, kind, found) for named, kind, found in members]


def _members(
    session: Session, identifier: UUID
) -> tuple[Experiment | CrossValidation, str, Sequence[Experiment]]:
    """What bears that id, what it is, and its experiments by fold. Raises ExperimentNotFound."""
    try:
        row = cross_validations.get_cross_validation(session, identifier)
    except CrossValidationNotFound:
        experiment = experiments.get_experiment(session, identifier)
        return experiment, "an experiment", [experiment]
    return row, "a cross-validation", cross_validations.list_members(session, [identifier])


def _run(
    session: Session, named: Experiment | CrossValidation, kind: str, members: Sequence[Experiment]
) -> _Run:
    dataset = datasets.get_dataset(session, named.dataset_id)
    is_single = isinstance(named, Experiment)
    epochs = experiments.list_epoch_metrics(session, named.id) if is_single else []
    summary = RunSummary(
        id=str(named.id),
        name=named.name,
        config=named.config,
        dataset=f"{dataset.name} ({dataset.content_hash[:8]})",
        fold=[member.fold for member in members],
        epochs=[{"epoch": epoch.epoch, "metrics": epoch.metrics} for epoch in epochs],
        metrics=_means([member.metrics or {} for member in members]),
        exclude_folds=named.exclude_folds,
    )
    return _Run(named.id, kind, summary, dataset.content_hash, tuple(member.id for member in members))


def _means(members: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Of every metric over all members; none where one of them has no number."""
    found: dict[str, float | None] = {}
    for name in dict.fromkeys(name for metrics in members for name in metrics):
        values = [metrics.get(name) for metrics in members]
        numbers = [value for value in values if value is not None]
        found[name] = fmean(numbers) if len(numbers) == len(values) else None
    return found


def _fetch_predictions(store: ArtifactStore, run: _Run) -> list[pa.Table] | str:
    """What is compared of the predictions, fold by fold, or why there is nothing."""
    try:
        return [
            pq.read_table(store.fetch(predictions_key(experiment_id)), columns=list(COLUMNS))
            for experiment_id in run.experiments
        ]
    except ArtifactNotFound:
        return f"{run.summary.name} has no stored predictions: its changes have no interval."


def _pair(store: ArtifactStore, first: _Run, own: list[pa.Table] | str, other: _Run) -> PairedFigures:
    if (first.content_hash, first.summary.folds) != (other.content_hash, other.summary.folds):
        return (
            f"{other.summary.name} held out other students than {first.summary.name}: its changes have no "
            "interval."
        )
    theirs = _fetch_predictions(store, other)
    if isinstance(own, str) or isinstance(theirs, str):
        return own if isinstance(own, str) else str(theirs)
    if not own:
        return f"{other.summary.name} has no experiments: its changes have no interval."
    try:
        return differences(list(zip(own, theirs, strict=True)))
    except RowsDiffer as error:
        return f"{other.summary.name} has no intervals: {error}."
