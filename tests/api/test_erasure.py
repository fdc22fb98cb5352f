"""A student's rights: to read all that is stored, and to be forgotten."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.schemas.exports import StudentExport
from db.engine import session_scope
from db.repositories import erasures, interactions
from tests.api.desk import Desk
from tests.api.support import Service, assert_problem
from tests.api.training import Trained
from tests.builders import make_event
from tests.threads import together


@pytest.fixture
def desk(service: Service) -> Desk:
    found = Desk(service)
    found.serve()
    return found


def export(desk: Desk, student: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.service.client.get(f"/students/{student}/export").raise_for_status().json()
    return found


class TestExport:
    def test_everything_is_in_it(self, desk: Desk) -> None:
        student = desk.add_student(n_interactions=3)
        first = desk.serving()
        desk.serve()
        desk.score(student, theta=0.7)
        desk.service.client.put("/cohorts/class 5/students", json={"student_ids": [student]})
        told, profile = export(desk, student), desk.service.client.get(f"/students/{student}").json()

        assert {name: told[name] for name in profile.keys() - {"links"}} == {
            name: value for name, value in profile.items() if name != "links"
        }
        assert told["cohorts"] == ["class 5"]
        assert [state["theta"] for state in told["states"]] == [0.2, 0.7]
        assert UUID(told["states"][0]["model_id"]) == first.id
        assert [skill["skill"] for skill in told["states"][0]["skills"]] == list(desk.skills)
        assert told["states"][0]["skills"][0]["mastery"] == pytest.approx(0.6)
        assert [row["event_id"] for row in told["interactions"]] == ["event-0", "event-1", "event-2"]
        assert told["interactions"][0] | {"received_at": None} == {
            "event_id": "event-0",
            "skills": ["add"],
            "item": None,
            "correct": True,
            "timestamp": "2026-03-02T12:00:00Z",
            "received_at": None,
        }

    @pytest.mark.parametrize("n_interactions", [0, 1])
    def test_it_is_what_the_schema_says(self, desk: Desk, n_interactions: int) -> None:
        student = desk.add_unscored(n_interactions)
        answer = desk.service.client.get(f"/students/{student}/export")
        read = StudentExport.model_validate_json(answer.content)
        assert read.model_dump(mode="json") == answer.json()
        assert answer.headers["content-type"] == "application/json"
        assert "attachment" in answer.headers["content-disposition"]

    def test_a_long_one_is_streamed_whole(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        student = desk.add_unscored(n_interactions=60)
        short = desk.service.client.get(f"/students/{student}/export")
        whole = interactions.iterate_history
        monkeypatch.setattr(interactions, "iterate_history", lambda session, pk: whole(session, pk, chunk=7))
        monkeypatch.setattr("api.services.exports.BLOCK_BYTES", 500)
        long = desk.service.client.get(f"/students/{student}/export")
        assert ("content-length" in short.headers, "content-length" in long.headers) == (True, False)
        assert long.content == short.content
        assert len(json.loads(long.content)["interactions"]) == 60

    def test_an_unknown_student_is_not_found(self, desk: Desk) -> None:
        assert_problem(desk.service.client.get("/students/nobody/export"), 404, "student-not-found")


class TestErasure:
    def test_nothing_is_left_anywhere(self, desk: Desk) -> None:
        before = desk.service.traces()
        student = desk.add_student()
        desk.service.client.put("/cohorts/class 6/students", json={"student_ids": [student]})
        for part in ("mastery", "export", "recommendations?by=information"):
            desk.service.client.get(f"/students/{student}/{part}").raise_for_status()
        assert desk.service.client.delete(f"/students/{student}").status_code == 204
        after = desk.service.traces()
        # What tells of the erasure itself is not counted among the traces.
        assert after == before
        for part in ("", "/mastery", "/mastery/history", "/trajectory", "/recommendations", "/export"):
            answer = desk.service.client.get(f"/students/{student}{part}")
            assert_problem(answer, 404, "student-not-found")

    def test_a_refused_commit_forgets_nothing(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        student = desk.add_student()
        desk.service.client.get(f"/students/{student}/mastery").raise_for_status()
        kept = desk.service.resources.reader.kept_bytes

        def fail(*_: Any) -> None:
            raise RuntimeError("no")

        monkeypatch.setattr(erasures, "erase_student", fail)
        assert desk.service.client.delete(f"/students/{student}").status_code == 500
        assert desk.service.resources.reader.kept_bytes == kept
        assert desk.service.client.get(f"/students/{student}/mastery").status_code == 200

    def test_the_engine_forgets_too(self, trained: Trained) -> None:
        own = f"/students/learner-{uuid4().hex[:8]}"
        body = {"skill": trained.skills[0], "correct": True}
        trained.service.client.post(f"{own}/interactions", json=body).raise_for_status()
        asked = {"skills": trained.skills[:1]}
        trained.service.client.post(f"{own}/predictions", json=asked).raise_for_status()
        with session_scope(trained.service.sessions) as session:
            model = trained.service.resources.serving.current(session)
            assert model is not None
            engine = trained.service.resources.inference.engine(model.artifact)
        kept = engine.kept_bytes
        assert trained.service.client.delete(own).status_code == 204
        assert engine.kept_bytes < kept

    def test_somebody_new_under_the_name_starts_from_nothing(self, trained: Trained) -> None:
        student = f"learner-{uuid4().hex[:8]}"
        own = f"/students/{student}"
        body = [
            {"event_id": f"e{n}", "skill": trained.skills[0], "correct": True}
            | {"timestamp": f"2026-03-02T12:{n:02}:00Z"}
            for n in range(6)
        ]
        first = trained.service.client.post(f"{own}/interactions", json=body[:1]).json()["state"]
        trained.service.client.post(f"{own}/interactions", json=body[1:]).raise_for_status()
        trained.service.client.delete(own).raise_for_status()
        again = trained.service.client.post(f"{own}/interactions", json=body[:1]).json()["state"]
        assert again == first
        told = trained.service.client.get(f"{own}/mastery").json()
        assert (told["n_interactions"], told["theta"]) == (1, pytest.approx(first["theta"]))


def test_erasing_while_others_read_and_write_leaves_no_error(desk: Desk) -> None:
    student = desk.add_student()
    own = f"/students/{student}"

    def act(thread: int) -> set[int]:
        seen = set()
        for number in range(5):
            if thread == 0:
                seen.add(desk.service.client.delete(own).status_code)
                with desk.session() as session:
                    event = make_event(number, student_id=student)
                    interactions.add_interactions(session, [event])
            else:
                seen |= {
                    desk.service.client.get(f"{own}/{part}").status_code for part in ("mastery", "export")
                }
        return seen

    assert set().union(*together(act)) <= {200, 204, 404}
