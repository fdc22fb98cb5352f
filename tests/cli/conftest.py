"""`ikt` as a person types it, with its output apart from its complaints."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.cli.processes import Running, free_port, run_service
from db.engine import upgrade
from db.settings import DatabaseSettings
from ikt_model.data.simulate import simulate_classroom, write_events_csv

TINY = (
    *("--set", "model.d_model=16", "--set", "model.n_heads=2", "--set", "model.n_blocks=1"),
    *("--set", "model.d_ff=32", "--set", "training.epochs=2", "--set", "training.batch_tokens=512"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be JSON and nothing else."""
        assert self.code == 0, self.err
        return json.loads(self.out)


Ikt = Callable[..., Said]


@pytest.fixture(scope="session")
def ikt() -> Ikt:
    """Run a command in this process."""

    def run(*arguments: str) -> Said:
        ended = CliRunner().invoke(app, arguments, prog_name="ikt")
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Said(ended.exit_code, ended.stdout, ended.stderr)

    return run


@pytest.fixture(scope="session")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of a few students."""
    path = tmp_path_factory.mktemp("classroom") / "classroom.csv"
    write_events_csv(simulate_classroom(n_students=60, n_skills=6, seed=5, mean_length=20).sequences, path)
    return path


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An embedded stack of its own for the tests of one file."""
    folder = tmp_path_factory.mktemp("state") / ".ikt"
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("IKT_")}
    os.environ["IKT_DATA_DIR"] = str(folder)
    yield folder
    del os.environ["IKT_DATA_DIR"]
    os.environ.update(ours)


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[Running]:
    """A service for the tests of one file; commands find it without being told where."""
    upgrade(DatabaseSettings())
    with run_service(data_dir=data_dir, host="127.0.0.1", port=free_port(), concurrency=2) as running:
        os.environ["IKT_URL"] = running.url
        yield running
        del os.environ["IKT_URL"]
