"""Two or more finished experiments side by side."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from api.services.refusals import ExperimentsUnfinished
from db.lifecycle import ExperimentStatus
from db.models import Experiment
from db.repositories import experiments
from ikt_model.comparison import Comparison, RunSummary, compare


def compare_experiments(session: Session, *, baseline: UUID, candidates: Sequence[UUID]) -> Comparison:
    """Every metric of the candidates against the baseline's.

    Raises ExperimentNotFound, ExperimentsUnfinished naming each that is not done.
    """
    rows = [experiments.get_experiment(session, experiment_id) for experiment_id in (baseline, *candidates)]
    unfinished = {row.id: row.status.value for row in rows if row.status != ExperimentStatus.SUCCEEDED}
    if unfinished:
        raise ExperimentsUnfinished(list(unfinished.items()))
    first, *others = (_summarise(session, row) for row in rows)
    return compare(first, others)


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
    )
