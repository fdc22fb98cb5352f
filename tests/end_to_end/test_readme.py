"""The README's examples, run as they are written."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.processes import Running, free_port, run_service
from db.engine import upgrade
from db.settings import DatabaseSettings

README = Path(__file__).parents[2] / "README.md"
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    for name in [name for name in os.environ if name.startswith("IKT_")]:
        monkeypatch.delenv(name)
    data_dir = tmp_path / ".ikt"
    upgrade(DatabaseSettings(data_dir=data_dir))
    with run_service(data_dir=data_dir, host="127.0.0.1", port=free_port(), concurrency=2) as running:
        yield running


def test_every_block_does_what_it_says(running: Running, tmp_path: Path) -> None:
    # The environment of the tests in place of .venv, and the port that is free in place of 8000.
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    blocks = re.findall(r"^```bash\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    script = "set -euo pipefail\n" + "\n".join(blocks).replace(ADDRESS, running.url)

    ended = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    shown = ended.stdout
    assert shown.count("event: end") == 2
    assert "| AUC |" in shown
    assert "\nserving\n" in shown
    assert '"accepted":3' in shown
    assert '"reference_mastery"' in shown
    assert "\n204\n" in shown
    assert "/problems/dataset-bad-rows" in shown
