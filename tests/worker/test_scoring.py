"""Promotion: everybody is scored before a model answers."""

from threading import Event

import pytest

from db.artifacts import open_artifacts
from db.engine import SessionFactory, session_scope
from db.models import Dataset, Model
from db.repositories import models, students
from ikt_model.inference import History, Predictor
from tests.builders import make_event
from tests.stacks import Stack
from tests.worker.support import look, queue_experiment, receive, settings_of
from worker import scoring
from worker.scoring import promote
from worker.settings import WorkerSettings
from worker.training import run_experiment

N_STUDENTS = 7


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


@pytest.fixture
def model(sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset) -> Model:
    """A model that is to be promoted."""
    return train_and_start(sessions, settings, dataset)


def train_and_start(sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset) -> Model:
    experiment_id = queue_experiment(sessions, dataset.id, epochs=1)
    assert run_experiment(experiment_id, settings=settings)
    candidate = look(sessions, experiment_id).model
    assert candidate is not None
    with session_scope(sessions) as session:
        return models.start_promotion(session, candidate.id)


def add_students(sessions: SessionFactory, *, first: int = 0, n_students: int = N_STUDENTS) -> None:
    """Students with one to three responses each; the last skill is unknown to every model."""
    names = ["skill-1", "skill-2", "telepathy"]
    with session_scope(sessions) as session:
        for number in range(first, first + n_students):
            events = [make_event(step, skills=[names[step]]) for step in range(1 + number % 3)]
            student = students.get_or_add_student(session, f"learner-{number}")
            students.add_interactions(session, student, events)


def status_of(sessions: SessionFactory, model: Model) -> str:
    with session_scope(sessions) as session:
        return models.get_model(session, model.id).status.value


def n_stale(sessions: SessionFactory, model: Model) -> int:
    with session_scope(sessions) as session:
        return len(students.list_stale_students(session, model.id, limit=1000))


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "STUDENTS_PER_CHUNK", 3)


@pytest.mark.usefixtures("small_chunks")
def test_every_student_is_scored_and_then_the_model_serves(
    stack: Stack, sessions: SessionFactory, settings: WorkerSettings, model: Model
) -> None:
    add_students(sessions)
    assert promote(model.id, settings=settings)
    assert status_of(sessions, model) == "serving"
    assert n_stale(sessions, model) == 0
    predictor = Predictor.load(open_artifacts(stack.database_settings()).fetch(model.artifact))
    expected = predictor.state(History([["skill-1"], ["skill-2"]], [1, 0]))
    with session_scope(sessions) as session:
        state = students.get_state(session, students.get_student(session, "learner-1"), model.id)
        assert state.n_interactions == 2
        assert state.theta == pytest.approx(expected.theta)
        assert state.mastery == pytest.approx(expected.mastery.tolist())
        assert state.as_of == make_event(1).occurred_at


def test_the_model_that_served_before_retires(
    sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset, model: Model
) -> None:
    add_students(sessions)
    promote(model.id, settings=settings)
    successor = train_and_start(sessions, settings, dataset)
    assert status_of(sessions, model) == "serving"
    promote(successor.id, settings=settings)
    assert (status_of(sessions, model), status_of(sessions, successor)) == ("retired", "serving")


def test_a_second_call_scores_nobody(settings: WorkerSettings, model: Model) -> None:
    assert promote(model.id, settings=settings)
    assert not promote(model.id, settings=settings)


def test_a_student_erased_meanwhile_does_not_spoil_the_promotion(
    sessions: SessionFactory, settings: WorkerSettings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_students(sessions)
    real = scoring._score_stale

    def score_and_erase(*args: object, **named: object) -> object:
        states = real(*args, **named)  # type: ignore[arg-type]
        with session_scope(sessions) as session:
            if students.find_student(session, "learner-0"):
                students.delete_student(session, "learner-0")
        return states

    monkeypatch.setattr(scoring, "_score_stale", score_and_erase)
    promote(model.id, settings=settings)
    assert status_of(sessions, model) == "serving"
    assert n_stale(sessions, model) == 0


def test_a_failed_promotion_is_a_candidate_again_with_the_reason(
    stack: Stack, sessions: SessionFactory, settings: WorkerSettings, model: Model
) -> None:
    open_artifacts(stack.database_settings()).delete(model.artifact)
    promote(model.id, settings=settings)
    with session_scope(sessions) as session:
        row = models.get_model(session, model.id)
    assert row.status == "candidate"
    assert row.error_type == "ArtifactNotFound"
    assert model.artifact in (row.error_detail or "")


@pytest.mark.usefixtures("small_chunks")
def test_a_worker_that_shuts_down_gives_the_promotion_back_and_rings(
    stack: Stack, sessions: SessionFactory, settings: WorkerSettings, model: Model
) -> None:
    add_students(sessions)
    stop = Event()
    stop.set()
    promote(model.id, settings=settings, stop=stop)
    with session_scope(sessions) as session:
        row = models.get_model(session, model.id)
    assert (row.status, row.attempt, row.lease_owner) == ("promoting", 0, None)
    assert receive(stack, "bulk") == ("ikt.promote", [str(model.id)])
    assert promote(model.id, settings=settings)
    assert status_of(sessions, model) == "serving"


def test_a_worker_that_lost_its_lease_does_not_flip(
    sessions: SessionFactory, settings: WorkerSettings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object, **__: object) -> int:
        with session_scope(sessions) as session:
            models.get_model(session, model.id).lease_owner = "another"
        return 0

    monkeypatch.setattr(scoring, "_score_chunk", lose)
    promote(model.id, settings=settings)
    with session_scope(sessions) as session:
        row = models.get_model(session, model.id)
    assert (row.status, row.lease_owner) == ("promoting", "another")
