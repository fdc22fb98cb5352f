"""Where the serving benchmark plays: a durable PostgreSQL, databases of students, a model, API processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import NullPool, create_engine, text

from api.cli.processes import free_port
from db import engine as database
from db.engine import SessionFactory, create_session_factory, session_scope
from db.models import DEFAULT_TENANT
from db.repositories import experiments, models
from ikt_model.config import resolve_config
from ikt_model.data.simulate import simulate_classroom
from tests.keys import TEXT, put_key
from tests.stacks import postgres_url, run_postgres
from tests.worker.support import store_dataset
from worker.settings import WorkerSettings
from worker.training import run_experiment

START_SECONDS = 60
BASE = "ikt_base"
PRESET = os.environ.get("MODEL") or "small-dynamic"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured. The short one shows that every row can be measured, and no more."""

    classroom: int = 300  # students that the model is trained on
    skills: int = 100
    model: dict[str, Any] = field(default_factory=dict)  # settings of the network, in place of the preset's
    few: int = 10_000  # students of the small table
    many: int = 100_000  # of the large one
    rescored: int = 100_000
    steps: int = 36  # responses of each
    read: int = 1_000  # students that are read again and again
    answering: int = 256  # students who answer, after 100 responses
    asked_once: int = 4_000  # students that are read for the first time
    seconds: float = 4.0  # of one stretch of load
    rounds: int = 5  # stretches of each side of a comparison
    log_megabytes: int = 400  # that PostgreSQL has written before it is measured
    bulk: int = 500_000  # events of one upload
    bulk_rounds: int = 3
    extensions: int = 200  # of a history, one response each

    @property
    def names(self) -> list[str]:
        """Of the skills, as the simulated classroom has them."""
        digits = len(str(self.skills))
        return [f"skill-{number:0{digits}d}" for number in range(1, self.skills + 1)]


FULL = Scale()
SHORT = Scale(
    classroom=40,
    skills=8,
    model={"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32},
    few=30,
    many=60,
    rescored=60,
    read=10,
    answering=16,
    asked_once=20,
    seconds=0.3,
    rounds=1,
    log_megabytes=1,
    bulk=400,
    bulk_rounds=1,
    extensions=3,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Students alike: ids with a prefix, so many, each with so many responses."""

    prefix: str
    students: int
    steps: int

    def ids(self) -> list[str]:
        return [f"{self.prefix}-{number}" for number in range(self.students)]


@dataclass(frozen=True, slots=True)
class Api:
    """A running API process."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, path: str) -> None:
        """Until it answers there."""
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.get(self.url + path, trust_env=False).status_code < 500:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self.process.args!r} did not start:\n{self.log.read_text()}")


class Stage:
    """One server, one trained model, and the databases that are asked for, all of which goes at the end."""

    def __init__(self, folder: Path, postgres_folder: Path, scale: Scale) -> None:
        self.folder = folder
        self.scale = scale
        self._postgres_folder = postgres_folder
        self._execute(f"CREATE DATABASE {BASE}")
        database.upgrade(self.settings(BASE))
        self._put_key()
        self.model_id = self._train()

    def settings(self, name: str) -> WorkerSettings:
        """What a worker on this database reads from its environment."""
        return WorkerSettings(
            data_dir=self.folder / name,
            database_url=postgres_url(self._postgres_folder, name),
            artifacts_url=str(self.folder / "artifacts"),
            broker_url="filesystem://",
            threads=1,
        )

    def environment(self, name: str) -> dict[str, str]:
        """The same for another process."""
        settings = self.settings(name)
        return os.environ | {
            "IKT_DATA_DIR": str(settings.data_dir),
            "IKT_DATABASE_URL": settings.database_url,
            "IKT_ARTIFACTS_URL": settings.artifacts_url,
            "IKT_BROKER_URL": settings.broker_url,
            "IKT_API_KEY": TEXT,
        }

    @contextmanager
    def sessions(self, name: str) -> Iterator[SessionFactory]:
        """Sessions on a database; no connection is left open."""
        engine = database.create_engine(self.settings(name))
        try:
            yield create_session_factory(engine, tenant=DEFAULT_TENANT)
        finally:
            engine.dispose()

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A new database with the model as a candidate, and nobody in it; its name."""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {BASE}")
        try:
            yield name
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def gigabytes(self, name: str) -> float:
        """What a database takes on the disk."""
        return float(self._execute(f"SELECT pg_database_size('{name}')")) / 1e9

    @property
    def postgres_pid(self) -> int:
        """The server's first process."""
        return int((self._postgres_folder / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def apis(self, *wanted: tuple[str, dict[str, str]]) -> Iterator[list[Api]]:
        """`ikt api` for each database and IKT_* variables of its own; all are ready."""
        command = [sys.executable, "-m", "api.cli", "api", "--port"]
        with ExitStack() as running:
            started = [
                running.enter_context(self.process(command, self.environment(name) | variables))
                for name, variables in wanted
            ]
            for api in started:
                api.wait_for("/readyz")
            yield started

    @contextmanager
    def process(self, command: list[str], environment: dict[str, str]) -> Iterator[Api]:
        """A server that is told its port as the last argument; it may not be ready yet."""
        port = free_port()
        log = self.folder / f"{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, str(port)], cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        try:
            yield Api(port, process, log)
        finally:
            process.terminate()
            process.wait()

    def _put_key(self) -> None:
        engine = database.create_engine(self.settings(BASE))
        put_key(engine)
        engine.dispose()

    def _train(self) -> UUID:
        """The model of the benchmark, from a simulated classroom by the project's own worker; its id."""
        settings, scale = self.settings(BASE), self.scale
        classroom = simulate_classroom(n_students=scale.classroom, n_skills=scale.skills, seed=5).sequences
        config = resolve_config(PRESET, {"model": scale.model, "training": {"epochs": 1}})
        with self.sessions(BASE) as sessions:
            dataset = store_dataset(settings, sessions, classroom, self.folder)
            with session_scope(sessions) as session:
                experiment = experiments.add_experiment(
                    session,
                    name="benchmark",
                    dataset_id=dataset.id,
                    fold=0,
                    preset=PRESET,
                    config=config.model_dump(mode="json"),
                    config_fingerprint=config.fingerprint(),
                    seed=config.training.seed,
                    epochs=config.training.epochs,
                )
            run_experiment(experiment.id, settings=settings)
            with session_scope(sessions) as session:
                model = models.find_model_of_experiment(session, experiment.id)
        assert model is not None, "the training failed"
        return model.id

    def _execute(self, statement: str) -> Any:
        url = postgres_url(self._postgres_folder, "postgres")
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None


@contextmanager
def open_stage(scale: Scale) -> Iterator[Stage]:
    """A stage in a temporary folder, on a PostgreSQL with its own, durable settings."""
    with tempfile.TemporaryDirectory(prefix="ikt-serving-") as folder, run_postgres() as postgres_folder:
        yield Stage(Path(folder), postgres_folder, scale)
