"""The hot read itself: batches, what it costs in statements, and what it never loads."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api import reader
from api.app import create_app
from api.principal import let_in
from api.reader import Answer, MasteryReader, Question
from api.services.refusals import SkillUnknown
from api.serving import ServingModels
from api.settings import ApiSettings
from db.errors import StudentNotFound
from db.models import DEFAULT_TENANT
from db.repositories.readings import Asked, Readings
from tests.api.desk import Desk
from tests.api.support import Service
from tests.keys import HEADERS

# Asks the application in a process of its own, as a server would, then says whether torch came along.
ASK = """
import asyncio, sys, httpx
from api.app import create_app

async def ask(app):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        client.headers.update({headers!r})
        for query in ("", "?skill=add"):
            answer = await client.get(f"/students/{{student}}/mastery{{query}}")
            assert answer.status_code == 200, answer.text
            tag = {{"If-None-Match": answer.headers["etag"]}}
            again = await client.get(f"/students/{{student}}/mastery{{query}}", headers=tag)
            assert again.status_code == 304, again.text
        for path in ("recommendations?by=information", "export", "../../cohorts"):
            answer = await client.get(f"/students/{{student}}/{{path}}")
            assert answer.status_code == 200, answer.text
    app.state.resources.close()

student = {student!r}
asyncio.run(ask(create_app()))
sys.exit("torch" in sys.modules)
"""


@pytest.fixture
def desk(service: Service) -> Desk:
    found = Desk(service)
    found.serve()
    return found


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Who was asked about together, batch by batch."""
    asked: list[list[str]] = []
    read = Readings.read_served

    async def note(readings: Readings, questions: Collection[Asked]) -> Any:
        asked.append(sorted(one.student_id for one in questions))
        return await read(readings, questions)

    monkeypatch.setattr(Readings, "read_served", note)
    return asked


@pytest.fixture
def own_reader(desk: Desk) -> Iterator[MasteryReader]:
    """A reader for this test's own event loop."""
    own = MasteryReader(desk.service.sessions, ServingModels(), cache_bytes=1_000_000)
    yield own
    own.close()


def about(student_id: str, **more: Any) -> Question:
    return Question(DEFAULT_TENANT, student_id, **more)


def test_reads_do_not_load_torch(desk: Desk) -> None:
    student = desk.add_student()
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(student=student, headers=HEADERS)],
        env=os.environ | desk.service.stack.env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr


