"""Requests that share a transaction: they end as if they had come one after another, and fail each alone."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.batching import Busy
from api.inference import Inference
from api.services import ingest
from api.services.ingest import Recorded, Recorder, Submission
from api.services.ingest_states import MOST_NEW_STEPS, refresh_states
from api.serving import ServingModel
from db.base import utc_now
from db.engine import session_scope
from db.errors import StudentsBusy
from db.lifecycle import ModelStatus
from db.models import DEFAULT_TENANT
from db.repositories import students
from db.repositories.interactions import NewInteraction, Stored, Touched, add_interactions
from tests.api.answering import assert_same, new_student, response, send, stored
from tests.api.support import Service, assert_problem, run_service
from tests.api.training import Trained
from tests.builders import make_model
from tests.faults import doom_commit
from tests.stacks import Stack
from tests.threads import N_THREADS, together


def event(student: str, number: int, skill: str = "add", **changes: Any) -> NewInteraction:
    values: dict[str, Any] = {"skills": [skill], "correct": True, "occurred_at": utc_now()} | changes
    return NewInteraction(student_id=student, event_id=f"e{number}", **values)


def recorder(service: Service) -> Recorder:
    resources = service.resources
    return Recorder(resources.sessions, resources.serving, resources.inference)


def record(service: Service, batch: Sequence[Submission]) -> list[Recorded]:
    """Together; nobody else writes to their students."""
    recorded = recorder(service).record_together(batch)
    return [one for one in recorded if not isinstance(one, Busy)]


class TestOrder:
    """Whoever comes when: the end is the same."""

    def test_students_end_where_one_request_would_take_them(self, trained: Trained) -> None:
        service, skills = trained.service, trained.skills
        shared, alone, control = new_student(), [new_student() for _ in range(N_THREADS)], new_student()
        everything = [response(number, skills[number % 3]) for number in range(4 * N_THREADS)]

        def answer(thread: int) -> list[int]:
            mine = everything[thread::N_THREADS]
            sent = [send(service, shared, one) for one in mine]
            sent += [send(service, alone[thread], one) for one in everything[:6]]
            return [one.status_code for one in sent]

        assert {status for statuses in together(answer) for status in statuses} == {200}
        expected = send(service, control, everything, mastery="all").json()
        assert_same(send(service, shared, everything, mastery="all").json(), expected)
        control = new_student()
        expected = send(service, control, everything[:6], mastery="all").json()
        for student in alone:
            assert_same(send(service, student, everything[:6], mastery="all").json(), expected)

    def test_one_student_may_come_twice_in_a_batch(self, trained: Trained) -> None:
        student, other = new_student(), new_student()
        skill = trained.skills[0]
        first, second, third = record(
            trained.service,
            [
                Submission(DEFAULT_TENANT, [event(student, 1, skill), event(other, 1, skill)]),
                Submission(DEFAULT_TENANT, [event(student, 1, skill), event(student, 2, skill)]),
                Submission(DEFAULT_TENANT, [event(student, 3, "knitting")]),
            ],
        )
        assert (first.outcomes, second.outcomes) == (["accepted"] * 2, ["duplicate", "accepted"])
        assert third.outcomes == [ingest.UnknownSkills(["knitting"])]
        assert first.states[student].n_interactions == second.states[student].n_interactions == 2
        assert set(first.students) == {student, other}
        assert set(second.students) == {student}
        assert not third.students


class TestStates:
    def test_a_memory_too_small_for_a_batch_is_done_without(self, trained: Trained) -> None:
        service, skills = trained.service, trained.skills
        resources = service.resources
        forgetful = Inference(resources.store, capacity=1, cache_bytes=0)
        small = Recorder(resources.sessions, resources.serving, forgetful)
        names = [new_student() for _ in range(3)]
        for number in range(3):
            batch = [Submission(DEFAULT_TENANT, [event(name, number, skills[number])]) for name in names]
            recorded = small.record_together(batch)
        control = new_student()
        sent = [{"event_id": f"e{n}", "skill": skills[n], "correct": True} for n in range(3)]
        expected = send(service, control, sent).json()["state"]
        for name, one in zip(names, recorded, strict=True):
            assert not isinstance(one, Busy)
            assert one.states[name].n_interactions == 3
            assert one.states[name].theta == pytest.approx(expected["theta"], abs=1e-5)

    def test_many_at_once_lead_where_one_after_another_does(self, trained: Trained) -> None:
        service, skills = trained.service, trained.skills
        many, few = new_student(), new_student()
        sent = [
            response(number % 60, skills[number % 4], event_id=f"{number}")
            for number in range(MOST_NEW_STEPS + 9)
        ]
        sent.sort(key=lambda one: one["timestamp"])
        send(service, many, sent[:2])
        at_once = send(service, many, sent[2:], mastery="all").json()
        for first in range(0, len(sent), 10):
            step_by_step = send(service, few, sent[first : first + 10], mastery="all").json()
        assert at_once["state"]["n_interactions"] == len(sent)
        assert_same(at_once, step_by_step)

    def test_what_arrives_during_a_promotion_is_scored_again_later(self, fresh_service: Service) -> None:
        send(fresh_service, "before", response(1, "add"))
        with session_scope(fresh_service.sessions) as session:
            make_model(session, status=ModelStatus.PROMOTING)
        send(fresh_service, "meanwhile", response(1, "add"))
        with session_scope(fresh_service.sessions) as session:
            due = {name: students.get_student(session, name).scoring_due for name in ("before", "meanwhile")}
        assert due == {"before": False, "meanwhile": True}

    def test_no_promotion_begins_while_responses_are_stored(
        self, fresh_service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody would score them: as long as nobody has responses a model serves at once."""
        is_storing, may_go_on = threading.Event(), threading.Event()

        def add_slowly(session: Session, events: Any, **options: Any) -> Stored:
            is_storing.set()
            assert may_go_on.wait(10)
            return add_interactions(session, events, **options)

        with session_scope(fresh_service.sessions) as session:
            model_id = make_model(session).id
        monkeypatch.setattr(ingest, "add_interactions", add_slowly)
        with ThreadPoolExecutor(2) as pool:
            sent = pool.submit(send, fresh_service, "ana", response(1, "add"))
            assert is_storing.wait(10)
            promoted = pool.submit(fresh_service.client.post, f"/models/{model_id}/promote")
            with pytest.raises(TimeoutError):
                promoted.result(0.3)
            may_go_on.set()
            assert sent.result(10).status_code == 200
            assert (promoted.result(10).status_code, promoted.result().json()["status"]) == (202, "promoting")


