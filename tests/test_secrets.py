"""What opens a store is told to nobody: not by logs, answers, commands, nor by what a crash leaves behind."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.app import create_app
from api.cli.processes import free_port
from api.settings import ApiSettings
from tests.stacks import migrated_sqlite
from worker.settings import WorkerSettings

SECRET = "s3cr3t-w0rd"
UNESCAPED = "s3cr3t/w0rd"  # as one that was pasted into an address
PARTS = ("s3cr3t", "w0rd")
START_SECONDS = 60
WORKER_SECONDS = 1  # in which it meets the broker that is not there
ASKED = ("/readyz", "/datasets", "/students/ana/mastery")

DATABASE, BROKER, STORE = "database_url", "broker_url", "artifacts_url"
POSTGRES = "postgresql+psycopg://"
CASES: dict[str, dict[str, str]] = {
    "everything unreachable": {
        DATABASE: f"{POSTGRES}ikt:{SECRET}@127.0.0.1:1/ikt",
        BROKER: f"redis://ikt:{SECRET}@127.0.0.1:1/0",
        STORE: f"ftp://ikt:{SECRET}@127.0.0.1:1/folder",
    },
    "everything hangs up": {
        DATABASE: f"{POSTGRES}ikt:{SECRET}@127.0.0.1:$rude/ikt",
        BROKER: f"redis://:{SECRET}@127.0.0.1:$rude/0",
    },
    "unknown host": {
        DATABASE: f"{POSTGRES}ikt:{SECRET}@nowhere.invalid/ikt",
        BROKER: f"redis://:{SECRET}@nowhere.invalid/0",
    },
    "password as an option": {DATABASE: f"{POSTGRES}127.0.0.1:1/ikt?password={SECRET}"},
    "unknown option": {DATABASE: f"{POSTGRES}ikt:{SECRET}@127.0.0.1:1/ikt?nosuch=1"},
    "database, unescaped": {DATABASE: f"{POSTGRES}ikt:{UNESCAPED}@127.0.0.1:1/ikt"},
    "database without port": {DATABASE: f"{POSTGRES}ikt:{SECRET}@127.0.0.1:port/ikt"},
    "database of no driver": {DATABASE: f"postgresql+nosuch://ikt:{SECRET}@127.0.0.1/ikt"},
    "database of no kind": {DATABASE: f"nosuch://ikt:{SECRET}@127.0.0.1/ikt"},
    "database without scheme": {DATABASE: f"//ikt:{SECRET}@127.0.0.1/ikt"},
    "database in memory": {DATABASE: f"sqlite://ikt:{SECRET}@"},
    "broker, unescaped": {BROKER: f"redis://:{UNESCAPED}@127.0.0.1:1/0"},
    "broker without port": {BROKER: f"redis://:{SECRET}@127.0.0.1:port/0"},
    "broker without database": {BROKER: f"redis://:{SECRET}@127.0.0.1:1/zero"},
    "broker of no kind": {BROKER: f"nosuch://ikt:{SECRET}@127.0.0.1/0"},
    "store, unescaped": {STORE: f"ftp://ikt:{UNESCAPED}@127.0.0.1:1/folder"},
    "store of no kind": {STORE: f"nosuch://key:{SECRET}@bucket/folder"},
    "store that is not installed": {STORE: f"s3://key:{SECRET}@bucket/folder"},
}


@pytest.fixture(scope="module")
def rude() -> Iterator[int]:
    """A port that answers anything with nonsense and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"-ERR no\r\n")

        Thread(target=answer, daemon=True).start()
        yield int(listener.getsockname()[1])


def told_of(said: str) -> list[str]:
    return [line for line in said.splitlines() if any(part in line for part in PARTS)]


