"""Rows that were forgotten are found."""

import os
import socket
from datetime import timedelta
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from db.base import utc_now
from db.engine import SessionFactory, session_scope
from db.models import Experiment, Model, Student
from db.repositories import erasures, experiments, leases, models, runs, scoring
from tests.builders import make_experiment, make_model, make_running, make_student
from tests.stacks import Stack
from tests.worker.support import look, receive, settings_of
from worker.enqueue import BrokerUnavailable, enqueue_training
from worker.janitor import ClockWatch, Janitor, Room

LONG_AGO = timedelta(minutes=10)


@pytest.fixture
def janitor(stack: Stack) -> Janitor:
    return Janitor(settings_of(stack))


def add_waiting(sessions: SessionFactory, **changes: Any) -> Experiment:
    with session_scope(sessions) as session:
        return make_experiment(session, rung_at=utc_now() - LONG_AGO, **changes)


def add_silent(sessions: SessionFactory, **changes: Any) -> Experiment:
    """A running experiment whose lease ran out."""
    with session_scope(sessions) as session:
        return make_running(session, lease_seconds=-1, **changes)


def add_promoting(sessions: SessionFactory) -> Model:
    with session_scope(sessions) as session:
        model = models.start_promotion(session, make_model(session).id)
        model.rung_at = utc_now() - LONG_AGO
        return model


def add_due(sessions: SessionFactory, *, status: str = "serving") -> int:
    """A model, and a student whom it is to score; the student's key."""
    with session_scope(sessions) as session:
        make_model(session, status=status)
        return make_student(session, n_interactions=1, scoring_due=True).id