class TestFailing:
    def test_one_that_cannot_be_stored_fails_alone(self, service: Service) -> None:
        good, bad = new_student(), new_student()
        responses = (event(good, 1), event(bad, 1, correct=None))
        batch = [Submission(DEFAULT_TENANT, [response]) for response in responses]
        with pytest.raises(IntegrityError):
            recorder(service).record_together(batch)
        assert_problem(service.client.get(f"/students/{good}"), 404, "student-not-found")

        futures = [service.resources.writer.submit(submission) for submission in batch]
        assert futures[0].result(10).outcomes == ["accepted"]
        assert isinstance(futures[1].exception(10), IntegrityError)
        assert len(stored(service, good)) == 1
        assert_problem(service.client.get(f"/students/{bad}"), 404, "student-not-found")

    def test_a_student_whom_others_write_to_holds_nobody_up(self, service: Service) -> None:
        if service.stack.name == "embedded":
            return  # SQLite has one lock for everybody
        held, free = new_student(), new_student()
        send(service, held, response(1, "add"))
        answers: list[httpx.Response] = []
        with session_scope(service.sessions) as session:
            session.delete(students.get_student(session, held))
            session.flush()
            waiting = threading.Thread(target=lambda: answers.append(send(service, held, response(2, "add"))))
            waiting.start()
            for number in range(5):
                assert send(service, free, response(number, "add")).status_code == 200
            assert not answers
        waiting.join(10)
        assert [answer.json()["accepted"] for answer in answers] == [1]

    @pytest.mark.parametrize("is_new", [False, True])
    def test_many_who_wait_for_one_student_hold_nobody_up(self, service: Service, is_new: bool) -> None:
        if service.stack.name == "embedded":
            return
        held = new_student()
        if not is_new:
            send(service, held, response(0, "add"))
        submit = service.resources.writer.submit
        with session_scope(service.sessions) as session:
            add_interactions(session, [event(held, 1)])
            waiting = [submit(Submission(DEFAULT_TENANT, [event(held, number)])) for number in range(2, 12)]
            time.sleep(0.4)  # they are found out
            waiting += [submit(Submission(DEFAULT_TENANT, [event(held, number)])) for number in range(12, 22)]
            others = [submit(Submission(DEFAULT_TENANT, [event(new_student(), 1)])) for _ in range(30)]
            assert [future.result(5).outcomes for future in others] == [["accepted"]] * 30
            assert not any(future.done() for future in waiting)
        assert [future.result(10).outcomes for future in waiting] == [["accepted"]] * 20

    def test_who_waits_too_long_is_told_and_leaves_nothing(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if service.stack.name == "embedded":
            return
        held, other = new_student(), new_student()
        send(service, held, response(1, "add"))
        monkeypatch.setattr(service.resources.writer, "_alone_seconds", 0.1)
        with session_scope(service.sessions) as session:
            add_interactions(session, [event(held, 5)])
            answer = send(service, held, response(2, "add"))
            assert_problem(answer, 503, "busy")
            assert int(answer.headers["Retry-After"]) > 0
            both = Submission(DEFAULT_TENANT, [event(other, 1), event(held, 2)])
            with pytest.raises(Busy):
                service.resources.writer.submit(both).result(10)
        assert len(stored(service, held)) == 2
        assert_problem(service.client.get(f"/students/{other}"), 404, "student-not-found")

    def test_what_failed_is_forgotten_before_others_come_to_its_students(
        self, trained: Trained, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service, student = trained.service, new_student()
        if service.stack.name == "embedded":
            return
        send(service, student, response(1, trained.skills[0]))
        is_locked: list[bool] = []

        def forget(inference: Inference, keys: Any) -> None:  # noqa: ARG001
            with service.sessions() as session:
                try:
                    add_interactions(session, [event(student, 2)], waits=False)
                    is_locked.append(False)
                except StudentsBusy:
                    is_locked.append(True)

        def fail(*given: Any) -> Any:
            raise RuntimeError(given)

        monkeypatch.setattr(Inference, "forget", forget)
        monkeypatch.setattr(ingest, "refresh_states", fail)
        with pytest.raises(RuntimeError):
            recorder(service).record_alone(Submission(DEFAULT_TENANT, [event(student, 3, trained.skills[0])]))
        assert is_locked[0]

    @pytest.mark.parametrize("late", [False, True])
    def test_a_failed_commit_leaves_neither_rows_nor_memory(
        self, trained: Trained, monkeypatch: pytest.MonkeyPatch, late: bool
    ) -> None:
        service, skills = trained.service, trained.skills
        student, control = new_student(), new_student()
        sent = [response(number, skills[number % 2]) for number in (1, 3, 5)]
        for one in sent:
            send(service, student, one)
        before = service.traces()

        def refresh_and_doom(
            session: Session, engine: Any, model: ServingModel, touched: Sequence[Touched], new: Any
        ) -> Any:
            states = refresh_states(session, engine, model, touched, new)
            doom_commit(session)
            return states

        monkeypatch.setattr(ingest, "refresh_states", refresh_and_doom)
        doomed = response(2 if late else 6, skills[2], event_id="doomed")
        assert_problem(send(service, student, doomed), 500, "internal")
        monkeypatch.undo()

        assert service.traces() == before
        last = response(7, skills[0])
        expected = send(service, control, [*sent, last], mastery="all").json()
        assert_same(send(service, student, last, mastery="all").json(), expected)


class TestStopping:
    def test_nothing_is_taken_any_more(self, stack: Stack) -> None:
        with run_service(stack) as service:
            assert send(service, "ana", response(1, "add")).status_code == 200
            service.resources.writer.close()
            problem = assert_problem(send(service, "ana", response(2, "add")), 503, "stopping")
            assert "again" in problem["detail"]
            assert len(stored(service, "ana")) == 1

    def test_without_batches_the_answers_are_the_same(self, stack: Stack) -> None:
        with run_service(stack, batch_size=1) as service:
            statuses = together(lambda thread: send(service, "ana", response(thread, "add")).status_code)
            assert set(statuses) == {200}
            assert len(stored(service, "ana")) == N_THREADS
