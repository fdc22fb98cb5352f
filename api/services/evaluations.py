"""What finished experiments left: files, predictions, reports, and their models on other data."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from api.inference import Inference
from api.schemas.evaluations import EvaluationFields, EvaluationRead
from api.schemas.experiments import Artifact, ArtifactList
from api.schemas.reports import ReportRead
from api.services.datasets import Upload
from api.services.refusals import ExperimentsUnfinished, ReportMissing
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, read_scope
from db.errors import ArtifactNotFound
from db.lifecycle import ExperimentStatus
from db.models import Experiment
from db.repositories import experiments, models
from ikt_model.data.limits import Limits
from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences, load_sequences

PARQUET = "application/vnd.apache.parquet"
MOST_RESPONSES = 2_000_000  # of an evaluation: the caller waits while a thread of the service works


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What an experiment predicted, and what was answered."""

    predictions: Path
    sequences: Sequences
    fold: int


def evaluate_experiment(
    sessions: SessionFactory,
    store: ArtifactStore,
    inference: Inference,
    *,
    experiment_id: UUID,
    upload: Upload,
    fields: EvaluationFields,
) -> EvaluationRead:
    """The experiment's model on an uploaded file, which is not kept.

    Raises ExperimentNotFound, ExperimentsUnfinished, DatasetRefused, EvaluationRefused.
    """
    # No transaction stays open while the model works.
    with read_scope(sessions) as session:
        experiment = get_finished(session, experiment_id)
        model = models.find_model_of_experiment(session, experiment_id)
    if model is None:
        raise ExperimentsUnfinished([(experiment_id, experiment.status)])
    # Opened at once: when somebody is erased from it, it lies elsewhere, and who has it open reads on.
    training = load_sequences(store.fetch(experiment.dataset.artifact))
    sequences = read_dataset(upload.path, format=fields.format, limits=Limits(responses=MOST_RESPONSES))
    unused = [experiment.fold, *experiment.exclude_folds]
    evaluation = inference.evaluate(model.artifact, sequences, protocol=fields.protocol)
    return EvaluationRead(
        experiment_id=experiment_id,
        protocol=evaluation.protocol,
        n_students=sequences.n_students,
        n_responses=evaluation.n_responses,
        n_predicted=evaluation.n_predicted,
        n_known_students=_count_known(sequences, training, unused=unused),
        unknown_skills=list(evaluation.unknown_skills),
        metrics=evaluation.metrics,
    )


def get_finished(session: Session, experiment_id: UUID) -> Experiment:
    """Raises ExperimentNotFound, ExperimentsUnfinished."""
    experiment = experiments.get_experiment(session, experiment_id)
    if experiment.status != ExperimentStatus.SUCCEEDED:
        raise ExperimentsUnfinished([(experiment_id, experiment.status)])
    return experiment


def fetch_predictions(session: Session, store: ArtifactStore, experiment_id: UUID) -> Path:
    """A local Parquet file. Raises ExperimentNotFound, ExperimentsUnfinished, ArtifactNotFound."""
    get_finished(session, experiment_id)
    return store.fetch(predictions_key(experiment_id))


def open_heldout(session: Session, store: ArtifactStore, experiment_id: UUID) -> HeldOut:
    """Predictions beside the responses that they are about.

    Raises ExperimentNotFound, ExperimentsUnfinished, ArtifactNotFound.
    """
    experiment = get_finished(session, experiment_id)
    predictions = store.fetch(predictions_key(experiment_id))
    return HeldOut(predictions, load_sequences(store.fetch(experiment.dataset.artifact)), experiment.fold)


def get_report(session: Session, store: ArtifactStore, experiment_id: UUID) -> ReportRead:
    """Raises ExperimentNotFound, ExperimentsUnfinished, ReportMissing."""
    get_finished(session, experiment_id)
    try:
        path = store.fetch(report_key(experiment_id))
    except ArtifactNotFound:
        raise ReportMissing(experiment_id) from None
    return ReportRead(experiment_id=experiment_id, **json.loads(path.read_text("utf-8")))


def list_artifacts(session: Session, store: ArtifactStore, experiment_id: UUID) -> ArtifactList:
    """What an experiment has left so far. Raises ExperimentNotFound."""
    experiments.get_experiment(session, experiment_id)
    model = models.find_model_of_experiment(session, experiment_id)
    items = []
    if model is not None and store.exists(model.artifact):
        items.append(_describe_model(store, model.artifact, model_id=model.id))
    if store.exists(predictions_key(experiment_id)):
        items.append(_describe_predictions(store, experiment_id))
    if store.exists(report_key(experiment_id)):
        items.append(_describe_report(store, experiment_id))
    return ArtifactList(experiment_id=experiment_id, items=items)


def predictions_key(experiment_id: UUID) -> str:
    """Where the held-out predictions are stored."""
    return f"experiments/{experiment_id}/predictions.parquet"


def report_key(experiment_id: UUID) -> str:
    """Where the report is stored."""
    return f"experiments/{experiment_id}/report.json"


def _describe_model(store: ArtifactStore, key: str, *, model_id: UUID) -> Artifact:
    return Artifact(
        name="model",
        media_type="application/x-directory",
        size_bytes=_size(store, key),
        href=f"/models/{model_id}",
        description="Weights, settings, skills and calibration",
    )


def _describe_predictions(store: ArtifactStore, experiment_id: UUID) -> Artifact:
    return Artifact(
        name="predictions",
        media_type=PARQUET,
        size_bytes=_size(store, predictions_key(experiment_id)),
        href=f"/experiments/{experiment_id}/predictions",
        description="Held-out predictions, one row per response",
    )


def _describe_report(store: ArtifactStore, experiment_id: UUID) -> Artifact:
    return Artifact(
        name="report",
        media_type="application/json",
        size_bytes=_size(store, report_key(experiment_id)),
        href=f"/experiments/{experiment_id}/report",
        description="Calibration, AUC by history and by skill, and the audit's findings",
    )


def _size(store: ArtifactStore, key: str) -> int:
    return sum(file.size for file in store.list_files(key))


def _count_known(sequences: Sequences, training: Sequences, *, unused: Collection[int]) -> int:
    fitted: Any = training.student_ids.filter(~np.isin(training.folds, list(unused)))
    return int(np.count_nonzero(pc.is_in(sequences.student_ids, value_set=fitted)))