class TestLostMessages:
    def test_a_queued_row_that_nobody_took_is_rung_for_once(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        waiting = add_waiting(sessions)
        janitor.look_around()
        janitor.look_around()
        assert receive(stack, "cpu") == ("ikt.train", [str(waiting.id)])
        assert receive(stack, "cpu") is None
        assert look(sessions, waiting.id).experiment.rings == 1

    def test_the_ring_goes_to_the_queue_of_the_device(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        waiting = add_waiting(sessions, device="cuda")
        janitor.look_around()
        assert receive(stack, "gpu") == ("ikt.train", [str(waiting.id)])

    def test_where_it_ran_before_does_not_bind_the_next_attempt(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        silent = add_silent(sessions, device="auto", device_used="cuda")
        janitor.look_around()
        assert receive(stack, "cpu") == ("ikt.train", [str(silent.id)])

    def test_a_row_that_was_just_queued_is_left_to_its_message(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        with session_scope(sessions) as session:
            make_experiment(session)
        janitor.look_around()
        assert receive(stack, "cpu") is None

    def test_a_promotion_that_nobody_took_is_rung_for(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        model = add_promoting(sessions)
        janitor.look_around()
        assert receive(stack, "bulk") == ("ikt.promote", [str(model.id)])

    def test_a_broker_that_is_down_uses_up_no_ring(self, stack: Stack, sessions: SessionFactory) -> None:
        waiting = add_waiting(sessions)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound, but not listening
            url = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
            with pytest.raises(BrokerUnavailable):
                Janitor(settings_of(stack, broker_url=url)).look_around()
        assert look(sessions, waiting.id).experiment.rings == 0

    def test_others_write_while_it_rings(
        self, sessions: SessionFactory, janitor: Janitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = add_waiting(sessions), add_waiting(sessions)
        real = enqueue_training

        def ring(experiment_id: UUID, **named: Any) -> None:
            write = Thread(target=cancel, args=(sessions, second.id), daemon=True)
            write.start()
            write.join(timeout=10)
            assert not write.is_alive()
            real(experiment_id, **named)

        monkeypatch.setattr("worker.janitor.enqueue_training", ring)
        janitor.look_around()
        assert look(sessions, second.id).experiment.status == "cancelled"
        assert rings_of(sessions, first.id) == 1


class TestLostWorkers:
    def test_a_silent_workers_job_is_queued_again_and_rung_for(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        silent = add_silent(sessions)
        janitor.look_around()
        assert look(sessions, silent.id).experiment.status == "queued"
        assert receive(stack, "cpu") == ("ikt.train", [str(silent.id)])

    def test_a_job_that_loses_every_worker_fails_at_last(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        silent = add_silent(sessions, max_attempts=1)
        janitor.look_around()
        row = look(sessions, silent.id).experiment
        assert row.status == "failed"
        assert "attempt 1 of 1" in (row.error_detail or "")
        assert receive(stack, "cpu") is None

    def test_a_living_job_is_left_alone(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        with session_scope(sessions) as session:
            running = make_running(session)
        janitor.look_around()
        assert look(sessions, running.id).experiment.status == "running"
        assert receive(stack, "cpu") is None

    def test_a_silent_workers_promotion_is_rung_for(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        model = add_promoting(sessions)
        with session_scope(sessions) as session:
            assert models.claim_promotion(session, model.id, "worker-1", lease_seconds=-1)
        janitor.look_around()
        assert receive(stack, "bulk") == ("ikt.promote", [str(model.id)])


class TestDueStudents:
    def test_they_are_rung_for_once(self, stack: Stack, sessions: SessionFactory, janitor: Janitor) -> None:
        add_due(sessions)
        janitor.look_around()
        janitor.look_around()
        assert receive(stack, "bulk") == ("ikt.score", [])
        assert receive(stack, "bulk") is None

    def test_they_are_rung_for_again_later_and_later(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = [1000.0]
        monkeypatch.setattr("worker.bells.time", SimpleNamespace(monotonic=lambda: clock[0]))
        add_due(sessions)
        rings = []
        for _ in range(110):
            janitor.look_around()
            if receive(stack, "bulk"):
                rings.append(clock[0] - 1000)
            clock[0] += 1
        assert rings == [0, 15, 45, 105]

    def test_after_a_rest_the_ring_comes_at_once(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        student = add_due(sessions)
        for is_due in (True, False, True):
            with session_scope(sessions) as session:
                session.get_one(Student, student).scoring_due = is_due
            janitor.look_around()
        assert receive(stack, "bulk") == ("ikt.score", [])
        assert receive(stack, "bulk") == ("ikt.score", [])

    def test_a_worker_that_is_at_it_is_left_alone(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        add_due(sessions)
        with session_scope(sessions) as session:
            assert scoring.claim_scoring(session, "worker-1", lease_seconds=60)
        janitor.look_around()
        assert receive(stack, "bulk") is None

    def test_without_a_serving_model_nobody_is_rung_for(
        self, stack: Stack, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        add_due(sessions, status="retired")
        janitor.look_around()
        assert receive(stack, "bulk") is None


class TestThread:
    def test_it_goes_on_after_a_failed_look(
        self, sessions: SessionFactory, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting = add_waiting(sessions)
        janitor = Janitor(settings_of(stack, janitor_seconds=0.05))
        monkeypatch.setattr(os, "register_at_fork", lambda **_: None)
        broken, real, was_rung = Event(), janitor.look_around, Event()

        def look_once() -> None:
            if not broken.is_set():
                broken.set()
                raise BrokerUnavailable("redis://", OSError("away"))
            real()
            was_rung.set()

        monkeypatch.setattr(janitor, "look_around", look_once)
        janitor.start()
        assert was_rung.wait(timeout=30)
        janitor.stop()
        assert rings_of(sessions, waiting.id) == 1

    def test_nobody_forks_while_it_is_connected(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        janitor = Janitor(settings_of(stack))
        seen: list[bool] = []

        def look_at_lock(*_: object) -> list[UUID]:
            seen.append(janitor._connected.locked())
            return []

        monkeypatch.setattr(runs, "requeue_expired", look_at_lock)
        janitor.look_around()
        assert seen == [True]
        assert not janitor._connected.locked()


def cancel(sessions: SessionFactory, experiment_id: UUID) -> None:
    with session_scope(sessions) as session:
        experiments.request_cancel(session, experiment_id)


def rings_of(sessions: SessionFactory, experiment_id: UUID) -> int:
    return look(sessions, experiment_id).experiment.rings


class TestClocks:
    """The embedded stack's clock is this machine's, so a look may be given any."""

    def test_a_jump_ahead_takes_no_job_from_a_living_worker(self) -> None:
        watch, now = ClockWatch(lease_seconds=60), utc_now()
        assert watch.look(now)
        assert not watch.look(now + timedelta(hours=1))
        assert not watch.look(now + timedelta(hours=1))

    def test_time_that_passes_as_it_should_is_no_jump(self) -> None:
        watch, now = ClockWatch(lease_seconds=60), utc_now()
        assert all(watch.look(now + timedelta(seconds=number)) for number in range(3))

    def test_moments_that_lie_ahead_are_brought_back(
        self, sessions: SessionFactory, janitor: Janitor
    ) -> None:
        later = utc_now() + timedelta(hours=1)
        with session_scope(sessions) as session:
            running = make_running(session)
            claimed_ahead = make_experiment(session)
            runs.claim(session, claimed_ahead.id, "lost", lease_seconds=60, now=later)
            waiting = make_experiment(session, rung_at=later)
            erasures.add_erasure(session, "ana")
            erasures.claim_tenant(session, "lost", lease_seconds=60, now=later)

        janitor.look_around()

        assert look(sessions, claimed_ahead.id).experiment.lease_expires_at < utc_now() + timedelta(minutes=2)
        assert look(sessions, waiting.id).experiment.rung_at <= utc_now()
        with session_scope(sessions) as session:
            in_two_minutes = utc_now() + timedelta(minutes=2)
            assert erasures.claim_tenant(session, "next", lease_seconds=60, now=in_two_minutes) is not None
        seen = look(sessions, running.id).experiment
        assert (seen.lease_expires_at, seen.status) == (running.lease_expires_at, "running")

    def test_the_clock_of_leases_is_the_databases(
        self, stack: Stack, sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("db.repositories.leases.utc_now", lambda: utc_now() + timedelta(hours=1))
        with session_scope(sessions) as session:
            ahead = leases.shared_now(session) - utc_now()
        assert (ahead > timedelta(minutes=59)) is (stack.name == "embedded")


class TestWorkersWithNothingToDo:
    def test_one_that_has_just_ended_a_job_is_about_to_hear_of_the_next(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room, clock, heard = Room(), {"now": 0.0}, []
        monkeypatch.setattr("worker.janitor.time.monotonic", lambda: clock["now"])
        for now, is_free in ((0.0, True), (4.0, True), (5.0, True), (6.0, False), (7.0, True), (13.0, True)):
            clock["now"] = now
            heard.append(room.look(is_free=is_free))
        assert heard == [False, False, True, False, False, True]

    @pytest.fixture
    def idle(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Janitor:
        monkeypatch.setattr("worker.janitor.HEARD_SECONDS", 0)
        return Janitor(settings_of(stack, queues=("cpu",), concurrency=2), has_room=lambda: True)

    def test_they_ask_for_what_waits_however_often_it_was_rung_for(
        self, stack: Stack, sessions: SessionFactory, idle: Janitor
    ) -> None:
        with session_scope(sessions) as session:
            waiting = [make_experiment(session, rung_at=utc_now() - LONG_AGO, rings=8) for _ in range(3)]
        idle.look_around()
        found = [receive(stack, "cpu") for _ in range(3)]
        assert found == [("ikt.train", [str(one.id)]) for one in waiting[:2]] + [None]

    @pytest.mark.parametrize("changes", [{"device": "cuda"}, {"attempt": 7}])
    def test_they_leave_other_queues_alone_and_what_has_just_failed(
        self, stack: Stack, sessions: SessionFactory, idle: Janitor, changes: dict[str, Any]
    ) -> None:
        with session_scope(sessions) as session:
            waiting = make_experiment(session, rung_at=utc_now() - LONG_AGO, rings=8)
            for name, value in changes.items():
                setattr(waiting, name, value)
        idle.look_around()
        assert receive(stack, "cpu") is None
        assert receive(stack, "gpu") is None
