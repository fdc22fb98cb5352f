"""What if, and what next: from a model that was really trained."""

from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from api.services import recommendations
from api.services.recommendations import _expected_gain, _Outlook, _Standing
from db.engine import session_scope
from db.repositories import interactions
from tests.api.support import Service, assert_problem
from tests.api.training import Trained
from tests.builders import make_event
from tests.threads import together

START = "2026-03-02T12:{:02}:00Z"


@pytest.fixture
def student(trained: Trained) -> str:
    """Somebody with eight responses on two skills."""
    student_id = f"learner-{uuid4().hex[:8]}"
    body = [respond(trained, n, n % 2, correct=n % 4 > 0) for n in range(8)]
    send(trained, student_id, body)
    return student_id


def respond(trained: Trained, number: int, skill: int, *, correct: bool) -> dict[str, Any]:
    name = trained.skills[skill]
    return {"event_id": f"e{number}", "skill": name, "correct": correct, "timestamp": START.format(number)}


def send(trained: Trained, student: str, body: Any) -> None:
    trained.service.client.post(f"/students/{student}/interactions", json=body).raise_for_status()


def predict(trained: Trained, student: str, **body: Any) -> httpx.Response:
    wanted = {"skills": trained.skills} | body
    return trained.service.client.post(f"/students/{student}/predictions", json=wanted)


def recommend(trained: Trained, student: str, **params: Any) -> dict[str, Any]:
    answer = trained.service.client.get(f"/students/{student}/recommendations", params=params)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def get_mastery(trained: Trained, student: str) -> dict[str, Any]:
    answer = trained.service.client.get(f"/students/{student}/mastery")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def mastery(trained: Trained, student: str) -> dict[str, Any]:
    found = get_mastery(trained, student)
    return found | {"skills": {row["skill"]: row for row in found["skills"]}}