def ask_everything(settings: dict[str, Any], *, headers: dict[str, str] | None = None) -> str:
    """All that the application says, be it by breaking at its start."""
    try:
        app = create_app(ApiSettings(**settings))
    except Exception:
        return traceback.format_exc()

    async def ask() -> str:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            answers = [await client.get(path, headers=headers) for path in ASKED]
            answers.append(await client.post("/students/ana/interactions", json={"skill": "a", "correct": 1}))
        return "\n".join(f"{answer.headers} {answer.text}" for answer in answers)

    try:
        return asyncio.run(ask())
    finally:
        app.state.resources.close()


@pytest.mark.parametrize("name", CASES)
def test_the_service_keeps_it(tmp_path: Path, rude: int, name: str, caplog: pytest.LogCaptureFixture) -> None:
    given = {key: url.replace("$rude", str(rude)) for key, url in CASES[name].items()}
    migrated_sqlite(tmp_path / "ikt.db").dispose()
    with caplog.at_level(logging.DEBUG):
        said = ask_everything({"data_dir": tmp_path, **given})

    assert said
    assert told_of(said + caplog.text) == []


class TestSettings:
    @pytest.mark.parametrize("kind", [ApiSettings, WorkerSettings])
    def test_show_no_address(self, kind: type[ApiSettings | WorkerSettings]) -> None:
        settings = kind(**CASES["everything unreachable"])  # type: ignore[arg-type]
        assert told_of(f"{settings} {settings!r}") == []

    @pytest.mark.parametrize("wrong", [{"heartbeat_seconds": 99}, {"broker_url": f"redis://:{UNESCAPED}@a"}])
    def test_show_none_when_they_are_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError) as refused:
            WorkerSettings(**{**CASES["everything unreachable"], **wrong})
        assert told_of(str(refused.value)) == []

    @pytest.mark.parametrize(
        "url",
        ["/data/files", "s3://bucket/a@b", "redis://localhost", "memory://", "redis://:a%2Fb@[::1]:6379/0"],
    )
    def test_take_what_is_readable(self, url: str) -> None:
        assert ApiSettings(broker_url=url, artifacts_url=url).broker_url == url


def test_errors_of_the_database_show_no_values(tmp_path: Path) -> None:
    engine = migrated_sqlite(tmp_path / "ikt.db")
    with engine.connect() as connection, pytest.raises(DBAPIError) as failed:
        connection.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": SECRET})
    engine.dispose()
    assert told_of(str(failed.value)) == []


def test_headers_are_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # One that looks like a key is looked for, in vain.
    key = f"ikt_{'k' * 8}_{SECRET:x<43}"
    headers = {"Authorization": f"Bearer {key}", "Cookie": f"session={SECRET}"}
    url = CASES["everything unreachable"][DATABASE]
    with caplog.at_level(logging.DEBUG, "api"), caplog.at_level(logging.DEBUG, "uvicorn"):
        said = ask_everything({"data_dir": tmp_path, DATABASE: url}, headers=headers)

    assert "request failed" in caplog.text
    assert told_of(said + caplog.text) == []


def test_processes_keep_it(tmp_path: Path) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("IKT_")}
    case = CASES["everything unreachable"]
    variables = {"IKT_DATA_DIR": str(tmp_path), "IKT_API_KEY": SECRET, "IKT_LOG_LEVEL": "DEBUG"}
    variables |= {f"IKT_{name.upper()}": url for name, url in case.items()}
    commands = {
        "upgrade": ["-m", "api.cli", "db", "upgrade"],
        "list": ["-m", "api.cli", "experiments", "--url", "http://127.0.0.1:1"],
        "api": ["-m", "api.cli", "api", "--port", str(free_port()), "--access-log"],
        "worker": ["-m", "worker"],
    }
    running: list[subprocess.Popen[bytes]] = []
    for name, command in commands.items():
        with (tmp_path / name).open("wb") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, *command], env=ours | variables, stdout=log, stderr=subprocess.STDOUT
                )
            )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not all((tmp_path / name).stat().st_size for name in commands):
        time.sleep(0.1)
    time.sleep(WORKER_SECONDS)
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=60)

    said = {name: (tmp_path / name).read_text() for name in commands}
    assert all(said.values()), said
    assert told_of("\n".join(said.values())) == []
