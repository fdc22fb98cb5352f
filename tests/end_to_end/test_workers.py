"""Jobs through real worker processes, on both stacks."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.artifacts import open_artifacts
from db.base import utc_now
from db.engine import SessionFactory, create_engine, create_session_factory, session_scope
from db.models import DEFAULT_TENANT, Model
from db.repositories import experiments, models
from tests import stacks
from tests.stacks import STACK_NAMES, Stack
from tests.worker.classrooms import add_students, behind, marked, status_of
from tests.worker.support import (
    LONG_AGO,
    Seen,
    WorkerProcess,
    classroom,
    is_alive,
    look,
    queue_experiment,
    running_worker,
    settings_of,
    store_dataset,
    wait_for_epoch,
    wait_for_status,
    wait_until,
)
from worker.enqueue import enqueue_promotion, enqueue_scoring, enqueue_training, run_training_here

# Small batches make an epoch last long enough to be interrupted.
SLOW = {"epochs": 10, "batch_tokens": 64}
ASKED_AS_A_JOB_ENDS = """
import os, signal
from celery.signals import task_postrun

@task_postrun.connect
def ask(**_):
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)

from worker.__main__ import main
main()
"""


class Stage:
    """A stack with data, and a worker on it that tests share until one of them ends it."""

    def __init__(self, stack: Stack, sessions: SessionFactory, folder: Path) -> None:
        self.stack = stack
        self.sessions = sessions
        self.settings = settings_of(stack)
        self.dataset = store_dataset(self.settings, sessions, classroom(), folder)
        self._folder = folder
        self._running = ExitStack()
        self._worker: WorkerProcess | None = None

    def worker(self) -> WorkerProcess:
        """The running worker, started where there is none."""
        if self._worker is None or not self._worker.is_running:
            self.close()
            self._worker = self._running.enter_context(running_worker(self.stack, self._folder))
        return self._worker

    def close(self) -> None:
        self._running.close()

    def queue(self, **changes: Any) -> UUID:
        return queue_experiment(self.sessions, self.dataset.id, **changes)

    def ring(self, experiment_id: UUID) -> None:
        enqueue_training(experiment_id, settings=self.settings)

    def wait_for_end(self, experiment_id: UUID) -> Seen:
        return wait_for_status(self.sessions, experiment_id, "succeeded", "failed", "cancelled")


@pytest.fixture(scope="module", params=STACK_NAMES)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as opened:
        if request.param == "embedded":
            fresh = stacks.embedded_stack(folder, request.getfixturevalue("sqlite_template"))
        else:
            fresh = stacks.services_stack(folder, request.getfixturevalue("services"))
        stack = opened.enter_context(fresh)
        engine = create_engine(stack.database_url)
        opened.callback(engine.dispose)
        stage = Stage(stack, create_session_factory(engine, tenant=DEFAULT_TENANT), folder)
        opened.callback(stage.close)
        yield stage


def test_a_job_delivered_twice_is_trained_once(stage: Stage) -> None:
    worker = stage.worker()
    experiment_id = stage.queue()
    stage.ring(experiment_id)
    stage.ring(experiment_id)
    seen = stage.wait_for_end(experiment_id)
    wait_until(lambda: f"event=experiment_not_claimed experiment_id={experiment_id}" in worker.logged())
    assert worker.logged().count(f"event=experiment_claimed experiment_id={experiment_id}") == 1
    assert (seen.experiment.status, seen.experiment.attempt) == ("succeeded", 1)
    assert [row.epoch for row in seen.epochs] == [1, 2, 3]
    assert seen.model is not None


def test_a_job_whose_message_was_lost_is_found(stage: Stage) -> None:
    stage.worker()
    seen = stage.wait_for_end(stage.queue(is_due=True))
    assert seen.experiment.status == "succeeded"


def test_a_cancelled_job_stops_soon(stage: Stage) -> None:
    stage.worker()
    experiment_id = stage.queue(epochs=500, batch_tokens=64)
    stage.ring(experiment_id)
    wait_for_epoch(stage.sessions, experiment_id, 1)
    with session_scope(stage.sessions) as session:
        at_cancel = experiments.request_cancel(session, experiment_id).epochs_done
    seen = stage.wait_for_end(experiment_id)
    assert seen.experiment.status == "cancelled"
    assert at_cancel <= seen.experiment.epochs_done < 250
    assert seen.model is None


def test_a_failure_is_told_with_class_and_text(stage: Stage, tmp_path: Path) -> None:
    worker = stage.worker()
    gone = store_dataset(stage.settings, stage.sessions, classroom(n_students=10), tmp_path)
    open_artifacts(stage.settings).delete(gone.artifact)
    experiment_id = queue_experiment(stage.sessions, gone.id)
    stage.ring(experiment_id)
    row = stage.wait_for_end(experiment_id).experiment
    assert (row.status, row.error_type) == ("failed", "ArtifactNotFound")
    assert gone.artifact in (row.error_detail or "")
    wait_until(lambda: "Traceback" in worker.logged())


def start_promotion(stage: Stage, *, n_students: int) -> Model:
    """A model that is to be promoted over students who answered, and for which nobody rings soon."""
    experiment_id = stage.queue(epochs=1)
    run_training_here(experiment_id, settings=stage.settings)
    candidate = look(stage.sessions, experiment_id).model
    assert candidate is not None
    add_students(stage.sessions, n_students=n_students)
    with session_scope(stage.sessions) as session:
        return models.start_promotion(session, candidate.id)


def test_a_promotion_whose_message_was_lost_is_found(stage: Stage) -> None:
    stage.worker()
    model = start_promotion(stage, n_students=3)
    with session_scope(stage.sessions) as session:
        models.get_model(session, model.id).rung_at = utc_now() - LONG_AGO
    wait_until(lambda: serving_model(stage.sessions) == model.id)
    assert behind(stage.sessions, model.id) == []


def test_students_of_an_upload_are_scored_whether_or_not_anybody_rings(stage: Stage) -> None:
    stage.worker()
    model = start_promotion(stage, n_students=3)
    enqueue_promotion(model.id, settings=stage.settings)
    wait_until(lambda: serving_model(stage.sessions) == model.id)
    for first, is_rung in ((100, True), (200, False)):
        add_students(stage.sessions, first=first, n_students=20, scoring_due=True)
        if is_rung:
            enqueue_scoring(settings=stage.settings)
        wait_until(lambda: not marked(stage.sessions))
        assert behind(stage.sessions, model.id) == []


def test_a_killed_workers_promotion_ends_on_another(stage: Stage) -> None:
    first = stage.worker()
    model = start_promotion(stage, n_students=3000)
    enqueue_promotion(model.id, settings=stage.settings)
    wait_until(lambda: read_model(stage.sessions, model).lease_owner)
    first.kill()
    assert status_of(stage.sessions, model) == "promoting"

    stage.worker()
    wait_until(lambda: serving_model(stage.sessions) == model.id)
    assert behind(stage.sessions, model.id) == []
    assert read_model(stage.sessions, model).attempt == 2


def test_a_killed_workers_job_ends_on_another_with_the_same_numbers(stage: Stage) -> None:
    first = stage.worker()
    experiment_id = stage.queue(**SLOW)
    stage.ring(experiment_id)
    wait_for_epoch(stage.sessions, experiment_id, 2)
    trainer = first.child_that_trains(stage.sessions, experiment_id)
    first.kill()
    wait_until(lambda: not is_alive(trainer), seconds=10)
    at_kill = look(stage.sessions, experiment_id)
    assert not at_kill.experiment.status.is_terminal
    assert 2 <= at_kill.experiment.epochs_done < SLOW["epochs"]

    second = stage.worker()
    resumed = stage.wait_for_end(experiment_id)
    assert f"event=checkpoint_restored experiment_id={experiment_id}" in second.logged()
    assert second.logged().count(f"event=experiment_claimed experiment_id={experiment_id}") == 1
    assert (resumed.experiment.status, resumed.experiment.attempt) == ("succeeded", 2)
    assert [row.epoch for row in resumed.epochs] == list(range(1, SLOW["epochs"] + 1))
    assert resumed.model is not None
    undisturbed = stage.queue(**SLOW)
    run_training_here(undisturbed, settings=stage.settings)
    assert resumed.numbers == look(stage.sessions, undisturbed).numbers


def test_a_worker_that_shuts_down_gives_its_job_back(stage: Stage) -> None:
    worker = stage.worker()
    # A message about nothing: the job then runs in a child that replaced another, as nearly all jobs do.
    nothing = uuid4()
    stage.ring(nothing)
    wait_until(lambda: f"event=experiment_not_claimed experiment_id={nothing}" in worker.logged())
    experiment_id = stage.queue(epochs=500, batch_tokens=64)
    stage.ring(experiment_id)
    wait_for_epoch(stage.sessions, experiment_id, 1)
    children = worker.children()
    assert worker.terminate() == 0
    assert not any(is_alive(child) for child in children)
    row = look(stage.sessions, experiment_id).experiment
    assert (row.status, row.attempt, row.lease_owner) == ("queued", 0, None)
    assert open_artifacts(stage.settings).exists(f"experiments/{experiment_id}/checkpoint")
    with session_scope(stage.sessions) as session:
        experiments.request_cancel(session, experiment_id)


def test_a_process_that_is_asked_to_stop_as_its_job_ends_tells_of_it_still(
    stage: Stage, tmp_path: Path
) -> None:
    stage.close()
    ids = [uuid4() for _ in range(3)]
    with running_worker(stage.stack, tmp_path, program=ASKED_AS_A_JOB_ENDS) as worker:
        for experiment_id in ids:
            stage.ring(experiment_id)
        wait_until(lambda: all(f"not_claimed experiment_id={one}" in worker.logged() for one in ids))
        assert worker.terminate() == 0
        assert "exited with" not in worker.logged()


def read_model(sessions: SessionFactory, model: Model) -> Model:
    with session_scope(sessions) as session:
        return models.get_model(session, model.id)


def serving_model(sessions: SessionFactory) -> UUID | None:
    with session_scope(sessions) as session:
        model = models.find_serving_model(session)
        return model.id if model else None