class TestPredictions:
    def test_before_is_what_mastery_says(self, trained: Trained, student: str) -> None:
        now = mastery(trained, student)
        told = predict(trained, student).json()

        assert (told["student_id"], told["n_interactions"], told["n_hypothetical"]) == (student, 8, 0)
        assert told["theta_before"] == told["theta_after"] == pytest.approx(now["theta"], abs=1e-5)
        assert [row["skill"] for row in told["skills"]] == trained.skills
        for row in told["skills"]:
            stored = now["skills"][row["skill"]]
            assert row["probability_before"] == pytest.approx(stored["probability_correct"], abs=1e-5)
            assert row["mastery_before"] == pytest.approx(stored["mastery"], abs=1e-5)
            assert row["level_before"] == stored["level"]
            assert row["mastery_after"] == row["mastery_before"]

    def test_after_is_what_becomes_true_once_it_happened(self, trained: Trained, student: str) -> None:
        supposed = [respond(trained, 8 + n, n % 3, correct=n != 1) for n in range(3)]
        asked = [{"skill": row["skill"], "correct": row["correct"]} for row in supposed]
        told = predict(trained, student, responses=asked).json()
        send(trained, student, supposed)
        now = mastery(trained, student)

        assert told["n_hypothetical"] == 3
        assert told["theta_after"] == pytest.approx(now["theta"], abs=1e-5)
        for row in told["skills"]:
            stored = now["skills"][row["skill"]]
            assert row["probability_after"] == pytest.approx(stored["probability_correct"], abs=1e-5)
            assert row["mastery_after"] == pytest.approx(stored["mastery"], abs=1e-5)

    def test_nothing_is_stored(self, trained: Trained, student: str) -> None:
        before, traces = mastery(trained, student), trained.service.traces()
        first = predict(trained, student, responses=[{"skill": trained.skills[0], "correct": 1}] * 5)
        again = predict(trained, student, responses=[{"skill": trained.skills[0], "correct": 1}] * 5)
        assert first.json() == again.json()
        assert mastery(trained, student) == before
        assert trained.service.traces() == traces

    def test_order_matters_and_several_skills_are_one_response(self, trained: Trained, student: str) -> None:
        one, two = trained.skills[:2]
        right, wrong = {"skill": one, "correct": True}, {"skill": one, "correct": False}
        ends = [
            predict(trained, student, responses=responses).json()["theta_after"]
            for responses in ([right, wrong], [wrong, right], [{"skills": [one, two], "correct": True}])
        ]
        assert len(set(ends)) == 3

    def test_responses_that_wait_are_included(self, trained: Trained, student: str) -> None:
        event = make_event(50, student_id=student, skills=[trained.skills[0]], correct=False)
        with session_scope(trained.service.sessions) as session:
            interactions.add_interactions(session, [event])
        told = predict(trained, student).json()
        assert (told["n_interactions"], mastery(trained, student)["n_pending"]) == (9, 1)
        assert told["theta_before"] != pytest.approx(mastery(trained, student)["theta"], abs=1e-5)

    def test_of_somebody_without_responses_the_prior_is_told(self, trained: Trained, student: str) -> None:
        nobody = f"nobody-{student}"
        event = make_event(1, student_id=nobody, skills=["knitting"])
        with session_scope(trained.service.sessions) as session:
            interactions.add_interactions(session, [event])
        told, now = predict(trained, nobody).json(), mastery(trained, nobody)
        for row in told["skills"]:
            prior = now["skills"][row["skill"]]
            assert row["mastery_before"] == pytest.approx(prior["mastery"], abs=1e-6)
            assert row["probability_before"] == pytest.approx(prior["probability_correct"], abs=1e-6)

    def test_skills_come_in_the_order_asked_and_once(self, trained: Trained, student: str) -> None:
        wanted = [trained.skills[2], trained.skills[0], trained.skills[2]]
        told = predict(trained, student, skills=wanted).json()["skills"]
        assert [row["skill"] for row in told] == wanted[:2]

    def test_unknown_skills_are_pointed_at(self, trained: Trained, student: str) -> None:
        known = trained.skills[0]
        responses = [{"skill": known, "correct": True}, {"skills": [known, "purling"], "correct": False}]
        answer = predict(trained, student, skills=[known, "knitting"], responses=responses)
        problem = assert_problem(answer, 422, "skills-unknown")
        assert [row["pointer"] for row in problem["errors"]] == ["/skills/1", "/responses/1/skills/1"]
        assert problem["vocabulary_size"] == len(trained.skills)

    @pytest.mark.parametrize(
        "body",
        [
            {"skills": []},
            {"skills": ["a"] * 1001},
            {"responses": [{"correct": True}]},
            {"responses": [{"skill": "a", "skills": ["b"], "correct": True}]},
            {"responses": [{"skill": "a", "correct": 2}]},
            {"responses": [{"skill": "a", "correct": True, "timestamp": "2026-03-02T12:00:00Z"}]},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, trained: Trained, student: str, body: Any) -> None:
        assert_problem(predict(trained, student, **body), 422, "invalid-request")

    def test_several_at_once_are_answered_alike(self, trained: Trained, student: str) -> None:
        asked = [{"skill": trained.skills[0], "correct": True}] * 3
        answers = together(lambda _: predict(trained, student, responses=asked).json())
        assert all(answer == answers[0] for answer in answers)

    def test_a_student_is_remembered_by_one_who_forgets_soon(
        self, trained: Trained, student: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told = predict(trained, student).json()
        engine = trained.service.resources.inference.engine(trained_artifact(trained))
        monkeypatch.setattr(engine, "_cache_bytes", 0)
        others = [f"other-{n}-{student}" for n in range(3)]
        for other in others:
            send(trained, other, [respond(trained, 1, 0, correct=True)])
        answers = together(lambda n: predict(trained, [student, *others][n % 4]).json())
        assert told in answers


class TestLearning:
    def test_the_gain_is_what_the_predictions_say(self, trained: Trained, student: str) -> None:
        told = recommend(trained, student, limit=100)
        assert (told["by"], told["n_interactions"]) == ("learning", 8)
        for row in told["items"]:
            ends = {}
            for correct in (True, False):
                asked = [{"skill": row["skill"], "correct": correct}]
                (end,) = predict(trained, student, skills=[row["skill"]], responses=asked).json()["skills"]
                ends[correct] = end["mastery_after"]
            assert row["mastery_if_right"] == pytest.approx(ends[True], abs=1e-6)
            assert row["mastery_if_wrong"] == pytest.approx(ends[False], abs=1e-6)
            p = row["probability_correct"]
            gain = p * ends[True] + (1 - p) * ends[False] - row["mastery"]
            assert row["value"] == pytest.approx(gain, abs=1e-6)

    def test_the_most_is_first_and_the_mastered_are_left_out(self, trained: Trained, student: str) -> None:
        told = recommend(trained, student, limit=100)
        values = [row["value"] for row in told["items"]]
        assert values == sorted(values, reverse=True)
        assert len(values) + told["n_mastered"] == len(trained.skills)
        assert all(row["mastery"] < 0.85 for row in told["items"])
        assert recommend(trained, student, limit=2)["items"] == told["items"][:2]

    def test_the_reason_names_the_numbers(self, trained: Trained, student: str) -> None:
        row = recommend(trained, student)["items"][0]
        numbers = ("probability_correct", "mastery_if_right", "mastery_if_wrong", "mastery")
        for name in numbers:
            assert f"{row[name]:.2f}" in row["reason"]
        ending = f"expected to add {row['value']:.3f}." if row["value"] > 0 else "not expected to raise it."
        assert row["reason"].endswith(ending)

    def test_the_engine_is_asked_for_few_at_once(
        self, trained: Trained, student: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = recommend(trained, student)
        engine = trained.service.resources.inference.engine(trained_artifact(trained))
        real, asked = engine.imagine, list[int]()

        def imagine(seen: Any, new: Any) -> Any:
            asked.append(new.n_students)
            return real(seen, new)

        monkeypatch.setattr(engine, "imagine", imagine)
        monkeypatch.setattr(recommendations, "CONTINUATIONS_AT_ONCE", 3)
        for told, row in zip(recommend(trained, student)["items"], whole["items"], strict=True):
            assert told["skill"] == row["skill"]
            assert told["value"] == pytest.approx(row["value"], abs=1e-6)
        assert (max(asked), sum(asked)) == (3, 1 + 2 * len(trained.skills))

    def test_what_is_mastered_is_counted(self) -> None:
        nothing = np.zeros(2, np.int32)
        now = _Standing(3, np.array([0.5, 0.9]), np.array([0.6, 0.9]), nothing, [None, None])
        outlook = _Outlook(np.array([0.6, 0.95]), np.array([0.45, 0.85]))
        assert _expected_gain(now, outlook) == pytest.approx([0.6 * 0.6 + 0.4 * 0.45 - 0.5, 0.04])


class TestInformation:
    def test_it_is_highest_where_the_answer_is_open(self, trained: Trained, student: str) -> None:
        told, now = recommend(trained, student, by="information", limit=100), mastery(trained, student)
        assert [row["skill"] for row in told["items"]] == sorted(
            trained.skills, key=lambda name: abs(now["skills"][name]["mastery"] - 0.5)
        )
        for row in told["items"]:
            stored = now["skills"][row["skill"]]
            assert row["value"] == pytest.approx(stored["mastery"] * (1 - stored["mastery"]), abs=1e-6)
            assert (row["level"], row["evidence"]) == (stored["level"], stored["evidence"])
            assert row["last_practised"] == stored["last_practised"]
            assert (row["mastery_if_right"], row["mastery_if_wrong"]) == (None, None)
            assert f"{row['value']:.3f}" in row["reason"]

    def test_an_unknown_aim_is_refused(self, trained: Trained, student: str) -> None:
        own = f"/students/{student}/recommendations"
        for params in ({"by": "fun"}, {"limit": "0"}, {"limit": "101"}):
            assert_problem(trained.service.client.get(own, params=params), 422, "invalid-request")


class TestRefused:
    def test_an_unknown_student_is_not_found(self, trained: Trained) -> None:
        assert_problem(predict(trained, "nobody"), 404, "student-not-found")
        answer = trained.service.client.get("/students/nobody/recommendations")
        assert_problem(answer, 404, "student-not-found")

    def test_without_a_model_it_is_said_what_to_do(self, fresh_service: Service) -> None:
        event = make_event(1, student_id="ana")
        with session_scope(fresh_service.sessions) as session:
            interactions.add_interactions(session, [event])
        asked = fresh_service.client.post("/students/ana/predictions", json={"skills": ["add"]})
        for answer in (asked, fresh_service.client.get("/students/ana/recommendations")):
            assert "promote" in assert_problem(answer, 409, "no-serving-model")["detail"]


def trained_artifact(trained: Trained) -> str:
    with session_scope(trained.service.sessions) as session:
        model = trained.service.resources.serving.current(session)
        assert model is not None
        return model.artifact
