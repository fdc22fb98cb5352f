"""The application behind a real HTTP server, and what tests look at besides its answers."""

import json
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx
import redis
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, func, select

from api.app import create_app
from api.http_protocol import BoundedHead
from api.resources import Resources
from api.settings import ApiSettings
from db.base import Base
from db.engine import SessionFactory
from db.models import DEFAULT_TENANT
from tests.keys import HEADERS
from tests.stacks import Stack

START_SECONDS = 10
PROBLEM = "application/problem+json"

STUDENTS = ("ana", "ben", "cem", "dia", "eli", "fay", "gus", "hal", "ida", "jon")


def events_csv(name: str | None = None) -> bytes:
    """A small event table, its content all its own unless it is named; its students are in every fold."""
    unique = name or uuid4().hex[:8]
    rows = [
        f"{student},{skill}-{unique},{(number + position) % 2}"
        for number, student in enumerate(STUDENTS)
        for position, skill in enumerate(("add", "add", "subtract", "divide"))
    ]
    return "\n".join(["student_id,skill,correct", *rows, ""]).encode()


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and the stores behind it."""

    client: httpx.Client
    stack: Stack
    app: FastAPI

    @property
    def resources(self) -> Resources:
        resources: Resources = self.app.state.resources
        return resources

    @property
    def sessions(self) -> SessionFactory:
        return self.resources.sessions.of(DEFAULT_TENANT)

    def traces(self) -> dict[str, Any]:
        """Row counts of every table and every file that is kept."""
        return {"rows": count_rows(self.resources.engine), "files": self.files()}

    def files(self) -> list[str]:
        """Artifacts, and uploads that should be gone by now."""
        folders = (Path(self.stack.artifacts_url), self.resources.upload_folder)
        return sorted(str(path) for folder in folders for path in folder.rglob("*") if path.is_file())

    def messages(self, queue: str = "cpu") -> list[str]:
        """Identifiers that wait in a queue for a worker, oldest first; empty for a message without one."""
        if self.stack.name == "embedded":
            folder = self.stack.data_dir / "broker" / "messages"
            bodies = [path.read_text() for path in sorted(folder.glob(f"*.{queue}.msg"))]
        else:
            with redis.Redis.from_url(self.stack.broker_url) as client:
                bodies = [body.decode() for body in reversed(client.lrange(queue, 0, -1))]
        arguments = [json.loads(b64decode(json.loads(body)["body"]))[0] for body in bodies]
        return [given[0] if given else "" for given in arguments]

    def upload(self, content: bytes | None = None, **fields: str) -> httpx.Response:
        files = {"file": ("classroom.csv", content or events_csv())}
        return self.client.post("/datasets", files=files, data=fields)

    def add_dataset(self, content: bytes | None = None) -> dict[str, Any]:
        stored: dict[str, Any] = self.upload(content).raise_for_status().json()
        return stored

    def submit(self, dataset_id: str, **body: Any) -> httpx.Response:
        headers = body.pop("headers", {})
        return self.client.post("/experiments", json={"dataset_id": dataset_id, **body}, headers=headers)


TOLD = {"audit_entries", "erasures"}
"""Tables that say what was done; they grow even when something is erased."""


def count_rows(engine: Engine) -> dict[str, int]:
    """Rows of every table but those that only tell of others."""
    with engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in TOLD
        }


def assert_problem(response: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem document, after checking that it is one of this kind."""
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM), response.text
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"/problems/{slug}", problem
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    raw_path = response.request.url.raw_path.decode().partition("?")[0]
    assert unquote(problem["instance"]) == unquote(raw_path)
    return problem


@contextmanager
def run_service(stack: Stack, **changes: Any) -> Iterator[Service]:
    """The application on a stack, behind uvicorn on a port of its own."""
    values: dict[str, Any] = {
        "data_dir": stack.data_dir,
        "database_url": stack.database_url,
        "artifacts_url": stack.artifacts_url,
        "broker_url": stack.broker_url,
        "event_poll_seconds": 0.02,
        "event_heartbeat_seconds": 0.2,
        # Entries come when they come, and most tests count rows.
        "audit": "off",
    }
    settings = ApiSettings(**{**values, **changes})
    app = create_app(settings)
    # A busy machine pauses between requests; a connection closed for idleness would fail the next one.
    config = uvicorn.Config(
        app,
        http=BoundedHead,
        log_config=None,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=2,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        _wait_for_start(server)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            # A connection each: many tests make the server close theirs.
            fresh = httpx.Limits(max_keepalive_connections=0)
            with httpx.Client(
                base_url=url, headers=HEADERS, timeout=60, trust_env=False, limits=fresh
            ) as client:
                yield Service(client, stack, app)
        finally:
            server.should_exit = True
            thread.join(timeout=START_SECONDS)
            app.state.resources.close()


def _wait_for_start(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the server did not start")
        time.sleep(0.005)
