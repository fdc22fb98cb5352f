"""Every page of the documentation: its blocks are run, in their order, in an empty folder."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.cli.processes import free_port, run_service
from db.engine import upgrade
from db.settings import DatabaseSettings
from tests.documentation.worlds import WORLDS

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests" / "documentation" / "stand_ins"
SECONDS = 280


@contextmanager
def service(folder: Path, wanted: bool) -> Iterator[str]:
    """The address of a fresh one, or of none."""
    if not wanted:
        yield f"http://127.0.0.1:{free_port()}"
        return
    data_dir = folder / ".ikt"
    upgrade(DatabaseSettings(data_dir=data_dir))
    with run_service(data_dir=data_dir, host="127.0.0.1", port=free_port(), concurrency=2) as running:
        yield running.url


@pytest.mark.parametrize("page", WORLDS)
def test_every_block_of(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("IKT_")]:
        monkeypatch.delenv(name)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    path = os.pathsep.join([str(STAND_INS), str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    with service(tmp_path, WORLDS[page].service) as url:
        ended = subprocess.run(
            [sys.executable, "-m", "tests.documentation.run", page],
            cwd=tmp_path,
            env=os.environ
            | {"PATH": path, "IKT_URL": url, "IKT_PORT": url.rpartition(":")[2], "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    assert ended.returncode == 0, ended.stdout[-6000:]
    assert len(re.findall(r"^>>> ", ended.stdout, re.M)) > 0
