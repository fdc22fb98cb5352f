"""Datasets over HTTP."""

import fcntl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.services import datasets
from db.artifacts import ArtifactStore
from db.base import new_id
from db.engine import session_scope
from tests.api.support import Service, assert_problem, events_csv, run_service
from tests.builders import make_experiment
from tests.faults import doom_commit
from tests.running import wait_for
from tests.stacks import Stack
from tests.threads import together

BAD_ROWS = b"student_id,skill,correct\n" + b"".join(f"s{n},add,{n % 5}\n".encode() for n in range(50))


def pykt_csv() -> bytes:
    students = [uuid4().hex for _ in range(2)]
    return f'fold,uid,concepts,responses\n0,{students[0]},"3,5","1,0"\n1,{students[1]},"5,3","0,1"\n'.encode()


def events_parquet() -> bytes:
    sink = BytesIO()
    table = pa.table({"student_id": [uuid4().hex, "b"], "skill": ["x", "y"], "correct": [1, 0]})
    pq.write_table(table, sink)
    return sink.getvalue()


class TestUpload:
    def test_multipart_file_is_stored_and_described(self, service: Service) -> None:
        response = service.upload(name="class 5b")

        assert response.status_code == 201, response.text
        dataset = response.json()
        assert response.headers["location"] == f"/datasets/{dataset['id']}"
        assert (dataset["name"], dataset["format"]) == ("class 5b", "events")
        assert (dataset["n_students"], dataset["n_responses"], dataset["n_skills"]) == (10, 40, 3)
        assert dataset["created_at"].endswith("Z")
        assert service.client.get(response.headers["location"]).json() == dataset
        assert _artifact(service, dataset) in service.files()

    @pytest.mark.parametrize(
        ("content", "content_type", "format"),
        [
            (events_csv, "text/csv; charset=utf-8", "events"),
            (pykt_csv, "application/octet-stream", "pykt"),
            (events_parquet, "application/vnd.apache.parquet", "events"),
        ],
    )
    def test_raw_body_is_stored(
        self, service: Service, content: Callable[[], bytes], content_type: str, format: str
    ) -> None:
        headers = {"Content-Type": content_type}
        response = service.client.post(
            "/datasets", params={"name": "raw"}, content=content(), headers=headers
        )

        assert response.status_code == 201, response.text
        assert (response.json()["name"], response.json()["format"]) == ("raw", format)

    def test_named_format_is_used(self, service: Service) -> None:
        assert service.upload(pykt_csv(), format="pykt").json()["format"] == "pykt"
        assert_problem(service.upload(pykt_csv(), format="events"), 422, "dataset-unreadable")

    def test_same_content_again_gives_the_stored_dataset(self, service: Service) -> None:
        content = events_csv()
        first = service.upload(content, name="first")
        stored = service.traces()
        again = service.upload(content, name="second")

        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert service.traces() == stored

    def test_same_content_at_once_is_stored_once(self, service: Service) -> None:
        content = events_csv()
        before = service.traces()
        with run_service(service.stack, uploads_at_once=100) as roomy:
            answers = together(lambda _: roomy.upload(content))

        assert sorted(answer.status_code for answer in answers) == [200] * (len(answers) - 1) + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        after = service.traces()
        assert after["rows"]["datasets"] == before["rows"]["datasets"] + 1
        assert len(after["files"]) == len(before["files"]) + 1

    def test_others_may_write_while_the_file_is_stored(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put_file, others = ArtifactStore.put_file, []

        def put_slowly(store: ArtifactStore, local: Path, key: str) -> None:
            one = {"skill": "add", "correct": True}
            others.append(service.client.post(f"/students/{uuid4()}/interactions", json=one, timeout=5))
            put_file(store, local, key)

        monkeypatch.setattr(ArtifactStore, "put_file", put_slowly)

        assert service.upload().status_code == 201
        assert [answer.status_code for answer in others] == [200]

    @pytest.mark.parametrize("filename", ["../../etc/5b.csv", "C:\\lists\\5b.csv", "/dev/5b"])
    def test_file_name_is_shown_and_never_opened(self, service: Service, filename: str) -> None:
        before = service.files()
        dataset = service.client.post("/datasets", files={"file": (filename, events_csv())}).json()

        assert dataset["name"] == "5b"
        assert set(service.files()) - set(before) == {_artifact(service, dataset)}

    def test_bad_rows_refuse_the_whole_file(self, service: Service) -> None:
        before = service.traces()
        problem = assert_problem(service.upload(BAD_ROWS), 422, "dataset-bad-rows")

        assert problem["total_errors"] == 30
        assert len(problem["errors"]) == 20
        assert problem["errors"][0]["reason"]
        first = {name: problem["errors"][0][name] for name in ("line", "column", "value")}
        assert first == {"line": 4, "column": "correct", "value": "2"}
        assert service.traces() == before

    def test_too_long_upload_is_refused(self, stack: Stack) -> None:
        long = events_csv() + b"x,add,1\n" * 1000

        def pieces() -> Iterator[bytes]:
            yield from (long[start : start + 100] for start in range(0, len(long), 100))

        with run_service(stack, upload_limit_bytes=1000) as service:
            assert_problem(service.upload(long), 413, "content-too-large")
            streamed = service.client.post(
                "/datasets", content=pieces(), headers={"Content-Type": "text/csv"}
            )
            assert_problem(streamed, 413, "content-too-large")
            unread = service.client.post(
                "/datasets", content=b"x" * 3_000_000, headers={"Content-Type": "a/b"}
            )
            assert_problem(unread, 415, "unsupported-media-type")
            assert service.files() == []

    def test_a_file_that_stalls_is_given_up(self, stack: Stack) -> None:
        def chunks() -> Iterator[bytes]:
            yield events_csv()
            time.sleep(0.5)
            yield b""

        with run_service(stack, bulk_stall_seconds=0.1) as service:
            before = service.traces()
            answer = service.client.post("/datasets", content=chunks(), headers={"Content-Type": "text/csv"})
            assert "in 0.1 s" in assert_problem(answer, 408, "body-too-slow")["detail"]
            assert service.traces() == before

    def test_only_so_many_come_at_one_time(self, service: Service) -> None:
        goes_on = threading.Event()

        def chunks() -> Iterator[bytes]:
            yield events_csv()
            goes_on.wait(30)
            yield b""

        def send() -> httpx.Response:
            return service.client.post("/datasets", content=chunks(), headers={"Content-Type": "text/csv"})

        with ThreadPoolExecutor(3) as clients:
            sent = [clients.submit(send) for _ in range(3)]
            try:
                taken = service.resources.uploads
                wait_for(lambda: taken.n_taken == 3, seconds=10, what="the uploads begin")
                evaluation = f"/experiments/{uuid4()}/evaluations"
                for answer in (service.upload(), service.client.post(evaluation, files={"file": b"x"})):
                    problem = assert_problem(answer, 503, "too-many-uploads")
                    assert "3 uploads and evaluations of this tenant" in problem["detail"]
                    assert int(answer.headers["Retry-After"]) > 0
                assert service.client.get("/datasets").status_code == 200
            finally:
                goes_on.set()
            assert [one.result().status_code for one in sent] == [201, 201, 201]
        assert service.upload().status_code == 201

    def test_failed_commit_leaves_no_file(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        add = datasets.add_dataset

        def add_and_doom(session: Any, *arguments: Any, **options: Any) -> Any:
            result = add(session, *arguments, **options)
            doom_commit(session)
            return result

        monkeypatch.setattr(datasets, "add_dataset", add_and_doom)
        before = service.traces()
        assert_problem(service.upload(), 500, "internal")
        assert service.traces() == before

    def test_uploads_of_a_dead_process_are_taken_back_at_the_start(self, service: Service) -> None:
        stack = service.stack
        stored, lost = service.add_dataset()["id"], str(new_id())
        artifacts = Path(stack.artifacts_url) / "datasets"
        (artifacts / f"{lost}.arrow").write_bytes(b"x")
        folder = stack.data_dir / "uploads"
        # Two died before their rows were stored and after it, the third is being received.
        for name in ("upload-1", f"upload-1.{lost}", "upload-2", f"upload-2.{stored}", "upload-3"):
            (folder / name).write_bytes(b"x")
        before = set(service.files())
        with (folder / "upload-3").open("rb") as receiving:
            fcntl.flock(receiving, fcntl.LOCK_EX)
            with run_service(stack) as restarted:
                left = set(restarted.files())

        gone = [folder / "upload-1", folder / f"upload-1.{lost}", folder / "upload-2"]
        gone += [folder / f"upload-2.{stored}", artifacts / f"{lost}.arrow"]
        assert before - left == {str(path) for path in gone}

    def test_a_commit_whose_answer_is_lost_keeps_the_file(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit, content = Session.commit, events_csv()

        def commit_unheard(session: Session) -> None:
            commit(session)
            raise OperationalError("COMMIT", {}, Exception("the connection is lost"))

        monkeypatch.setattr(Session, "commit", commit_unheard)
        assert_problem(service.upload(content), 503, "database-unavailable")
        monkeypatch.undo()
        again = service.upload(content)
        assert again.status_code == 200
        assert _artifact(service, again.json()) in service.files()


class TestRead:
    def test_list_is_paged_newest_first(self, service: Service) -> None:
        ids = [service.add_dataset()["id"] for _ in range(5)]
        page = service.client.get("/datasets", params={"limit": 2})
        seen = [row["id"] for row in page.json()["items"]]
        while "next" in page.links:
            page = service.client.get(page.links["next"]["url"])
            seen += [row["id"] for row in page.json()["items"]]

        assert seen[:5] == ids[::-1]
        assert len(seen) == len(set(seen)) == service.traces()["rows"]["datasets"]
        assert page.json()["next_cursor"] is None

    def test_unknown_dataset_is_not_found(self, service: Service) -> None:
        unknown = f"/datasets/{uuid4()}"
        assert_problem(service.client.get(unknown), 404, "dataset-not-found")
        assert_problem(service.client.delete(unknown), 404, "dataset-not-found")


class TestDelete:
    def test_row_and_file_go_together(self, service: Service) -> None:
        before = service.traces()
        dataset = service.add_dataset()
        response = service.client.delete(f"/datasets/{dataset['id']}")

        assert (response.status_code, response.content) == (204, b"")
        assert service.traces() == before

    def test_dataset_of_an_experiment_stays(self, service: Service) -> None:
        dataset = service.add_dataset()
        with session_scope(service.sessions) as session:
            make_experiment(session, dataset_id=UUID(dataset["id"]))

        assert_problem(service.client.delete(f"/datasets/{dataset['id']}"), 409, "dataset-in-use")
        assert _artifact(service, dataset) in service.files()


def _artifact(service: Service, dataset: dict[str, Any]) -> str:
    return str(Path(service.stack.artifacts_url) / "datasets" / f"{dataset['id']}.arrow")
