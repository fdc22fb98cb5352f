"""Students over HTTP: who they are, and what the serving model makes of them."""

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.api.answering import START, new_student, response, send
from tests.api.support import Service, assert_problem
from tests.api.training import Trained


class TestWithoutModel:
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

    @pytest.mark.parametrize("letters", ["学生 é:+", "5b/7 %2F?#", "/mastery", "x" * 119])
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


def _trajectory(trained: Trained, student: str) -> dict[str, Any]:
    found: dict[str, Any] = trained.service.client.get(f"/students/{student}/trajectory").json()
    return found
