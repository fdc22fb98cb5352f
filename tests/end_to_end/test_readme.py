"""The README's examples, run as they are written."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.cli.processes import Running, free_port, run_service
from db.engine import upgrade
from db.settings import DatabaseSettings

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
STAND_INS = ROOT / "tests" / "documentation" / "stand_ins"
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    for name in [name for name in os.environ if name.startswith("IKT_")]:
        monkeypatch.delenv(name)
    data_dir = tmp_path / ".ikt"
    upgrade(DatabaseSettings(data_dir=data_dir))
    with run_service(data_dir=data_dir, host="127.0.0.1", port=free_port(), concurrency=2) as running:
        yield running


@pytest.fixture
def path_of_programs(tmp_path: Path) -> str:
    """PATH, with a stand-in for curl where the machine has none."""
    path = os.environ["PATH"]
    if shutil.which("curl"):
        return path
    return f"{_stand_in(tmp_path / 'bin')}{os.pathsep}{path}"


def _stand_in(folder: Path) -> Path:
    folder.mkdir()
    curl = folder / "curl"
    program = Path(__file__).with_name("curl.py")
    curl.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(program))} "$@"\n')
    curl.chmod(0o755)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader types: the environment of the tests stands in for .venv."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    return tmp_path


def type_every_block(folder: Path, url: str, path: str) -> str:
    """What is shown by all blocks, typed one after the other at the port that was free."""
    blocks = re.findall(r"^```bash\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    script = "set -euo pipefail\n" + "\n".join(blocks).replace(ADDRESS, url)
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        # The demo has a test of its own.
        env=os.environ | {"PATH": f"{STAND_INS}{os.pathsep}{path}", "IKT_URL": url, "ONLY_SHOWN": "demo"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_every_block_does_what_it_says_on_fresh_data_and_again(
    running: Running, folder: Path, path_of_programs: str
) -> None:
    check(type_every_block(folder, running.url, path_of_programs))
    with httpx.Client(base_url=running.url, trust_env=False, timeout=60) as client:
        first = client.get("/skills").json()["model"]["id"]
        sent = {"skill": "skill-01", "correct": True}
        assert client.post("/students/kept/interactions", json=sent).status_code == 200

        # A student is known now, who is scored before the second model may serve.
        check(type_every_block(folder, running.url, path_of_programs))

        candidate = json.loads((folder / "small-dynamic.json").read_text())["id"]
        serving = client.get("/skills").json()["model"]
        assert serving["experiment_id"] == candidate
        assert serving["id"] != first


def check(shown: str) -> None:
    assert shown.count("event: end") == 2
    assert "| AUC |" in shown
    assert "\nthe model is serving\n" in shown
    assert '"accepted":3' in shown
    assert '"reference_mastery"' in shown
    assert "unchanged: 304\n" in shown
    assert "Right with probability" in shown
    assert "responses of 10 students are stored" in shown
    assert "\n204\n" in shown
    assert "/problems/dataset-bad-rows" in shown
