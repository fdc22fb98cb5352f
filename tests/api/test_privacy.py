"""Erasing everywhere, letting go of the silent, and the log of who read what."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api import audit_trail
from api.audit_trail import AuditTrail
from api.erasure_watch import ErasureWatch
from api.principal import NOBODY_IN_PARTICULAR, PLACE
from api.schemas.exports import StudentExport
from api.services import datasets as dataset_service
from db.base import utc_now
from db.engine import session_scope
from db.models import StudentToken
from db.repositories import audit, erasures, experiments, interactions, models, retention
from tests.api.desk import Desk
from tests.api.support import Service, assert_problem, events_csv, run_service
from tests.api.training import Trained
from tests.builders import NOON, make_event
from tests.stacks import Stack
from tests.worker.support import settings_of, wait_until
from worker import retention as worker_retention
from worker.erasure import erase_due

LATER = (NOON + timedelta(days=1)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def desk(service: Service) -> Desk:
    found = Desk(service)
    found.serve()
    return found


def erase(service: Service, student_id: str) -> dict[str, Any]:
    answer = service.client.post("/erasures", json={"student_id": student_id})
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["location"] == told["links"]["self"]
    return told


def work(service: Service) -> int:
    return erase_due(settings=settings_of(service.stack, erasure_retry_seconds=1e-6))


class TestErasures:
    def test_rows_go_at_once_and_files_follow(self, desk: Desk) -> None:
        student = desk.add_student(n_interactions=3)
        desk.service.client.put("/cohorts/class 9/students", json={"student_ids": [student]})
        stored = desk.service.add_dataset(events_csv().replace(b"ana", student.encode()))
        told = erase(desk.service, student)
        assert (told["status"], told["n_interactions"], told["n_states"], told["n_cohorts"]) == (
            "pending",
            3,
            1,
            1,
        )
        assert student not in repr(told)
        assert_problem(desk.service.client.get(f"/students/{student}"), 404, "student-not-found")
        assert "" in desk.service.messages("bulk")
        assert work(desk.service) >= 1
        done = desk.service.client.get(told["links"]["self"]).json()
        assert (done["status"], done["n_datasets"]) == ("done", 1)
        left = desk.service.client.get(stored["links"]["self"]).json()
        assert (left["n_students"], left["statistics"]["n_students"]) == (9, 9)
        assert_problem(desk.service.client.get(f"/students/{student}/export"), 404, "student-not-found")
        assert done in desk.service.client.get("/erasures").json()["items"]

    def test_deleting_a_student_is_an_erasure(self, desk: Desk) -> None:
        student = desk.add_student()
        assert desk.service.client.delete(f"/students/{student}").status_code == 204
        newest = desk.service.client.get("/erasures", params={"limit": 1}).json()["items"][0]
        entries = desk.service.client.get("/audit", params={"operation": "delete_student"}).json()["items"]
        assert newest["n_interactions"] == 3
        assert newest["subject"] == entries[0]["subject"]
        assert entries[0]["status"] == 204

    def test_deleting_somebody_of_datasets_alone_says_what_erases_them(self, desk: Desk) -> None:
        desk.service.add_dataset(events_csv().replace(b"ana", b"only in a file"))
        answer = desk.service.client.delete("/students/only in a file")
        detail = assert_problem(answer, 404, "student-not-found")["detail"]
        assert "'only in a file' has no responses here; datasets may hold them" in detail
        assert "POST /erasures erases them there" in detail

    def test_unknown_ones_are_named(self, desk: Desk) -> None:
        assert_problem(desk.service.client.get(f"/erasures/{uuid4()}"), 404, "erasure-not-found")
        answer = desk.service.client.post("/erasures", json={"student_id": ""})
        assert_problem(answer, 422, "invalid-request")
        assert work(desk.service) >= 0
        nowhere = erase(desk.service, "somebody nobody knows")
        assert work(desk.service) == 1
        assert desk.service.client.get(nowhere["links"]["self"]).json()["n_datasets"] == 0

    def test_a_file_on_its_way_brings_nobody_back(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        content = events_csv()
        read_dataset = dataset_service.read_dataset

        def meanwhile(*given: Any, **named: Any) -> Any:
            erase(desk.service, "ana")
            assert work(desk.service) >= 1
            return read_dataset(*given, **named)

        before = desk.service.files()
        with monkeypatch.context() as patched:
            patched.setattr(dataset_service, "read_dataset", meanwhile)
            assert_problem(desk.service.upload(content), 409, "students-erased")
        assert desk.service.files() == before
        assert desk.service.upload(content).status_code == 201

    def test_other_processes_forget_as_well(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        student = desk.add_student()
        with run_service(desk.service.stack) as other:
            other.client.get(f"/students/{student}/mastery").raise_for_status()
            resources = other.resources
            assert resources.reader.kept_bytes > 0
            erase(desk.service, student)
            watch = ErasureWatch(resources.sessions, resources.store, resources.forget, seconds=60)
            watch.look()
            assert resources.reader.kept_bytes == 0
            told: list[tuple[int, datetime]] = []
            watch = ErasureWatch(
                resources.sessions, resources.store, lambda *one: told.append(one), seconds=60
            )
            watch.look()
            assert len(told) == len(set(told)) > 0
            once = sorted(told)
            watch.look()
            assert sorted(told) == once
            monkeypatch.setattr(erasures, "list_remembered", lambda *_, **__: [])
            for _ in range(2):
                watch.look()
            assert sorted(told) == sorted(once * 2)
            monkeypatch.undo()
        with session_scope(desk.service.sessions) as session:
            erasures.forget_remembered(session, now=utc_now() + timedelta(hours=1))
            assert erasures.list_remembered(session, since=NOON) == []


def test_what_files_hold_is_exported(trained: Trained) -> None:
    client, experiment = trained.service.client, trained.candidate
    asked = client.get(f"/experiments/{experiment['id']}/predictions", headers={"Accept": "text/csv"})
    student = asked.text.splitlines()[1].split(",")[0].strip('"')
    found = client.get(f"/students/{student}/export").raise_for_status().json()
    (sequence,) = [one for one in found["datasets"] if one["dataset_id"] == trained.dataset["id"]]
    assert (found["created_at"], found["interactions"]) == (None, [])
    assert (sequence["name"], sequence["fold"]) == (trained.dataset["name"], experiment["fold"])
    predicted = {one["experiment_id"]: one["responses"] for one in found["predictions"]}
    own = predicted[experiment["id"]]
    answered = [answer["correct"] for answer in sequence["responses"]]
    assert [bool(row["response"]) for row in own] == [answered[row["position"]] for row in own]
    assert len(own) > 2
    assert StudentExport.model_validate(found).model_dump(mode="json") == found


class TestRetention:
    def ask(self, service: Service, **body: Any) -> dict[str, Any]:
        answer = service.client.post("/retention", json={"inactive_since": LATER, **body})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    @pytest.fixture
    def silent(self, fresh_service: Service) -> Desk:
        """Five students who answered at noon and came long before, and one who has just come."""
        desk = Desk(fresh_service)
        desk.serve()
        for _ in range(5):
            student = desk.add_student()
            desk.change(student, lambda row: setattr(row, "created_at", NOON))
        with desk.session() as session:
            session.execute(text("UPDATE interactions SET received_at = occurred_at"))
        desk.add_student()
        return desk

    def test_what_is_counted_is_what_goes(self, silent: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retention, "STUDENTS_AT_ONCE", 2)
        first = self.ask(silent.service)
        assert (first["dry_run"], first["n_students"], first["n_interactions"]) == (True, 5, 15)
        assert self.ask(silent.service) | {"audit_before": ""} == first | {"audit_before": ""}
        partly = self.ask(silent.service, dry_run=False, limit=3)
        assert (partly["n_students"], partly["n_students_left"]) == (3, 2)
        rest = self.ask(silent.service, dry_run=False)
        assert (rest["n_students"], rest["n_interactions"], rest["n_students_left"]) == (2, 6, 0)
        assert len(silent.service.client.get("/students").json()["items"]) == 1
        listed = silent.service.client.get("/erasures").json()["items"]
        assert [one["origin"] for one in listed] == ["retention"] * 5
        assert work(silent.service) == 5

    def test_whoever_answers_in_between_stays(self, silent: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        ids = [row["student_id"] for row in silent.service.client.get("/students").json()["items"]]
        erase_inactive = retention.erase_inactive
        answered: list[object] = []

        def answer_first(session: Any, *given: Any, **named: Any) -> Any:
            if not answered:
                # One by the time it happened, the other, long ago, by the time it came.
                for student, at in ((ids[0], utc_now()), (ids[1], NOON + timedelta(minutes=1))):
                    event = make_event(99, student_id=student, occurred_at=at)
                    answered.extend(interactions.add_interactions(session, [event]))
            return erase_inactive(session, *given, **named)

        monkeypatch.setattr(retention, "erase_inactive", answer_first)
        assert self.ask(silent.service, dry_run=False)["n_students"] == 3
        left = [row["student_id"] for row in silent.service.client.get("/students").json()["items"]]
        assert left[:2] == ids[:2]

    def test_the_worker_does_it_by_itself(self, silent: Desk) -> None:
        settings = settings_of(silent.service.stack, retention_days=30)
        assert worker_retention.let_go(settings=settings_of(silent.service.stack)) == 0
        with session_scope(silent.service.sessions) as session:
            old = audit.Deed(NOON - timedelta(days=500), None, "get_student", "GET", 200)
            audit.add_entry(session, old)
        assert worker_retention.let_go(settings=settings) == 5
        assert self.ask(silent.service)["n_students"] == 0
        told = silent.service.client.get("/audit", params={"operation": "apply_retention"}).json()["items"]
        subjects = {one["subject"] for one in silent.service.client.get("/erasures").json()["items"]}
        # One for each student, and one for the entries that were dropped.
        assert {one["subject"] for one in told} == subjects | {None}
        assert (len(told), len(subjects), {one["key_id"] for one in told}) == (6, 5, {None})

    @pytest.mark.parametrize("dry_run", [0, "false", None])
    def test_what_only_looks_like_false_erases_nobody(self, silent: Desk, dry_run: object) -> None:
        body = {"inactive_since": "2025-11-01T00:00:00Z", "dry_run": dry_run}
        problem = assert_problem(silent.service.client.post("/retention", json=body), 422, "invalid-request")
        assert [error["pointer"] for error in problem["errors"]] == ["/dry_run"]

    @pytest.mark.parametrize("since", ["yesterday", "2999-01-01T00:00:00Z"])
    def test_a_time_that_is_none_is_refused(self, desk: Desk, since: str) -> None:
        answer = desk.service.client.post("/retention", json={"inactive_since": since})
        assert_problem(answer, 422, "invalid-request")


class TestAudit:
    @pytest.fixture
    def logged(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
        monkeypatch.setattr(audit_trail, "WRITE_SECONDS", 0.02)
        with run_service(stack, audit="on") as running:
            desk = Desk(running)
            desk.serve()
            yield desk

    def entries(self, desk: Desk, until: Callable[[list[Any]], bool], **params: Any) -> list[Any]:
        def look() -> list[Any] | None:
            items = desk.service.client.get("/audit", params=params).raise_for_status().json()["items"]
            return items if until(items) else None

        return wait_until(look, seconds=10)

    def test_reads_and_writes_are_told(self, logged: Desk) -> None:
        student, other = logged.add_student(), logged.add_student()
        client = logged.service.client
        client.get(f"/students/{student}/mastery").raise_for_status()
        client.get(f"/students/{other}/mastery").raise_for_status()
        client.get(f"/students/{student}").raise_for_status()
        client.put("/cohorts/c/students", json={"student_ids": [student]}).raise_for_status()
        client.get(f"/models/{logged.serving().id}").raise_for_status()
        client.get("/students/nobody/mastery")
        client.get("/livez")
        found = self.entries(logged, lambda items: len(items) >= 2, student_id=student)
        assert [(one["operation"], one["method"]) for one in found] == [
            ("get_student", "GET"),
            ("get_mastery", "GET"),
        ]
        assert len({one["subject"] for one in found}) == 1
        (of_model,) = self.entries(logged, lambda items: len(items) == 1, operation="get_model")
        assert (of_model["resource"], of_model["subject"]) == (str(logged.serving().id), None)
        (written,) = self.entries(logged, lambda items: len(items) == 1, operation="set_cohort")
        assert (written["method"], written["subject"], written["resource"]) == ("PUT", None, None)
        reads = self.entries(logged, lambda items: len(items) == 3, operation="get_mastery")
        assert sorted(one["status"] for one in reads) == [200, 200, 404]
        assert len({one["subject"] for one in reads}) == 3
        everything = self.entries(logged, bool)
        assert not {"get_liveness"} & {one["operation"] for one in everything}
        assert student not in repr(everything)
        keyed = logged.service.stack.name == "services"
        assert {one["key_id"] is not None for one in everything} == {keyed}
        if keyed:
            by_key = {"key_id": everything[0]["key_id"]}
            assert self.entries(logged, lambda items: len(items) >= 5, **by_key)
        assert client.get("/audit", params={"key_id": str(uuid4())}).json()["items"] == []

    def test_nobody_is_linked_once_erased(self, logged: Desk) -> None:
        student = logged.add_student()
        logged.service.client.get(f"/students/{student}/mastery").raise_for_status()
        (read,) = self.entries(logged, lambda items: len(items) == 1, student_id=student)
        told = logged.service.client.get(f"/students/{student}/export").json()
        assert read in told["audit"]
        erasure = erase(logged.service, student)
        assert erasure["subject"] == read["subject"]
        (entry,) = self.entries(logged, lambda items: len(items) == 1, operation="request_erasure")
        assert entry["subject"] == read["subject"]
        with session_scope(logged.service.sessions) as session:
            assert session.query(StudentToken).count() == 0
        answer = logged.service.client.get("/audit", params={"student_id": student})
        assert_problem(answer, 404, "student-not-found")

    def test_pages_and_times(self, logged: Desk) -> None:
        for _ in range(3):
            logged.service.client.get("/models").raise_for_status()
        self.entries(logged, lambda items: len(items) == 3, operation="list_models")
        page = logged.service.client.get("/audit", params={"operation": "list_models", "limit": 2})
        rest = logged.service.client.get(page.links["next"]["url"])
        assert (len(page.json()["items"]), len(rest.json()["items"])) == (2, 1)
        at = page.json()["items"][0]["at"]
        params = {"operation": "list_models", "since": at}
        assert len(logged.service.client.get("/audit", params=params).json()["items"]) == 1
        params = {"operation": "list_models", "until": at}
        assert len(logged.service.client.get("/audit", params=params).json()["items"]) == 2
        assert_problem(
            logged.service.client.get("/audit", params={"operation": "a b"}), 422, "invalid-request"
        )

    def test_what_waits_is_bounded_and_survives_trouble(
        self, logged: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        trail = AuditTrail(logged.service.resources.sessions, most_waiting=3)

        class Route:
            audited_as = "get_mastery"

        scope = {
            "route": Route, PLACE: NOBODY_IN_PARTICULAR, "method": "GET", "path": "/x", "path_params": {}
        }  # fmt: skip
        for status in (200, 201, 202, 203):
            trail.note(scope, status)

        def fail(*_: Any) -> None:
            raise OperationalError("no", None, Exception())

        with monkeypatch.context() as patched:
            patched.setattr(audit, "write", fail)
            with pytest.raises(OperationalError):
                trail.write()
        assert "entries were lost: entries=1" in caplog.text
        trail.close()
        trail.write()
        found = self.entries(logged, lambda items: len(items) == 3, operation="get_mastery")
        assert [one["status"] for one in found] == [202, 201, 200]

    def test_stopping_writes_what_is_left(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit_trail, "WRITE_SECONDS", 60.0)
        with run_service(stack, audit="on") as running:
            running.client.get("/models").raise_for_status()
        with run_service(stack, audit="off") as running:
            kept = running.client.get("/audit").json()["items"]
        assert [one["operation"] for one in kept] == ["list_models"]


def mark(session: Session, model: dict[str, Any], experiment: dict[str, Any], *, n_erased: int) -> None:
    models.get_model(session, UUID(model["id"])).erased_students = n_erased
    experiments.get_experiment(session, UUID(experiment["id"])).erased_students = n_erased


def test_what_has_learned_from_the_erased_says_so(trained: Trained) -> None:
    model, experiment = (
        (trained.service.client.get(f"/{kind}/{row['id']}").json())
        for kind, row in (("models", trained.model), ("experiments", trained.candidate))
    )
    assert (model["trained_on_erased"], model["warnings"]) == (0, [])
    with session_scope(trained.service.sessions) as session:
        mark(session, model, experiment, n_erased=2)
    marked = trained.service.client.get(f"/models/{model['id']}").json()
    assert marked["trained_on_erased"] == 2
    assert "2 students of the training data were erased since" in marked["warnings"][0]
    told = trained.service.client.get(f"/experiments/{experiment['id']}").json()
    assert told["warnings"] == [*experiment["warnings"], *marked["warnings"]]
    with session_scope(trained.service.sessions) as session:
        mark(session, model, experiment, n_erased=0)