class TestBatches:
    def test_questions_of_one_moment_share_a_statement(
        self, desk: Desk, own_reader: MasteryReader, batches: list[list[str]]
    ) -> None:
        everyone = sorted(desk.add_student(theta=float(number)) for number in range(5))

        async def ask() -> list[Answer]:
            return await asyncio.gather(*(own_reader.read(about(student)) for student in everyone * 2))

        answers = asyncio.run(ask())
        assert batches == [everyone]
        for student, answer in zip(everyone * 2, answers, strict=True):
            assert answer.body is not None
            assert student.encode() in answer.body

    def test_those_who_come_meanwhile_are_the_next_batch(
        self, desk: Desk, own_reader: MasteryReader, batches: list[list[str]]
    ) -> None:
        first, *others = [desk.add_student() for _ in range(4)]

        async def ask() -> None:
            begun = asyncio.ensure_future(own_reader.read(about(first)))
            while not batches:
                await asyncio.sleep(0)
            await asyncio.gather(begun, *(own_reader.read(about(student)) for student in others))

        asyncio.run(ask())
        assert batches == [[first], sorted(others)]

    def test_a_batch_is_bounded(
        self,
        desk: Desk,
        own_reader: MasteryReader,
        batches: list[list[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("api.reader.MOST_AT_ONCE", 2)
        everyone = [desk.add_student() for _ in range(5)]

        async def ask() -> None:
            await asyncio.gather(*(own_reader.read(about(student)) for student in everyone))

        asyncio.run(ask())
        assert [len(batch) for batch in batches] == [2, 2, 1]

    def test_one_who_left_does_not_hold_up_the_others(self, desk: Desk, own_reader: MasteryReader) -> None:
        first, second = desk.add_student(), desk.add_student()

        async def ask() -> Answer:
            leaving = asyncio.ensure_future(own_reader.read(about(first)))
            staying = asyncio.ensure_future(own_reader.read(about(second)))
            await asyncio.sleep(0)
            leaving.cancel()
            return await staying

        body = asyncio.run(ask()).body
        assert body is not None
        assert second.encode() in body

    def test_a_failure_is_everybodys_and_passes(
        self, desk: Desk, own_reader: MasteryReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        student = desk.add_student()

        async def ask() -> list[Any]:
            with monkeypatch.context() as broken:
                broken.setattr(Readings, "read_served", fail)
                wanted = [own_reader.read(about(student)) for _ in range(2)]
                failed = await asyncio.gather(*wanted, return_exceptions=True)
            return [*failed, await own_reader.read(about(student))]

        async def fail(*_: Any) -> Any:
            raise RuntimeError("no database")

        *failed, answer = asyncio.run(ask())
        assert [str(error) for error in failed] == ["no database"] * 2
        assert isinstance(answer, Answer)

    def test_who_is_erased_between_the_statements_is_gone(
        self, desk: Desk, own_reader: MasteryReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        student = desk.add_student()

        async def erased(*_: Any) -> dict[int, Any]:
            return {}

        monkeypatch.setattr(Readings, "read_states", erased)
        with pytest.raises(StudentNotFound):
            asyncio.run(own_reader.read(about(student)))

    def test_a_state_that_overtook_its_head_is_told_with_its_own_tag(
        self, desk: Desk, own_reader: MasteryReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        student = desk.add_student()
        read = Readings.read_states

        async def after_one_more(readings: Readings, *asked: Any) -> Any:
            await asyncio.to_thread(desk.respond, student)
            await asyncio.to_thread(desk.score, student, theta=0.9)
            return await read(readings, *asked)

        async def ask() -> list[Answer]:
            with monkeypatch.context() as overtaken:
                overtaken.setattr(Readings, "read_states", after_one_more)
                first = await own_reader.read(about(student))
            return [first, await own_reader.read(about(student))]

        first, second = asyncio.run(ask())
        assert first == second
        assert first.body is not None
        assert b'"n_interactions":4,"n_pending":0' in first.body


class TestThreads:
    """What takes long is not done where all others wait."""

    @pytest.fixture
    def threads(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Where content is written, and names are compared."""
        found: list[str] = []
        for name, real in (("write_mastery", reader.write_mastery), ("SkillUnknown", SkillUnknown)):

            def note(*given: Any, real: Any = real, **named: Any) -> Any:
                found.append(threading.current_thread().name)
                return real(*given, **named)

            monkeypatch.setattr(reader, name, note)
        return found

    def ask(self, own_reader: MasteryReader, *questions: Question) -> list[Any]:
        async def answer() -> list[Any]:
            return await asyncio.gather(*map(own_reader.read, questions), return_exceptions=True)

        return asyncio.run(answer())

    def test_long_content_is_written_in_one(
        self,
        desk: Desk,
        own_reader: MasteryReader,
        threads: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(reader, "MOST_WITHOUT_THREAD", 1)
        student = desk.add_student()
        self.ask(own_reader, about(student, skills=("add", "add")))
        assert threads == ["MainThread"]
        first = self.ask(own_reader, about(student))
        assert threads[1:] != ["MainThread"]
        assert self.ask(own_reader, about(student)) == first
        assert len(threads) == 2

    def test_the_nearest_names_are_looked_for_in_one(
        self, desk: Desk, own_reader: MasteryReader, threads: list[str]
    ) -> None:
        (error,) = self.ask(own_reader, about(desk.add_student(), skills=("subtrakt",)))
        assert isinstance(error, SkillUnknown)
        assert error.nearest == ["subtract"]
        assert threads != ["MainThread"]


class TestConnection:
    def test_a_lost_connection_is_opened_anew(self, desk: Desk) -> None:
        student = desk.add_student()
        own = f"/students/{student}/mastery"
        assert desk.service.client.get(own).status_code == 200
        if desk.service.stack.name == "services":
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            with desk.session() as session:
                session.execute(
                    text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
                )
        assert desk.service.client.get(own).status_code == 200

    def test_a_database_that_is_gone_is_told(self, desk: Desk) -> None:
        address = desk.service.stack.database_url.replace("ikt", "nowhere")
        app = create_app(ApiSettings(data_dir=desk.service.stack.data_dir, database_url=address))

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(let_in(app)), base_url="http://ikt", trust_env=False
            ) as client:
                return await client.get("/students/ana/mastery")

        answer = asyncio.run(ask())
        app.state.resources.close()
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-unavailable")

    def test_no_thread_is_left(self, desk: Desk, own_reader: MasteryReader) -> None:
        student = desk.add_student()
        before = threading.active_count()
        asyncio.run(own_reader.read(about(student)))
        own_reader.close()
        assert threading.active_count() <= before
