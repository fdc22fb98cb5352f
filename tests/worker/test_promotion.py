"""Promotion: everybody is scored before a model answers."""

import sqlite3
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from db.artifacts import open_artifacts
from db.engine import SessionFactory, read_scope, session_scope
from db.models import Dataset, Model
from db.repositories import erasures, models, states, students
from ikt_model.inference import History, Predictor
from tests.builders import make_event, to_microseconds
from tests.stacks import Stack
from tests.worker.classrooms import (
    N_STUDENTS,
    add_students,
    answer_once_more,
    behind,
    expire_lease,
    keys_of,
    marked,
    status_of,
    train_and_start,
)
from tests.worker.support import receive, settings_of
from worker import chunks, promotion
from worker.promotion import promote
from worker.scoring import score_due
from worker.settings import WorkerSettings


class Killed(BaseException):
    """Nothing in the worker may get in the way of it."""


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


@pytest.fixture
def model(sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset) -> Model:
    """A model that is to be promoted."""
    return train_and_start(sessions, settings, dataset)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_STUDENTS", 3)


@pytest.fixture
def before_flip(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Have something happen after the last pass."""

    def arrange(happen: Callable[[], object]) -> None:
        real = promotion._flip

        def flip(*given: Any, **named: Any) -> None:
            happen()
            real(*given, **named)

        monkeypatch.setattr(promotion, "_flip", flip)

    return arrange


def fail_at_chunk(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    """Instead of storing that chunk; the next time all is well."""
    real, left = models.note_scored_through, [number]

    def note(*given: Any, **named: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise error
        real(*given, **named)

    monkeypatch.setattr(models, "note_scored_through", note)


def spy_on_scored(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Primary keys of the students whose histories are read."""
    real, read = chunks.read_histories, list[int]()

    def read_histories(session: Any, pks: Any) -> Any:
        read.extend(pks)
        return real(session, pks)

    monkeypatch.setattr(chunks, "read_histories", read_histories)
    return read


def test_every_student_is_scored_and_then_the_model_serves(
    stack: Stack, sessions: SessionFactory, settings: WorkerSettings, model: Model
) -> None:
    add_students(sessions)
    assert promote(model.id, settings=settings)
    assert status_of(sessions, model) == "serving"
    assert behind(sessions, model.id) == []
    predictor = Predictor.load(open_artifacts(stack.database_settings()).fetch(model.artifact))
    first, second = (predictor.skills.index(name) for name in ("skill-1", "skill-2"))
    with read_scope(sessions) as session:
        student = students.get_student(session, "learner-2")  # two responses, then one on an unknown skill
        state = states.read_states(session, model.id, [student.id])[student.id]
    along = predictor.trajectory(History([["skill-1"], ["skill-2"]], [1, 0]))
    assert state.n_interactions == 3
    assert state.theta == pytest.approx(along.theta[-1], abs=1e-5)
    assert state.evidence.sum() == 2
    assert (state.evidence[first], state.evidence[second]) == (1, 1)
    assert state.as_of == make_event(2).occurred_at
    moments = [to_microseconds(make_event(step).occurred_at) for step in range(2)]
    assert [state.last_practised[first], state.last_practised[second]] == moments
    assert (state.last_practised > 0).sum() == 2
    assert set(state.mastered_at.tolist()) <= {0, *moments}


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
    real = chunks._score

    def score_and_erase(*args: Any) -> Any:
        scored = real(*args)
        with session_scope(sessions) as session:
            if students.find_student(session, "learner-0"):
                erasures.erase_student(session, "learner-0")
        return scored

    monkeypatch.setattr(chunks, "_score", score_and_erase)
    promote(model.id, settings=settings)
    assert status_of(sessions, model) == "serving"
    assert behind(sessions, model.id) == []


def test_a_killed_workers_promotion_goes_on_where_it_came_to(
    sessions: SessionFactory, settings: WorkerSettings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_students(sessions)
    fail_at_chunk(monkeypatch, 2, Killed())
    with pytest.raises(Killed):
        promote(model.id, settings=settings)
    with session_scope(sessions) as session:
        row = models.get_model(session, model.id)
    assert (row.status, row.scored_through) == ("promoting", keys_of(sessions, [2])[0])
    expire_lease(sessions, model)

    read = spy_on_scored(monkeypatch)
    assert promote(model.id, settings=settings)
    assert read == keys_of(sessions, range(3, N_STUDENTS))
    assert status_of(sessions, model) == "serving"
    assert behind(sessions, model.id) == []


def test_a_database_that_is_away_for_a_moment_interrupts(
    sessions: SessionFactory, settings: WorkerSettings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_students(sessions)
    locked = OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))
    fail_at_chunk(monkeypatch, 1, locked)
    assert promote(model.id, settings=settings)
    assert status_of(sessions, model) == "promoting"
    expire_lease(sessions, model)
    promote(model.id, settings=settings)
    assert status_of(sessions, model) == "serving"


def test_readers_see_one_model_or_the_other_and_always_everybody_scored(
    sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset, model: Model
) -> None:
    add_students(sessions, n_students=20)
    promote(model.id, settings=settings)
    successor = train_and_start(sessions, settings, dataset)
    ended, served, unscored = Event(), set(), []

    def read() -> None:
        names = [f"learner-{number}" for number in range(20)]
        while not (ended.is_set() and successor.id in served):
            with read_scope(sessions) as session:
                serving = models.find_serving(session)
                assert serving is not None
                heads = states.read_heads(session, serving.id, names)
            served.add(serving.id)
            unscored.extend(head for head in heads.values() if head.n_included != head.n_interactions)

    reader = Thread(target=read)
    reader.start()
    promote(successor.id, settings=settings)
    ended.set()
    reader.join(timeout=30)
    assert served == {model.id, successor.id}
    assert unscored == []


def test_a_response_after_the_last_pass_is_seen_after_the_flip(
    stack: Stack,
    sessions: SessionFactory,
    settings: WorkerSettings,
    dataset: Dataset,
    model: Model,
    before_flip: Callable[[Callable[[], object]], None],
) -> None:
    add_students(sessions)
    promote(model.id, settings=settings)
    assert receive(stack, "bulk") == ("ikt.score", [])
    successor = train_and_start(sessions, settings, dataset)

    def answer_and_score() -> None:
        answer_once_more(sessions)
        # The model that still serves has seen it; the one to come has not.
        assert score_due(settings=settings) == 1
        assert behind(sessions, model.id) == []
        assert marked(sessions) == ["learner-0"]

    before_flip(answer_and_score)
    promote(successor.id, settings=settings)
    assert behind(sessions, successor.id) == ["learner-0"]
    assert receive(stack, "bulk") == ("ikt.score", [])
    assert score_due(settings=settings) == 1
    assert behind(sessions, successor.id) == []
    assert marked(sessions) == []


def test_responses_without_end_do_not_hold_the_flip_up(
    sessions: SessionFactory, settings: WorkerSettings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_students(sessions)
    real, passes = promotion._pass, []

    def answer_and_pass(*given: Any, **named: Any) -> int:
        add_students(sessions, first=100 + len(passes), n_students=1)
        passes.append(real(*given, **named))
        return passes[-1]

    monkeypatch.setattr(promotion, "_pass", answer_and_pass)
    promote(model.id, settings=settings)
    assert passes == [N_STUDENTS + 1, *[1] * (promotion.MOST_PASSES - 1)]
    assert status_of(sessions, model) == "serving"


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

    monkeypatch.setattr(promotion, "_pass", lose)
    promote(model.id, settings=settings)
    with session_scope(sessions) as session:
        row = models.get_model(session, model.id)
    assert (row.status, row.lease_owner) == ("promoting", "another")
