"""Who is due is scored under the serving model: once, by one worker, and never forgotten."""

from threading import Barrier, Event, Thread
from typing import Any

import pytest

from db.base import to_microseconds
from db.engine import SessionFactory, session_scope
from db.lifecycle import ModelStatus
from db.models import Dataset, Model
from db.repositories import models, students
from db.repositories.bulk import BulkLoad
from tests.builders import NOON, make_model
from tests.stacks import Stack
from tests.worker.classrooms import (
    N_STUDENTS,
    add_students,
    answer_once_more,
    behind,
    expire_lease,
    marked,
    train_and_start,
)
from tests.worker.support import receive, settings_of
from worker import chunks
from worker.promotion import promote
from worker.scoring import score_due
from worker.settings import WorkerSettings


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


@pytest.fixture
def model(sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset) -> Model:
    """The model that serves."""
    model = train_and_start(sessions, settings, dataset)
    promote(model.id, settings=settings)
    return model


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_STUDENTS", 3)


def test_students_of_an_upload_are_scored(
    sessions: SessionFactory, settings: WorkerSettings, model: Model
) -> None:
    n = 40
    with session_scope(sessions) as session, BulkLoad(session) as load:
        load.add(
            student_ids=[f"learner-{number % 10}" for number in range(n)],
            event_ids=[f"event-{number}" for number in range(n)],
            skills=['["skill-1"]'] * n,
            items=[None] * n,
            correct=[number % 3 > 0 for number in range(n)],
            occurred_at=[to_microseconds(NOON) + number for number in range(n)],
        )
    assert len(marked(sessions)) == 10
    assert score_due(settings=settings) == 10
    assert behind(sessions, model.id) == []
    assert marked(sessions) == []
    assert score_due(settings=settings) == 0


def test_without_a_serving_model_nothing_happens(sessions: SessionFactory, settings: WorkerSettings) -> None:
    add_students(sessions, scoring_due=True)
    assert score_due(settings=settings) == 0
    assert len(marked(sessions)) == N_STUDENTS


def test_a_mark_on_somebody_who_was_scored_is_wiped_off(
    sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
) -> None:
    add_students(sessions, scoring_due=True)
    model = train_and_start(sessions, settings, dataset)
    promote(model.id, settings=settings)
    assert len(marked(sessions)) == N_STUDENTS
    assert score_due(settings=settings) == 0
    assert marked(sessions) == []


def test_of_two_scorers_at_once_one_works(
    sessions: SessionFactory, settings: WorkerSettings, model: Model
) -> None:
    add_students(sessions, n_students=30, scoring_due=True)
    scored: list[int] = []
    together = Barrier(2)

    def score() -> None:
        together.wait()
        scored.append(score_due(settings=settings))

    scorers = [Thread(target=score) for _ in range(2)]
    for scorer in scorers:
        scorer.start()
    for scorer in scorers:
        scorer.join(timeout=60)
    assert sorted(scored) == [0, 30]
    assert behind(sessions, model.id) == []
    assert marked(sessions) == []


def test_a_scorer_that_was_taken_for_dead_does_no_harm(
    sessions: SessionFactory, settings: WorkerSettings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_students(sessions, scoring_due=True)
    real, inner = chunks._score, list[int]()

    def score_twice(*given: Any) -> Any:
        if not inner:
            inner.append(-1)
            expire_lease(sessions, model)
            inner[0] = score_due(settings=settings)
        return real(*given)

    monkeypatch.setattr(chunks, "_score", score_twice)
    # Seldom enough that no heartbeat comes between the end of the lease and the second scorer.
    score_due(settings=settings.model_copy(update={"heartbeat_seconds": 3.5}))
    assert inner == [N_STUDENTS]
    assert behind(sessions, model.id) == []
    assert marked(sessions) == []


def test_a_response_that_comes_while_its_student_is_scored_is_not_forgotten(
    sessions: SessionFactory, settings: WorkerSettings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_students(sessions, scoring_due=True)
    real, times = chunks._score, list[int]()

    def score_and_answer(*given: Any) -> Any:
        scored = real(*given)
        if not times:
            answer_once_more(sessions)
        times.append(len(given[1].stale))
        return scored

    monkeypatch.setattr(chunks, "_score", score_and_answer)
    assert score_due(settings=settings) == N_STUDENTS + 1
    assert times == [3, 3, 1, 1]
    assert behind(sessions, model.id) == []
    assert marked(sessions) == []


@pytest.mark.usefixtures("model")
def test_responses_that_are_missing_keep_nobody_at_it(
    sessions: SessionFactory,
    settings: WorkerSettings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    add_students(sessions, scoring_due=True)
    with session_scope(sessions) as session:
        make_model(session, status=ModelStatus.PROMOTING)  # until it serves, marks stay
        students.get_student(session, "learner-0").n_interactions += 1
    real, times = chunks._score, list[int]()

    def score(*given: Any) -> Any:
        times.append(len(given[1].stale))
        assert len(times) < 10, "it has no end"
        return real(*given)

    monkeypatch.setattr(chunks, "_score", score)
    assert score_due(settings=settings) == N_STUDENTS - 1
    assert times == [3, 3, 1, 1]
    assert "responses_missing" in caplog.text


def test_a_worker_that_shuts_down_lets_go_and_rings(
    stack: Stack, sessions: SessionFactory, settings: WorkerSettings, model: Model
) -> None:
    assert receive(stack, "bulk") == ("ikt.score", [])  # from the promotion
    add_students(sessions, scoring_due=True)
    stop = Event()
    stop.set()
    assert score_due(settings=settings, stop=stop) == 0
    with session_scope(sessions) as session:
        assert models.get_model(session, model.id).lease_owner is None
    assert receive(stack, "bulk") == ("ikt.score", [])
    assert score_due(settings=settings) == N_STUDENTS


@pytest.mark.usefixtures("model")
def test_a_scorer_that_fails_lets_go(
    sessions: SessionFactory, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_students(sessions, scoring_due=True)

    def fail(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(chunks, "_score", fail)
        with pytest.raises(RuntimeError, match="out of memory"):
            score_due(settings=settings)
    assert score_due(settings=settings) == N_STUDENTS
