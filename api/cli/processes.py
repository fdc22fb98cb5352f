"""The service's processes as children of this one: started, waited for, stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.cli.failures import Failure, ProcessDied
from db.folders import make_private

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.1
TAIL_LINES = 15
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """A running process and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise ProcessDied when it has ended."""
        if (code := self.process.poll()) is not None:
            raise self.died(code)

    def died(self, exit_code: int | None) -> ProcessDied:
        return ProcessDied(self.name, exit_code=exit_code, log=self.log, last_lines=tail(self.log))


@dataclass(frozen=True, slots=True)
class Running:
    """An API process and a worker process that belong together."""

    url: str
    api: Child
    worker: Child

    def check(self) -> None:
        """Raise ProcessDied when either has ended."""
        self.api.check()
        self.worker.check()


@contextmanager
def run_service(*, data_dir: Path, host: str, port: int, concurrency: int | None = None) -> Iterator[Running]:
    """API and worker, ready when the block begins and stopped when it ends, however it ends."""
    logs = data_dir / "logs"
    make_private(logs)
    shared = {"IKT_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    jobs = {"IKT_CONCURRENCY": str(concurrency)} if concurrency else {}
    api_command = [sys.executable, "-m", "api.cli", "api", "--host", host, "--port", str(port)]
    children: list[Child] = []
    try:
        children.append(_start("worker", [sys.executable, "-m", "worker"], logs, shared | jobs))
        children.append(_start("API", api_command, logs, shared))
        worker, api = children
        running = Running(f"http://{_reachable(host)}:{port}", api, worker)
        _wait_until_ready(running)
        yield running
    finally:
        stop(children)


def _start(name: str, command: list[str], logs: Path, variables: Mapping[str, str]) -> Child:
    log = logs / f"{name.lower()}.log"
    with log.open("ab") as output:  # a message may have told to read what stands in it
        process = subprocess.Popen(  # commands of our own, no shell # nosec B603
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **variables},
            # Ctrl-C reaches the parent alone, which stops its children in order
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    return Child(name, process, log)


def _end_with_parent() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_ready(running: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(base_url=running.url, trust_env=False, timeout=2.0) as client:
        while time.monotonic() < deadline:
            running.check()
            with suppress(httpx.TransportError):
                if client.get("/readyz").is_success:
                    return
            time.sleep(POLL_SECONDS)
    raise running.api.died(None)


def stop(children: list[Child]) -> None:
    """Ask all to end, wait a while, then end them."""
    for child in children:
        with suppress(ProcessLookupError):
            child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def tail(log: Path) -> list[str]:
    """The last lines of a log."""
    try:
        return log.read_text("utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    except FileNotFoundError:
        return []


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def require_free(host: str, port: int) -> None:
    """Raise Failure when the port is taken, before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failure(
                f"Port {port} on {host} can't be used: {error.strerror}", "Name another with --port."
            ) from error


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # nothing is bound here # nosec B104
