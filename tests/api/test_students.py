"""Students over HTTP: what they answered, and what the serving model makes of it."""

from collections import OrderedDict
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from db.artifacts import ArtifactStore
from db.engine import session_scope
from db.repositories import students
from tests.api.support import Service, assert_problem
from tests.api.training import Trained
from tests.threads import together

START = "2026-03-02T12:{:02}:00Z"


def new_student() -> str:
    return f"learner {uuid4().hex[:8]}"


def response(number: int, skill: str, **changes: Any) -> dict[str, Any]:
    values = {"event_id": f"e{number}", "skill": skill, "correct": number % 3 > 0}
    return values | {"timestamp": START.format(number)} | changes


def send(service: Service, student: str, body: Any) -> httpx.Response:
    return service.client.post(f"/students/{student}/interactions", json=body)


class TestRecordWithoutModel:
    def test_responses_are_kept_and_counted_once(self, service: Service) -> None:
        student = new_student()
        first = send(service, student, response(1, "add"))
        again = send(service, student, [response(1, "add"), response(2, "add"), response(2, "add")])

        assert (first.status_code, first.json()["accepted"]) == (200, 1)
        assert (again.json()["accepted"], again.json()["duplicates"]) == (1, 2)
        assert again.json()["event_ids"] == ["e1", "e2", "e2"]
        assert again.json()["state"] is None
        shown = service.client.get(f"/students/{student}").json()
        assert (shown["n_interactions"], shown["last_interaction_at"]) == (2, START.format(2))

    def test_missing_event_ids_and_times_are_made_up(self, service: Service) -> None:
        student = new_student()
        answer = send(service, student, [{"skills": ["add", "add", "divide"], "correct": True}] * 3).json()
        assert answer["accepted"] == len(set(answer["event_ids"])) == 3
        with session_scope(service.sessions) as session:
            history = students.list_history(session, students.get_student(session, student))
        assert [row.event_id for row in history] == answer["event_ids"]
        assert history[0].skills == ["add", "divide"]

    def test_a_mistake_within_a_list_is_pointed_at(self, service: Service) -> None:
        sent = [response(1, "add"), response(2, "add", correct=1), response(3, "add", skills=["divide"])]
        problem = assert_problem(send(service, new_student(), sent), 422, "invalid-request")

        assert [error["pointer"] for error in problem["errors"]] == ["/1/correct", "/2"]
        assert problem["detail"] == "/1/correct: Input should be a valid boolean; it is 1"

    def test_state_needs_a_serving_model(self, service: Service) -> None:
        student = new_student()
        send(service, student, response(1, "add"))
        for part in ("mastery", "mastery/history", "trajectory"):
            problem = assert_problem(
                service.client.get(f"/students/{student}/{part}"), 409, "no-serving-model"
            )
            assert "promote" in problem["detail"]

    def test_unknown_student_is_not_found(self, service: Service) -> None:
        own = f"/students/{new_student()}"
        for answer in (
            service.client.get(own),
            service.client.delete(own),
            service.client.get(f"{own}/mastery"),
            service.client.get(f"{own}/mastery/history"),
            service.client.get(f"{own}/trajectory"),
        ):
            assert_problem(answer, 404, "student-not-found")

    def test_batches_at_once_lose_nothing(self, service: Service) -> None:
        student = new_student()
        answers = together(
            lambda thread: send(
                service, student, [response(n, "add", event_id=f"{thread}-{n}") for n in range(10)]
            )
        )
        assert {answer.status_code for answer in answers} == {200}
        shown = service.client.get(f"/students/{student}").json()
        assert shown["n_interactions"] == 10 * len(answers)

    def test_forgotten_student_leaves_no_trace(self, service: Service) -> None:
        before = service.traces()
        student = new_student()
        send(service, student, [response(1, "add"), response(2, "add")])
        assert service.client.delete(f"/students/{student}").status_code == 204
        assert service.traces() == before

    def test_list_is_paged_in_order_of_arrival(self, service: Service) -> None:
        names = [new_student() for _ in range(3)]
        for name in names:
            send(service, name, response(1, "add"))
        page = service.client.get("/students", params={"limit": 2})
        seen = [row["student_id"] for row in page.json()["items"]]
        while "next" in page.links:
            page = service.client.get(page.links["next"]["url"])
            seen += [row["student_id"] for row in page.json()["items"]]
        assert seen[-3:] == names
        assert len(seen) == len(set(seen))


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
        assert wrong["as_of"] == START.format(8)
        assert wrong["theta_reference"] < right["theta_reference"]
        assert 0 < wrong["theta_reference_sd"] < right["theta_reference_sd"]

    def test_late_response_takes_its_place(self, trained: Trained, student: str) -> None:
        skill = trained.skills[0]
        send(trained.service, student, [response(n, skill) for n in (1, 3)])
        state = send(trained.service, student, response(2, skill)).json()["state"]
        assert (state["as_of"], state["n_interactions"]) == (START.format(3), 3)
        steps = _trajectory(trained, student)["items"]
        assert [step["event_id"] for step in steps] == ["e1", "e2", "e3"]

    def test_unknown_skills_are_named_and_move_nothing(self, trained: Trained, student: str) -> None:
        known = send(trained.service, student, response(1, trained.skills[0])).json()
        mixed = send(trained.service, student, response(2, "knitting")).json()

        assert known["unknown_skills"] == []
        assert mixed["unknown_skills"] == ["knitting"]
        assert mixed["state"]["theta"] == pytest.approx(known["state"]["theta"])
        assert mixed["state"]["n_interactions"] == 2
        last = _trajectory(trained, student)["items"][-1]
        assert (last["known"], last["theta"], last["probability"]) == (False, None, None)

    def test_mastery_tells_every_skill_with_its_evidence(self, trained: Trained, student: str) -> None:
        first, second = trained.skills[:2]
        send(trained.service, student, [response(1, first), response(2, second), response(3, first)])
        mastery = trained.service.client.get(f"/students/{student}/mastery").json()

        assert mastery["student_id"] == student
        assert mastery["model"]["version"].startswith("candidate@")
        by_name = {row["skill"]: row for row in mastery["skills"]}
        assert list(by_name) == trained.skills
        assert (by_name[first]["evidence"], by_name[first]["last_practised"]) == (2, START.format(3))
        untouched = by_name[trained.skills[-1]]
        assert (untouched["evidence"], untouched["last_practised"]) == (0, None)
        for row in mastery["skills"]:
            assert all(0 < row[name] < 1 for name in ("mastery", "probability_correct", "reference_mastery"))
            assert row["difficulty_standard_error"] > 0

    def test_mastery_is_filtered_by_skill(self, trained: Trained, student: str) -> None:
        send(trained.service, student, response(1, trained.skills[0]))
        own = f"/students/{student}/mastery"
        wanted = [trained.skills[2], trained.skills[1]]
        found = trained.service.client.get(own, params={"skill": wanted}).json()["skills"]
        assert [row["skill"] for row in found] == wanted
        answer = trained.service.client.get(own, params={"skill": "knitting"})
        assert_problem(answer, 404, "skill-unknown")

    def test_state_that_was_not_kept_is_computed(self, trained: Trained, student: str) -> None:
        send(trained.service, student, [response(n, trained.skills[0]) for n in range(5)])
        own = f"/students/{student}/mastery"
        kept = trained.service.client.get(own).json()
        with session_scope(trained.service.sessions) as session:
            row = students.get_student(session, student)
            session.delete(students.get_state(session, row, UUID(trained.model["id"])))
        assert trained.service.client.get(own).json() == kept

    def test_trajectory_is_paged_and_ends_at_the_state(self, trained: Trained, student: str) -> None:
        skills = trained.skills
        sent = [response(n, skills[n % 3]) for n in range(12)]
        state = send(trained.service, student, sent).json()["state"]
        page = trained.service.client.get(f"/students/{student}/trajectory", params={"limit": 5})
        steps = page.json()["items"]
        while "next" in page.links:
            page = trained.service.client.get(page.links["next"]["url"])
            steps += page.json()["items"]

        assert [step["position"] for step in steps] == list(range(12))
        assert [step["skills"] for step in steps] == [[row["skill"]] for row in sent]
        assert steps[0]["probability"] is None
        assert all(0 < step["probability"] < 1 for step in steps[1:])
        assert steps[-1]["theta"] == pytest.approx(state["theta"], abs=1e-5)
        assert steps[-1]["theta_reference"] == pytest.approx(state["theta_reference"], abs=1e-5)

    @pytest.mark.parametrize("letters", ["学生 é:+", "5b/7 %2F?#", "/mastery", "x" * 246])
    def test_student_may_have_any_letters(self, trained: Trained, letters: str) -> None:
        student = f"{letters}-{uuid4().hex[:8]}"
        own = f"/students/{quote(student, safe='')}"
        send(trained.service, quote(student, safe=""), [response(n, trained.skills[0]) for n in range(3)])
        shown = trained.service.client.get(own).json()
        page = trained.service.client.get(f"{own}/trajectory", params={"limit": 2})

        assert shown["student_id"] == page.json()["student_id"] == student
        for part in ("mastery", "mastery_history"):
            assert trained.service.client.get(shown["links"][part]).json()["student_id"] == student
        assert len(trained.service.client.get(page.links["next"]["url"]).json()["items"]) == 1
        unknown = trained.service.client.get(f"{own}x")
        assert assert_problem(unknown, 404, "student-not-found")["instance"].isascii()

    def test_step_does_not_know_its_own_response(self, trained: Trained) -> None:
        skill = trained.skills[0]
        lasts = []
        for correct in (True, False):
            student = new_student()
            sent = [response(n, skill) for n in range(4)] + [response(4, skill, correct=correct)]
            send(trained.service, student, sent)
            lasts.append(_trajectory(trained, student)["items"][-1])
        right, wrong = lasts
        assert right["probability"] == wrong["probability"]
        assert right["mastery"] == wrong["mastery"]
        assert right["theta_reference"] > wrong["theta_reference"]

    def test_students_of_several_threads_are_answered(self, trained: Trained) -> None:
        skill = trained.skills[0]
        answers = together(lambda _: send(trained.service, new_student(), [response(1, skill)]).json())
        assert len({answer["state"]["theta"] for answer in answers}) == 1

    def test_others_may_write_while_the_model_is_loaded(
        self, trained: Trained, student: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service, fetch, others = trained.service, ArtifactStore.fetch, []

        def fetch_slowly(store: ArtifactStore, key: str) -> Path:
            with session_scope(service.sessions) as session:
                others.append(students.get_or_add_student(session, new_student()).student_id)
            return fetch(store, key)

        monkeypatch.setattr(service.resources.inference, "_predictors", OrderedDict())
        monkeypatch.setattr(ArtifactStore, "fetch", fetch_slowly)
        answer = send(service, student, response(1, trained.skills[0]))

        assert answer.status_code == 200
        assert len(others) == 1
        assert service.client.delete(f"/students/{others[0]}").status_code == 204

    def test_forgotten_student_leaves_no_state(self, trained: Trained, student: str) -> None:
        before = trained.service.traces()
        send(trained.service, student, response(1, trained.skills[0]))
        trained.service.client.delete(f"/students/{student}")
        assert trained.service.traces() == before


def _trajectory(trained: Trained, student: str) -> dict[str, Any]:
    found: dict[str, Any] = trained.service.client.get(f"/students/{student}/trajectory").json()
    return found
