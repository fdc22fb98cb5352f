"""The audit of locked packages: what is found fails, what can't be asked is not passed over in silence."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK = "httpx==0.28.1  # via ikt\ntorch==2.13.0\n"
ADVISORY = {
    "id": "PYSEC-2026-1",
    "summary": "reads what it should not",
    "affected": [
        {
            "package": {"name": "httpx", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.29.0"}]}],
        }
    ],
}


class Source(BaseHTTPRequestHandler):
    """As much of the OSV service as the audit asks."""

    advisories: dict[str, Any]
    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.advisories.get(asked["package"]["name"])
        body = json.dumps({"vulns": [found]} if found else {}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def source(advisories: dict[str, Any], *, status: int = 200) -> Iterator[str]:
    handler = type("Prepared", (Source,), {"advisories": advisories, "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "small.lock"
    path.write_text(LOCK)
    return path


def audit(lock: Path, address: str) -> "subprocess.CompletedProcess[str]":
    variables = {**os.environ, "AUDIT_SOURCE": address, "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, str(ROOT / ".ci" / "audit.py"), str(lock)]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def test_nothing_found_passes(lock: Path) -> None:
    with source({}) as address:
        done = audit(lock, address)

    assert (done.returncode, done.stdout) == (0, "2 packages checked, 0 of them with known vulnerabilities\n")


def test_what_is_found_fails_and_is_named(lock: Path) -> None:
    with source({"httpx": ADVISORY}) as address:
        done = audit(lock, address)

    assert done.returncode == 1
    assert "httpx 0.28.1: PYSEC-2026-1, fixed in 0.29.0: reads what it should not" in done.stdout
    assert "2 packages checked, 1 of them" in done.stdout


def test_a_source_that_is_not_there_is_said_and_passes(lock: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        done = audit(lock, f"http://127.0.0.1:{taken.getsockname()[1]}/v1/query")

    assert done.returncode == 0
    assert done.stdout.startswith("NOTHING WAS CHECKED")


def test_a_source_that_fails_is_said_too(lock: Path) -> None:
    with source({}, status=503) as address:
        done = audit(lock, address)

    assert done.returncode == 0
    assert done.stdout.startswith("NOTHING WAS CHECKED")


def test_a_lock_that_pins_nothing_fails(lock: Path) -> None:
    lock.write_text("httpx>=0.28\n")
    with source({}) as address:
        done = audit(lock, address)

    assert done.returncode == 2
    assert "not pinned" in done.stdout


def test_the_pipeline_audits_before_it_tests() -> None:
    steps = (ROOT / ".ci" / "run").read_text()

    assert 0 < steps.index("make audit") < steps.index("make test")
    assert "bandit" in (ROOT / "Makefile").read_text()
