"""Responses of one student over HTTP: stored once, in their place, all or none, answered with the state."""

import asyncio
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from api.services import interactions
from db.artifacts import ArtifactStore
from db.engine import session_scope
from db.repositories import students
from tests.api.answering import START, assert_same, new_student, response, send, stored
from tests.api.support import Service, assert_problem
from tests.api.training import Trained
from tests.threads import together


class TestStoring:
    def test_responses_are_kept_and_counted_once(self, service: Service) -> None:
        student = new_student()
        first = send(service, student, response(1, "add"))
        again = send(service, student, [response(1, "add"), response(2, "add"), response(2, "add")])

        assert (first.status_code, first.json()["accepted"]) == (200, 1)
        assert (again.json()["accepted"], again.json()["duplicates"]) == (1, 2)
        assert again.json()["event_ids"] == ["e1", "e2", "e2"]
        assert (again.json()["state"], again.json()["skills"], again.json()["items"]) == (None, [], None)
        shown = service.client.get(f"/students/{student}").json()
        assert (shown["n_interactions"], shown["last_interaction_at"]) == (2, START.format(2))

    def test_missing_event_ids_and_times_are_made_up(self, service: Service) -> None:
        student = new_student()
        answer = send(service, student, [{"skills": ["add", "add", "divide"], "correct": True}] * 3).json()
        assert answer["accepted"] == len(set(answer["event_ids"])) == 3
        assert stored(service, student) == [
            (event_id, ["add", "divide"], True) for event_id in answer["event_ids"]
        ]

    @pytest.mark.parametrize(("sent", "meant"), [(True, True), (1, True), (False, False), (0, False)])
    def test_answers_may_be_numbers(self, service: Service, sent: Any, meant: bool) -> None:
        student = new_student()
        assert send(service, student, response(1, "add", correct=sent)).status_code == 200
        assert stored(service, student) == [("e1", ["add"], meant)]

    def test_batches_at_once_lose_nothing(self, service: Service) -> None:
        student = new_student()
        answers = together(
            lambda thread: send(
                service, student, [response(n, "add", event_id=f"{thread}-{n}") for n in range(10)]
            )
        )
        assert {answer.status_code for answer in answers} == {200}
        assert len(stored(service, student)) == 10 * len(answers)

    def test_the_same_responses_at_once_are_stored_once(self, service: Service) -> None:
        student = new_student()
        answers = together(lambda _: send(service, student, [response(n, "add") for n in range(10)]).json())
        assert sum(answer["accepted"] for answer in answers) == len(stored(service, student)) == 10


class TestThreads:
    @pytest.mark.parametrize(
        ("n", "shown", "in_thread"), [(1, "practised", False), (1, "all", True), (51, "none", True)]
    )
    def test_long_answers_are_not_written_where_all_others_wait(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, n: int, shown: str, in_thread: bool
    ) -> None:
        found: list[bool] = []
        tell = interactions.present_recorded

        def note(*given: Any, **named: Any) -> Any:
            found.append(asyncio._get_running_loop() is None)
            return tell(*given, **named)

        monkeypatch.setattr(interactions, "present_recorded", note)
        sent = [response(number % 60, "add", event_id=f"e{number}") for number in range(n)]
        assert send(service, new_student(), sent, mastery=shown).json()["accepted"] == n
        assert found == [in_thread]


class TestRefusing:
    def test_a_mistake_within_a_list_is_pointed_at(self, service: Service) -> None:
        student = new_student()
        sent = [response(1, "add"), response(2, "add", correct=2), response(3, "add", skills=["divide"])]
        problem = assert_problem(send(service, student, sent), 422, "invalid-request")

        assert [error["pointer"] for error in problem["errors"]] == ["/1/correct", "/2"]
        assert problem["detail"] == "/1/correct: must be true or false, or 1 or 0; it is 2"
        assert_problem(service.client.get(f"/students/{student}"), 404, "student-not-found")

    def test_a_time_ahead_is_refused_with_the_time_here(self, service: Service) -> None:
        answer = send(service, new_student(), response(1, "add", timestamp="2199-01-01T00:00:00Z"))
        problem = assert_problem(answer, 422, "invalid-request")
        assert "/timestamp: must not lie in the future; here it is 20" in problem["detail"]

    def test_too_many_are_refused_with_the_limit(self, service: Service) -> None:
        answer = send(service, new_student(), [{"skill": "add", "correct": True}] * 1001)
        problem = assert_problem(answer, 413, "batch-too-large")
        assert problem["limit"] == 1000
        assert "POST /interactions" in problem["detail"]

    def test_a_part_is_stored_when_that_is_asked_for(self, service: Service) -> None:
        student = new_student()
        sent = [response(1, "add"), response(2, "add", correct="yes"), response(1, "add"), "right"]
        answer = send(service, student, sent, partial=True).json()

        assert [answer[name] for name in ("accepted", "duplicates", "refused")] == [1, 1, 2]
        assert answer["event_ids"] == ["e1", "e2", "e1", None]
        assert [item["status"] for item in answer["items"]] == ["accepted", "refused", "duplicate", "refused"]
        assert answer["items"][1]["errors"] == [
            {"pointer": "/1/correct", "detail": "must be true or false, or 1 or 0; it is 'yes'"}
        ]
        assert answer["items"][3]["errors"][0]["pointer"] == "/3"
        assert [event_id for event_id, _, _ in stored(service, student)] == ["e1"]

    def test_when_every_part_is_wrong_no_student_is_added(self, service: Service) -> None:
        student = new_student()
        answer = send(service, student, [{"skill": "add"}], partial=True).json()
        assert [answer[name] for name in ("accepted", "refused", "state")] == [0, 1, None]
        assert_problem(service.client.get(f"/students/{student}"), 404, "student-not-found")


