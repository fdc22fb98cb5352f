"""Excluded students are used for nothing."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from db.artifacts import open_artifacts
from db.engine import SessionFactory, session_scope
from db.models import Calibration, Dataset
from ikt_model.data.sequences import Sequences
from tests.stacks import Stack
from tests.worker.support import classroom, look, queue_experiment, settings_of, store_dataset
from worker.stores import predictions_key
from worker.training import run_experiment


def test_their_responses_change_no_number_and_are_not_predicted(
    stack: Stack, sessions: SessionFactory, dataset: Dataset, tmp_path: Path
) -> None:
    settings = settings_of(stack)
    other = store_dataset(settings, sessions, flipped(classroom(), fold=2), tmp_path)
    assert other.content_hash != dataset.content_hash

    ids = [
        queue_experiment(sessions, dataset_id, fold=1, exclude_folds=[0, 2], epochs=2)
        for dataset_id in (dataset.id, other.id)
    ]
    for experiment_id in ids:
        assert run_experiment(experiment_id, settings=settings)

    one, two = (look(sessions, experiment_id) for experiment_id in ids)
    assert one.experiment.status == "succeeded", one.experiment.error_detail
    assert one.numbers == two.numbers
    table = pq.read_table(open_artifacts(settings).fetch(predictions_key(ids[0])))
    folds = dict(zip(classroom().student_ids.to_pylist(), classroom().folds.tolist(), strict=True))
    assert {folds[student] for student in table["student_id"].to_pylist()} == {1}
    with session_scope(sessions) as session:
        fits = session.query(Calibration).all()
        assert sorted((fit.fold, *fit.exclude_folds) for fit in fits) == [(1, 0, 2)] * 2


def flipped(sequences: Sequences, *, fold: int) -> Sequences:
    """The same responses, those of one fold's students turned round."""
    of_fold = np.repeat(sequences.folds == fold, sequences.lengths)
    sequences.responses[of_fold] = 1 - sequences.responses[of_fold]
    return sequences
