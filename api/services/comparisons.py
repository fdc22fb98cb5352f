"""Two or more finished experiments, or cross-validations, side by side."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from threading import Lock
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.schemas.comparisons import ComparisonRead
from api.services.pairs import PredictionsMissing, differ
from api.services.refusals import DatasetsDiffer, ExperimentsUnfinished, KindsMixed
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, read_scope
from db.errors import CrossValidationNotFound
from db.lifecycle import ExperimentStatus
from db.models import CrossValidation, Experiment
from db.repositories import cross_validations, datasets, experiments
from ikt_model.comparison import Comparison, PairedFigures, RunSummary, compare
from ikt_model.comparison.observations import Observation, observe
from ikt_model.comparison.paired import RowsDiffer, pool_folds


@dataclass(frozen=True, slots=True)
class _Run:
    """An experiment or a cross-validation, and where its predictions lie."""

    id: UUID
    kind: str
    summary: RunSummary
    content_hash: str
    experiments: tuple[UUID, ...]  # one for each fold of the summary
    warnings: tuple[str, ...]  # what their trainings gave cause to doubt, each once


def compare_experiments(
    sessions: SessionFactory, store: ArtifactStore, *, baseline: UUID, candidates: Sequence[UUID]
) -> Comparison:
    """Every metric of the candidates against the baseline's; all experiments, or all cross-validations.

    Raises ExperimentNotFound, KindsMixed, DatasetsDiffer, ExperimentsUnfinished naming each that is not
    done.
    """
    # No transaction stays open while students are resampled.
    with read_scope(sessions) as session:
        runs = _read(session, (baseline, *candidates))
    first, *others = runs
    found = {other.id: other for other in others}
    paired = {run_id: _pair(sessions, store, first, other) for run_id, other in found.items()}
    return compare(
        first.summary,
        [other.summary for other in others],
        paired=[paired[other.id] for other in others],
        observations=[_observe(run) for run in runs],
    )


def present_comparison(comparison: Comparison) -> ComparisonRead:
    """The comparison as callers see it: every piece of evidence leads to where its figure stands."""
    found = comparison.to_dict()
    for run in found["experiments"]:
        run["href"] = f"{_PATHS[run['kind']]}/{run['id']}"
    runs = {run["id"]: run for run in found["experiments"]}
    for finding in found["findings"]:
        for part in finding["evidence"]:
            part["href"] = _href(runs[finding["experiment_id"]], part["epoch"])
    return ComparisonRead.model_validate(found)


_PATHS = {"experiment": "/experiments", "cross-validation": "/cross-validations"}


# What finished runs gave cause to say, of those asked about last: audits look at every figure of every epoch.
_observed: OrderedDict[tuple[UUID, ...], list[Observation]] = OrderedDict()
_observing = Lock()
MOST_OBSERVED = 256


def _observe(run: _Run) -> list[Observation]:
    """Found once in this process, for a run that has succeeded does not change."""
    key = (run.id, *run.experiments)
    with _observing:
        if key in _observed:
            _observed.move_to_end(key)
            return _observed[key]
    found = observe(run.summary, warnings=run.warnings)
    with _observing:
        _observed[key] = found
        while len(_observed) > MOST_OBSERVED:
            _observed.popitem(last=False)
    return found


def _href(run: Mapping[str, Any], epoch: int | None) -> str:
    """Where a figure stands; a cross-validation has no epochs of its own."""
    is_final = epoch is None or run["kind"] != "experiment"
    return str(run["href"]) if is_final else f"{run['href']}/metrics"


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
    runs = [_run(session, named, kind, found) for named, kind, found in members]
    for run in runs:
        if run.content_hash != runs[0].content_hash:
            raise DatasetsDiffer(run.id, dataset=run.summary.dataset, baseline=runs[0].summary.dataset)
    return runs


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
        fold=named.fold if isinstance(named, Experiment) else [member.fold for member in members],
        epochs=[{"epoch": epoch.epoch, "metrics": epoch.metrics} for epoch in epochs],
        metrics=_means([member.metrics or {} for member in members]),
        exclude_folds=named.exclude_folds,
        finished_at=max((member.finished_at for member in members if member.finished_at), default=None),
    )
    return _Run(
        id=named.id,
        kind=kind,
        summary=summary,
        content_hash=dataset.content_hash,
        experiments=tuple(member.id for member in members),
        warnings=tuple(dict.fromkeys(warning for member in members for warning in member.warnings)),
    )


def _means(members: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Of every metric over all members; none where one of them has no number."""
    found: dict[str, float | None] = {}
    for name in dict.fromkeys(name for metrics in members for name in metrics):
        values = [metrics.get(name) for metrics in members]
        numbers = [value for value in values if value is not None]
        found[name] = fmean(numbers) if len(numbers) == len(values) else None
    return found


def _pair(sessions: SessionFactory, store: ArtifactStore, first: _Run, other: _Run) -> PairedFigures:
    """How surely they differ, or why that can't be said."""
    if first.summary.folds != other.summary.folds:
        return (
            f"{other.summary.name} held out other students than {first.summary.name}: its changes have no "
            "interval."
        )
    if not first.experiments:
        return f"{other.summary.name} has no experiments: its changes have no interval."
    pairs = zip(first.experiments, other.experiments, first.summary.folds, strict=True)
    try:
        return pool_folds(
            [
                differ(sessions, store, baseline=ours, candidate=theirs, fold=fold)
                for ours, theirs, fold in pairs
            ]
        )
    except PredictionsMissing as missing:
        run = first if missing.experiment_id in first.experiments else other
        return f"{run.summary.name} has no stored predictions: its changes have no interval."
    except RowsDiffer as error:
        return f"{other.summary.name} has no intervals: {error}."
