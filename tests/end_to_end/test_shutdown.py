"""A worker that is asked to end in the middle of a long epoch."""

import time
from pathlib import Path

from db.artifacts import open_artifacts
from db.engine import create_engine, create_session_factory
from db.models import DEFAULT_TENANT
from tests.stacks import Stack
from tests.worker.support import (
    WorkerProcess,
    classroom,
    look,
    queue_experiment,
    running_worker,
    settings_of,
    store_dataset,
    wait_for_epoch,
    wait_for_status,
    wait_until,
)
from worker.enqueue import enqueue_training

MOST_SECONDS = 30
EPOCHS = 2
# So many students in batches this small: an epoch takes seconds, and the first worker is to leave it undone.
N_STUDENTS = 2000
LONG = {"epochs": EPOCHS, "batch_tokens": 64}


def seconds_to_end(worker: WorkerProcess) -> float:
    started = time.perf_counter()
    assert worker.terminate() == 0
    return time.perf_counter() - started


def test_a_job_is_given_back_within_an_epoch_and_ends_with_the_same_numbers(
    stack: Stack, tmp_path: Path
) -> None:
    engine = create_engine(stack.database_url)
    sessions = create_session_factory(engine, tenant=DEFAULT_TENANT)
    settings = settings_of(stack)
    dataset = store_dataset(settings, sessions, classroom(n_students=N_STUDENTS), tmp_path)
    disturbed = queue_experiment(sessions, dataset.id, **LONG)

    with running_worker(stack, tmp_path) as first:
        enqueue_training(disturbed, settings=settings)
        wait_for_epoch(sessions, disturbed, 1)
        wait_until(lambda: look(sessions, disturbed).experiment.progress > 1.1 / EPOCHS)
        took = seconds_to_end(first)
    given_back = look(sessions, disturbed).experiment
    assert (given_back.status, given_back.attempt, given_back.lease_owner) == ("queued", 0, None)
    assert given_back.epochs_done == 1
    assert open_artifacts(settings).exists(f"experiments/{disturbed}/checkpoint")

    undisturbed = queue_experiment(sessions, dataset.id, **LONG)
    with running_worker(stack, tmp_path) as second:
        enqueue_training(undisturbed, settings=settings)
        ends = [wait_for_status(sessions, one, "succeeded", "failed") for one in (disturbed, undisturbed)]
        assert f"event=checkpoint_restored experiment_id={disturbed}" in second.logged()
    engine.dispose()
    assert took < MOST_SECONDS
    assert [end.experiment.status for end in ends] == ["succeeded", "succeeded"]
    assert ends[0].numbers == ends[1].numbers
