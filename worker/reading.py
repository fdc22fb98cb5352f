"""The dataset of a training job: students may be erased from it while the job works.

What the job leaves must not tell of them, so it looks again before it stores anything.
"""

from pathlib import Path

from db.engine import read_scope, session_scope
from db.errors import ArtifactNotFound
from db.models import Dataset
from db.repositories import contents
from db.repositories.contents import Content
from ikt_model.data.erasing import absent_from, find_in_predictions, write_predictions_without
from ikt_model.data.sequences import Sequences, load_sequences
from worker.failures import artifact_access
from worker.jobs import TrainingJob

TRIES = 5


def read_dataset(job: TrainingJob) -> tuple[Dataset, Sequences]:
    """The dataset as it is now, noted as what this attempt reads.

    Raises LeaseLost, ArtifactNotFound, ArtifactAccessFailed.
    """
    for tries_left in reversed(range(TRIES)):
        with session_scope(job.stores.sessions) as session:
            dataset = contents.begin_reading(session, job.id, job.owner)
        try:
            with artifact_access():
                return dataset, load_sequences(job.stores.artifacts.fetch(dataset.artifact))
        except (ArtifactNotFound, FileNotFoundError):
            # Between the row and its file somebody was erased: the row leads to another one by now.
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def predictions_of_present(job: TrainingJob, dataset: Dataset, predictions: Path) -> tuple[Content, Path]:
    """The predictions about students who are still in the dataset, and the content that says who is.

    Raises ArtifactNotFound, ArtifactAccessFailed.
    """
    with read_scope(job.stores.sessions) as session:
        content = contents.find_content(session, dataset.id)
    if content.artifact == dataset.artifact:
        return content, predictions
    with artifact_access():
        chosen = absent_from(job.stores.artifacts.fetch(content.artifact))
    if not find_in_predictions(predictions, chosen):
        return content, predictions
    kept = predictions.with_name("predictions-of-present.parquet")
    write_predictions_without(predictions, chosen, kept)
    return content, kept