class TestServed:
    """With a model that was really trained."""

    @pytest.fixture
    def student(self) -> str:
        return new_student()

    def test_state_follows_every_response(self, trained: Trained, student: str) -> None:
        skill = trained.skills[0]
        right = send(trained.service, student, response(1, skill, correct=True)).json()["state"]
        wrong = send(
            trained.service, student, [response(n, skill, correct=False) for n in range(2, 9)]
        ).json()["state"]

        assert right["model"]["id"] == trained.model["id"]
        assert (right["n_interactions"], wrong["n_interactions"]) == (1, 8)
        assert (right["n_pending"], wrong["n_pending"]) == (0, 0)
        assert wrong["as_of"] == START.format(8)
        assert wrong["theta_reference"] < right["theta_reference"]
        assert 0 < wrong["theta_reference_sd"] < right["theta_reference_sd"]

    def test_the_answer_tells_what_mastery_says(self, trained: Trained, student: str) -> None:
        first, second = trained.skills[:2]
        send(trained.service, student, response(1, first))
        sent = [response(2, second), response(3, first), response(4, second)]
        practised = send(trained.service, student, sent).json()
        everything = send(trained.service, student, sent, mastery="all").json()
        nothing = send(trained.service, student, sent, mastery="none").json()

        shown = trained.service.client.get(f"/students/{student}/mastery").json()
        by_name = {row["skill"]: row for row in shown["skills"]}
        assert practised["skills"] == [by_name[second], by_name[first]]
        assert everything["skills"] == shown["skills"]
        assert nothing["skills"] == []
        assert practised["state"] == everything["state"] == nothing["state"]
        assert practised["state"].items() <= shown.items()

    @pytest.mark.parametrize("order", [[1, 2, 3, 4], [4, 3, 2, 1], [1, 4, 2, 3]])
    def test_the_order_of_arrival_does_not_matter(
        self, trained: Trained, student: str, order: list[int]
    ) -> None:
        skills, other = trained.skills, new_student()
        sent = {n: response(n, skills[n % 2]) for n in order}
        at_once = send(trained.service, other, list(sent.values()), mastery="all").json()
        for number in order:
            one_by_one = send(trained.service, student, sent[number], mastery="all").json()

        assert_same(one_by_one, at_once)
        assert [event_id for event_id, _, _ in stored(trained.service, student)] == ["e1", "e2", "e3", "e4"]

    def test_unknown_skills_are_refused_with_the_nearest(self, trained: Trained, student: str) -> None:
        known = trained.skills[0]
        sent = [response(1, known), response(2, f"{known}x"), response(3, known, skills=[known, "knitting"])]
        del sent[2]["skill"]
        problem = assert_problem(send(trained.service, student, sent), 422, "skills-unknown")

        assert problem["vocabulary_size"] == len(trained.skills)
        assert [error["pointer"] for error in problem["errors"]] == ["/1/skill", "/2/skills/1"]
        assert f"which knows {len(trained.skills)} skills; the nearest names are" in problem["detail"]
        assert ascii(known) in problem["detail"]
        assert_problem(trained.service.client.get(f"/students/{student}"), 404, "student-not-found")

    def test_of_a_part_unknown_skills_alone_are_refused(self, trained: Trained, student: str) -> None:
        sent = [response(1, trained.skills[0]), response(2, "knitting")]
        answer = send(trained.service, student, sent, partial=True).json()
        assert [item["status"] for item in answer["items"]] == ["accepted", "refused"]
        assert answer["items"][1]["errors"][0]["pointer"] == "/1/skill"
        assert answer["state"]["n_interactions"] == 1
        assert [row["skill"] for row in answer["skills"]] == [trained.skills[0]]

    def test_students_of_several_threads_are_answered(self, trained: Trained) -> None:
        skill = trained.skills[0]
        answers = together(lambda _: send(trained.service, new_student(), [response(1, skill)]).json())
        for answer in answers:
            assert_same(answer, answers[0])

    def test_others_may_write_while_the_model_is_loaded(
        self, trained: Trained, student: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service, fetch, others = trained.service, ArtifactStore.fetch, []

        def fetch_slowly(store: ArtifactStore, key: str) -> Path:
            other = new_student()
            with session_scope(service.sessions) as session:
                students.get_or_add_student(session, other)
            others.append(other)
            return fetch(store, key)

        monkeypatch.setattr(service.resources.inference, "_engines", OrderedDict())
        monkeypatch.setattr(ArtifactStore, "fetch", fetch_slowly)
        answer = send(service, student, response(1, trained.skills[0]))

        assert (answer.status_code, len(others)) == (200, 1)
        assert service.client.delete(f"/students/{others[0]}").status_code == 204

    def test_forgotten_student_leaves_no_state(self, trained: Trained, student: str) -> None:
        before = trained.service.traces()
        send(trained.service, student, response(1, trained.skills[0]))
        trained.service.client.delete(f"/students/{student}")
        assert trained.service.traces() == before
