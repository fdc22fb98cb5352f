"""Jobs through real worker processes, on both stacks."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from db.artifacts import open_artifacts
from db.base import utc_now
from db.engine import SessionFactory, create_engine, create_session_factory, session_scope
from db.models import Dataset
from db.repositories import experiments, models, students
from tests import stacks
from tests.builders import make_event
from tests.stacks import STACK_NAMES, Stack
from tests.worker.support import (
    LONG_AGO,
    Seen,
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
from worker.enqueue import enqueue_training, run_training_here

ENDED = ("succeeded", "failed", "cancelled")
# Small batches make an epoch last long enough to be interrupted.
SLOW = {"epochs": 12, "batch_tokens": 64}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stack with data, and a worker on it that several tests share."""

    stack: Stack
    sessions: SessionFactory
    dataset: Dataset
    worker: WorkerProcess

    def ring(self, experiment_id: UUID) -> None:
        enqueue_training(experiment_id, settings=settings_of(self.stack))

    def log(self) -> str:
        return self.worker.log.read_text()


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
        sessions = create_session_factory(engine)
        dataset = store_dataset(stack.database_settings(), sessions, classroom(), folder)
        worker = opened.enter_context(running_worker(stack, folder, IKT_CONCURRENCY="2"))
        yield Stage(stack, sessions, dataset, worker)


class TestSharedWorker:
    def test_a_job_delivered_twice_is_trained_once(self, stage: Stage) -> None:
        experiment_id = queue_experiment(stage.sessions, stage.dataset.id)
        stage.ring(experiment_id)
        stage.ring(experiment_id)
        seen = wait_for_status(stage.sessions, experiment_id, *ENDED)
        wait_until(lambda: f"event=experiment_not_claimed experiment_id={experiment_id}" in stage.log())
        assert stage.log().count(f"event=experiment_claimed experiment_id={experiment_id}") == 1
        assert (seen.experiment.status, seen.experiment.attempt) == ("succeeded", 1)
        assert [row.epoch for row in seen.epochs] == [1, 2, 3]
        assert seen.model is not None

    def test_a_job_whose_message_was_lost_is_found(self, stage: Stage) -> None:
        experiment_id = queue_experiment(stage.sessions, stage.dataset.id, is_due=True)
        assert wait_for_status(stage.sessions, experiment_id, *ENDED).experiment.status == "succeeded"

    def test_a_cancelled_job_stops_soon(self, stage: Stage) -> None:
        experiment_id = queue_experiment(stage.sessions, stage.dataset.id, epochs=500, batch_tokens=64)
        stage.ring(experiment_id)
        wait_for_epoch(stage.sessions, experiment_id, 1)
        with session_scope(stage.sessions) as session:
            at_cancel = experiments.request_cancel(session, experiment_id).epochs_done
        seen = wait_for_status(stage.sessions, experiment_id, *ENDED)
        assert seen.experiment.status == "cancelled"
        assert at_cancel <= seen.experiment.epochs_done < 250
        assert seen.model is None

    def test_a_failure_is_told_with_class_and_text(self, stage: Stage, tmp_path: Path) -> None:
        gone = store_dataset(
            stage.stack.database_settings(), stage.sessions, classroom(n_students=10), tmp_path
        )
        open_artifacts(stage.stack.database_settings()).delete(gone.artifact)
        experiment_id = queue_experiment(stage.sessions, gone.id)
        stage.ring(experiment_id)
        row = wait_for_status(stage.sessions, experiment_id, *ENDED).experiment
        assert (row.status, row.error_type) == ("failed", "ArtifactNotFound")
        assert gone.artifact in (row.error_detail or "")
        wait_until(lambda: "Traceback" in stage.log())

    def test_a_promotion_whose_message_was_lost_is_found(self, stage: Stage) -> None:
        experiment_id = queue_experiment(stage.sessions, stage.dataset.id, epochs=1)
        run_training_here(experiment_id, settings=settings_of(stage.stack))
        candidate = look(stage.sessions, experiment_id).model
        assert candidate is not None
        with session_scope(stage.sessions) as session:
            student = students.get_or_add_student(session, "learner")
            students.add_interactions(session, student, [make_event(0, skills=["skill-1"])])
            models.start_promotion(session, candidate.id).rung_at = utc_now() - LONG_AGO
        wait_until(lambda: serving_model(stage.sessions) == candidate.id)
        with session_scope(stage.sessions) as session:
            student = students.get_student(session, "learner")
            assert students.get_state(session, student, candidate.id).n_interactions == 1

    def test_an_idle_worker_ends_at_once_and_in_good_order(self, stage: Stage) -> None:
        """The last test of the shared worker."""
        children = wait_until(stage.worker.children)
        assert stage.worker.terminate() == 0
        wait_until(lambda: not any(is_alive(pid) for pid in children))


def serving_model(sessions: SessionFactory) -> UUID | None:
    with session_scope(sessions) as session:
        model = models.find_serving_model(session)
        return model.id if model else None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


class TestLostWorker:
    def test_a_killed_workers_job_ends_on_another_with_the_same_numbers(
        self, stack: Stack, sessions: SessionFactory, dataset: Dataset, tmp_path: Path
    ) -> None:
        experiment_id = queue_experiment(sessions, dataset.id, **SLOW)
        enqueue_training(experiment_id, settings=settings_of(stack))
        with running_worker(stack, tmp_path) as first:
            wait_for_epoch(sessions, experiment_id, 2)
            children = first.children()
            first.kill()
            wait_until(lambda: not any(is_alive(pid) for pid in children), seconds=10)
        at_kill = look(sessions, experiment_id)
        assert at_kill.experiment.status == "running"
        assert 2 <= at_kill.experiment.epochs_done < SLOW["epochs"]
        with running_worker(stack, tmp_path) as second:
            resumed = wait_for_status(sessions, experiment_id, *ENDED)
            assert f"event=checkpoint_restored experiment_id={experiment_id}" in second.log.read_text()
        assert (resumed.experiment.status, resumed.experiment.attempt) == ("succeeded", 2)
        assert [row.epoch for row in resumed.epochs] == list(range(1, SLOW["epochs"] + 1))
        assert resumed.model is not None
        assert resumed.numbers == undisturbed(stack, sessions, dataset).numbers

    def test_a_worker_that_shuts_down_gives_its_job_back(
        self, stack: Stack, sessions: SessionFactory, dataset: Dataset, tmp_path: Path
    ) -> None:
        experiment_id = queue_experiment(sessions, dataset.id, epochs=500, batch_tokens=64)
        with running_worker(stack, tmp_path) as worker:
            # A message about nothing: the job then runs in a child that replaced the first, which is how
            # nearly all jobs run.
            enqueue_training(uuid4(), settings=settings_of(stack))
            wait_until(lambda: "event=experiment_not_claimed" in worker.log.read_text())
            enqueue_training(experiment_id, settings=settings_of(stack))
            wait_for_epoch(sessions, experiment_id, 1)
            assert worker.terminate() == 0
            assert "Traceback" not in worker.log.read_text()
        row = look(sessions, experiment_id).experiment
        assert (row.status, row.attempt, row.lease_owner) == ("queued", 0, None)
        artifacts = open_artifacts(stack.database_settings())
        assert artifacts.exists(f"experiments/{experiment_id}/checkpoint")


def undisturbed(stack: Stack, sessions: SessionFactory, dataset: Dataset) -> Seen:
    """The same experiment, run in one go."""
    experiment_id = queue_experiment(sessions, dataset.id, **SLOW)
    run_training_here(experiment_id, settings=settings_of(stack))
    return look(sessions, experiment_id)
