"""How mastery moved, from a model that was really trained; unknown skills are of a time before it served."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from api.services import mastery as service_of_mastery
from api.services.mastery import spread_positions
from db.engine import session_scope
from db.repositories import interactions
from tests.api.support import assert_problem
from tests.api.training import Trained
from tests.builders import make_event

START = "2026-03-02T12:{:02}:00Z"


@pytest.fixture
def student() -> str:
    return f"learner-{uuid4().hex[:8]}"


def send(trained: Trained, student: str, number: int, skill: str) -> dict[str, Any]:
    """The `number`-th response, and where it left the student; of an unknown skill it is stored, no more."""
    if skill not in trained.skills:
        _store(trained, student, number, skill)
        return {}
    body = {"event_id": f"e{number}", "skill": skill, "correct": number % 3 > 0}
    sent = trained.service.client.post(
        f"/students/{student}/interactions", json=body | {"timestamp": START.format(number)}
    )
    state: dict[str, Any] = sent.raise_for_status().json()["state"]
    return state


def _store(trained: Trained, student: str, number: int, skill: str) -> None:
    occurred_at = datetime(2026, 3, 2, 12, number, tzinfo=UTC)
    event = make_event(number, student_id=student, skills=[skill], occurred_at=occurred_at)
    with session_scope(trained.service.sessions) as session:
        interactions.add_interactions(session, [event])


def get(trained: Trained, student: str, part: str, **params: Any) -> dict[str, Any]:
    answer = trained.service.client.get(f"/students/{student}/{part}", params=params)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


class TestHistory:
    def test_every_moment_is_what_mastery_said_then(self, trained: Trained, student: str) -> None:
        skills, said = trained.skills, []
        for number, skill in enumerate([skills[0], "knitting", skills[1], skills[0], skills[2]]):
            send(trained, student, number, skill)
            said.append({row["skill"]: row["mastery"] for row in get(trained, student, "mastery")["skills"]})
        history = get(trained, student, "mastery/history", skill=skills)

        assert history["positions"] == [0, 1, 2, 3, 4]
        assert [row["skill"] for row in history["skills"]] == skills
        for row in history["skills"]:
            assert row["mastery"] == pytest.approx([then[row["skill"]] for then in said], abs=1e-5)

    def test_before_a_known_skill_anybodys_is_told(self, trained: Trained, student: str) -> None:
        send(trained, student, 1, "knitting")
        now = get(trained, student, "mastery")["skills"]
        history = get(trained, student, "mastery/history", skill=trained.skills)["skills"]
        for told, then in zip(now, history, strict=True):
            assert then["mastery"] == pytest.approx([told["mastery"]], abs=1e-6)

    def test_moments_are_few_and_the_last_is_the_present(self, trained: Trained, student: str) -> None:
        for number in range(12):
            send(trained, student, number, trained.skills[0])
        history = get(trained, student, "mastery/history", points=4)

        assert (history["student_id"], history["n_interactions"]) == (student, 12)
        assert history["model"]["id"] == trained.model["id"]
        assert history["positions"] == [0, 4, 7, 11]
        assert history["timestamps"] == [START.format(number) for number in (0, 4, 7, 11)]
        (row,) = history["skills"]
        assert (row["skill"], row["evidence"], len(row["mastery"])) == (trained.skills[0], 12, 4)
        now = get(trained, student, "mastery", skill=row["skill"])["skills"][0]
        assert row["mastery"][-1] == pytest.approx(now["mastery"], abs=1e-5)

    def test_known_skills_are_shown_the_most_practised_first(
        self, trained: Trained, student: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second, third = trained.skills[:3]
        for number, skill in enumerate([first, "knitting", third, "knitting", third, second]):
            send(trained, student, number, skill)
        shown = get(trained, student, "mastery/history")["skills"]
        assert [(row["skill"], row["evidence"]) for row in shown] == [(third, 2), (first, 1), (second, 1)]
        monkeypatch.setattr(service_of_mastery, "MOST_PRACTISED", 2)
        assert get(trained, student, "mastery/history")["skills"] == shown[:2]

    def test_a_long_history_is_shown_at_fewer_moments(
        self, trained: Trained, student: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(12):
            send(trained, student, number, trained.skills[0])
        assert len(get(trained, student, "mastery/history")["positions"]) == 12
        monkeypatch.setattr(service_of_mastery, "MOST_STEPS", 48)
        assert get(trained, student, "mastery/history")["positions"] == [0, 4, 7, 11]
        monkeypatch.setattr(service_of_mastery, "MOST_STEPS", 1)
        assert get(trained, student, "mastery/history")["positions"] == [0, 11]

    def test_an_unknown_skill_is_refused_by_name(self, trained: Trained, student: str) -> None:
        send(trained, student, 1, trained.skills[0])
        answer = trained.service.client.get(
            f"/students/{student}/mastery/history", params={"skill": [trained.skills[0], "knitting"]}
        )
        problem = assert_problem(answer, 404, "skill-unknown")
        assert "knitting" in problem["detail"]
        assert problem["vocabulary_size"] == len(trained.skills)


class TestBands:
    def test_abilities_have_one_wherever_they_are_told(self, trained: Trained, student: str) -> None:
        first = send(trained, student, 1, trained.skills[0])
        last = send(trained, student, 2, trained.skills[0])
        told = [first, last, get(trained, student, "mastery"), *get(trained, student, "trajectory")["items"]]
        for ability in told:
            half = 1.645 * ability["theta_reference_sd"]
            assert ability["theta_high"] - ability["theta"] == pytest.approx(half, abs=1e-5)
            assert ability["theta"] - ability["theta_low"] == pytest.approx(half, abs=1e-5)
        assert last["theta_high"] - last["theta_low"] < first["theta_high"] - first["theta_low"]

    def test_where_no_ability_is_known_there_is_none(self, trained: Trained, student: str) -> None:
        send(trained, student, 1, "knitting")
        step = get(trained, student, "trajectory")["items"][0]
        assert step["theta_low"] is step["theta_high"] is None


class TestSpread:
    @pytest.mark.parametrize("n_steps", [1, 2, 3, 59, 60, 61, 119, 200, 5000])
    @pytest.mark.parametrize("most", [2, 3, 60, 200])
    def test_positions_are_distinct_and_evenly_apart(self, n_steps: int, most: int) -> None:
        positions = spread_positions(n_steps, most=most)
        assert len(positions) == min(n_steps, most)
        assert positions[-1] == n_steps - 1
        gaps = np.diff(positions)
        assert len(gaps) == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)

    def test_without_steps_there_are_none(self) -> None:
        assert spread_positions(0, most=60) == []
