"""What the worker's main process prepares for its children."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker.processes import THREAD_VARIABLES, _share_cores, is_ending

VARIABLES = (*THREAD_VARIABLES, "IKT_THREADS")


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "environ", {"IKT_DATA_DIR": str(tmp_path)})
    monkeypatch.setattr("worker.settings.usable_cores", lambda: 8)


def test_jobs_start_with_their_share_of_the_cores() -> None:
    _share_cores(SimpleNamespace(concurrency=2))
    assert {os.environ[name] for name in VARIABLES} == {"4"}


def test_threads_that_were_asked_for_are_kept() -> None:
    os.environ["IKT_THREADS"] = "3"
    _share_cores(SimpleNamespace(concurrency=2))
    assert {os.environ[name] for name in VARIABLES} == {"3"}


def test_a_killed_process_is_ending_until_it_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not is_ending(process.pid)
    process.kill()
    # Nobody has waited for it, so its number is still its own.
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_ending(process.pid)
    process.communicate()
    assert is_ending(process.pid)
