"""What a load does about states: they are brought up to date before the answer, or by a worker."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.services import ingest_bulk
from api.services.ingest_bulk import MOST_SCORED_AT_ONCE, ModelChanged
from api.services.ingest_states import STUDENTS_AT_ONCE, score_anew
from db.engine import session_scope
from db.lifecycle import ModelStatus
from db.repositories import students
from tests.api.answering import new_student, stored
from tests.api.desk import Desk
from tests.api.support import Service, assert_problem
from tests.api.test_bulk import as_lines, line, load
from tests.api.training import Trained
from tests.builders import make_model


def pending(service: Service, student: str) -> tuple[int, int]:
    """How many responses the state has seen, and how many it has not."""
    told = service.client.get(f"/students/{student}/mastery").raise_for_status().json()
    return told["n_interactions"], told["n_pending"]


def is_due(service: Service, student: str) -> bool:
    with session_scope(service.sessions) as session:
        return students.get_student(session, student).scoring_due


def load_at_once(service: Service, items: Sequence[dict[str, Any]]) -> httpx.Response:
    return load(service, as_lines(items), scoring="immediate")


class TestAtOnce:
    def test_what_was_left_for_later_is_scored_when_it_is_sent_again(self, trained: Trained) -> None:
        student = new_student()
        items = [line(student, number, trained.skills[0]) for number in range(5)]
        assert load(trained.service, as_lines(items)).json()["scoring"] == "deferred"
        assert pending(trained.service, student) == (0, 5)

        told = load_at_once(trained.service, items).json()
        assert (told["accepted"], told["duplicates"], told["scoring"]) == (0, 5, "done")
        assert pending(trained.service, student) == (5, 0)
        assert not is_due(trained.service, student)

    def test_students_are_scored_some_at_a_time(self, trained: Trained) -> None:
        names = [new_student() for _ in range(STUDENTS_AT_ONCE + 3)]
        told = load_at_once(trained.service, [line(name, 1, trained.skills[0]) for name in names]).json()
        assert (told["accepted"], told["scoring"]) == (len(names), "done")
        assert {pending(trained.service, name) for name in (names[0], names[-1])} == {(1, 0)}

    def test_responses_are_stored_before_anything_is_scored(
        self, trained: Trained, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody waits for the engine, and a model that is promoted meanwhile sees them."""
        student, seen = new_student(), []

        def score_late(*given: Any) -> None:
            seen.append((len(stored(trained.service, student)), is_due(trained.service, student)))
            score_anew(*given)

        monkeypatch.setattr(ingest_bulk, "score_anew", score_late)
        load_at_once(trained.service, [line(student, 1, trained.skills[0])]).raise_for_status()
        assert seen == [(1, True)]

    def test_when_another_model_serves_at_the_end_a_worker_is_left_to_it(
        self, fresh_service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        desk = Desk(fresh_service)
        desk.serve()
        monkeypatch.setattr(type(fresh_service.resources.inference), "engine", lambda *_: None)
        monkeypatch.setattr(ingest_bulk, "score_anew", lambda *_: desk.serve())
        told = load_at_once(fresh_service, [line("ana", 1)]).json()
        assert (told["accepted"], told["scoring"]) == (1, "deferred")
        assert len(fresh_service.messages("bulk")) == 1

    def test_more_students_than_can_be_waited_for_are_refused(self, trained: Trained) -> None:
        before = trained.service.traces()
        tail = uuid4().hex
        items = [line(f"{n}-{tail}", 1, trained.skills[0]) for n in range(MOST_SCORED_AT_ONCE + 1)]
        problem = assert_problem(load_at_once(trained.service, items), 413, "batch-too-large")
        assert problem["limit"] == MOST_SCORED_AT_ONCE
        assert "more than 1000 students" in problem["detail"]
        assert "scoring=deferred" in problem["detail"]
        assert trained.service.traces() == before
        assert load(trained.service, as_lines(items)).json()["n_students"] == len(items)


class TestLater:
    @pytest.mark.parametrize("is_served", [False, True])
    def test_a_model_promoted_meanwhile_refuses_it(self, fresh_service: Service, is_served: bool) -> None:
        desk = Desk(fresh_service)
        if is_served:
            desk.serve()

        def lines() -> Iterator[list[bytes]]:
            yield as_lines([line("ana", 1)]).splitlines()
            desk.serve()
            yield as_lines([line("ana", 2)]).splitlines()

        loader = fresh_service.resources.loader
        with pytest.raises(ModelChanged, match="send them again"):
            loader.load(fresh_service.sessions, lines(), is_list=False, is_partial=False, scoring="deferred")
        assert_problem(fresh_service.client.get("/students/ana"), 404, "student-not-found")

    @pytest.mark.parametrize("status", [ModelStatus.CANDIDATE, ModelStatus.PROMOTING])
    def test_a_worker_is_rung_for_whoever_may_serve_by_then(
        self, fresh_service: Service, status: ModelStatus
    ) -> None:
        """The ring at the end of a promotion may come before these responses are stored."""
        with session_scope(fresh_service.sessions) as session:
            make_model(session, status=status)
        for _ in range(2):
            load(fresh_service, as_lines([line("ana", 1)])).raise_for_status()
        assert len(fresh_service.messages("bulk")) == 1
