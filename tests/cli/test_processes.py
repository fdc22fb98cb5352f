"""Commands that run processes: as a person starts them, each in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from api.cli.processes import free_port

WAIT_SECONDS = 60
IKT = (sys.executable, "-m", "api.cli")


def environment(data_dir: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IKT_")}
    return {**kept, "IKT_DATA_DIR": str(data_dir), **changes}


def start_up(data_dir: Path, port: int, **changes: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*IKT, "up", "--port", str(port), "--concurrency", "1", "--json"],
        env=environment(data_dir, **changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_document(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The JSON that is printed once everything is ready."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line == "}\n":
            break
    document: dict[str, Any] = json.loads(text)
    return document


def run(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(arguments, capture_output=True, text=True, check=False, **options)


def survivors(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that are still there after a while; an ended child that nobody waits for is gone, too."""
    _, alive = psutil.wait_procs(processes, timeout=WAIT_SECONDS)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


class TestUp:
    def test_one_ctrl_c_stops_both(self, tmp_path: Path) -> None:
        process = start_up(tmp_path / "state", free_port())
        document = read_document(process)
        assert httpx.get(f"{document['url']}/readyz", trust_env=False).status_code == 200
        started = psutil.Process(process.pid).children()
        assert len(started) == 2

        process.send_signal(signal.SIGINT)

        _, complaints = process.communicate(timeout=WAIT_SECONDS)
        assert (process.returncode, complaints) == (0, "")
        assert survivors(started) == []

    def test_children_end_with_a_killed_parent(self, tmp_path: Path) -> None:
        process = start_up(tmp_path / "state", free_port())
        read_document(process)
        started = psutil.Process(process.pid).children()

        process.kill()
        process.communicate(timeout=WAIT_SECONDS)

        assert len(started) == 2
        assert survivors(started) == []

    def test_a_port_in_use_is_named(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            ended = run(*IKT, "up", "--port", str(port), env=environment(tmp_path))

        assert ended.returncode == 1
        assert f"Port {port}" in ended.stderr
        assert "--port" in ended.stderr


class TestDemo:
    def test_missing_data_is_bad_input(self, tmp_path: Path) -> None:
        ended = run(*IKT, "demo", "--data", "nowhere.csv", env=environment(tmp_path))

        assert ended.returncode == 2
        assert "nowhere.csv is not a file" in ended.stderr

    def test_a_worker_that_dies_is_reported_and_its_log_goes_on(self, tmp_path: Path) -> None:
        log = tmp_path / "logs" / "worker.log"
        log.parent.mkdir()
        log.write_text("what went wrong before\n")

        ended = run(*IKT, "demo", env=environment(tmp_path, IKT_LEASE_SECONDS="1"))

        assert ended.returncode == 1
        assert "The worker process ended with exit code 2" in ended.stderr
        assert "IKT_HEARTBEAT_SECONDS 3 must be below IKT_LEASE_SECONDS" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert log.read_text().startswith("what went wrong before\n")
        assert "IKT_HEARTBEAT_SECONDS" in log.read_text()


class TestDatabase:
    def test_upgrade_makes_the_database(self, tmp_path: Path) -> None:
        ended = run(*IKT, "db", "upgrade", "--json", env=environment(tmp_path))

        assert json.loads(ended.stdout)["revision"] == "head"
        assert (tmp_path / "ikt.db").is_file()


@pytest.mark.parametrize("seed", [1, 2])
def test_simulated_files_are_the_same_for_a_seed(tmp_path: Path, seed: int) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    for file in files:
        ended = run(*IKT, "simulate", str(file), "--students", "20", "--seed", str(seed), "--json")
        assert json.loads(ended.stdout)["n_students"] == 20

    assert files[0].read_bytes() == files[1].read_bytes()
