"""The real thing in processes of its own, each of which can be killed and started again on the same files.

`run_system` brings up a stack with API and worker processes and whatever servers it stands on. Unlike the
servers of other tests, these write as durably as in production, for they are restarted.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx
import psutil
from sqlalchemy import NullPool, create_engine, text

from db import engine as database
from db.engine import SessionFactory, create_session_factory
from db.models import DEFAULT_TENANT
from tests.keys import HEADERS, put_key
from tests.stacks import (
    PreparedPostgres,
    Stack,
    StackName,
    answers,
    die_with_parent,
    free_port,
    is_redis,
    postgres_url,
    prepare_postgres,
    redis_binary,
)
from worker.settings import WorkerSettings

START_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
ROOT = Path(__file__).parents[1]
DATABASE = "ikt"

# The kernel ends children with the thread that started them, and tests start some from threads of their own.
_STARTER = ThreadPoolExecutor(1, "starter")


class NotReady(RuntimeError):
    """A part ended, or did not answer in time; says what it logged."""


class Part:
    """One process: started, killed and started again by the same command on the same files."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment or {})
        self.log = log
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process, or of the last one."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def logged(self) -> str:
        """All that it and those before it said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def start(self) -> Self:
        """Begin; it may not be ready yet."""
        assert not self.is_running, f"{self.name} runs already"
        self._process = _STARTER.submit(self._begin).result()
        return self

    def _begin(self) -> "subprocess.Popen[bytes]":
        # What the surroundings say about IKT_* is no part of the system under test.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IKT_")}
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.command,
                cwd=ROOT if self._user is None else None,
                env=kept | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self._user,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def is_ready(self) -> bool:
        """Whether it does its work now."""
        return self.is_running

    def wait_until_ready(self, seconds: float = START_SECONDS) -> Self:
        """Raises NotReady."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                raise NotReady(f"{self.name} is not ready:\n{self.logged()[-4000:]}")
            time.sleep(POLL_SECONDS)
        return self

    def kill(self) -> None:
        """kill -9 of this process alone."""
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals, *, seconds: float = STOP_SECONDS) -> int:
        """Send it a signal that ends it; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=seconds)

    def terminate(self, *, seconds: float = STOP_SECONDS) -> int:
        """Ask it to end in good order; its exit code."""
        return self.signal(signal.SIGTERM, seconds=seconds)

    def kill_all(self) -> None:
        """kill -9 of the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(timeout=STOP_SECONDS)

    def restart(self) -> Self:
        """Start it again after its end, and wait until it is ready."""
        return self.start().wait_until_ready()


class Api(Part):
    """`ikt api` on a port that it keeps."""

    def __init__(self, number: int, environment: Mapping[str, str], folder: Path, *arguments: str) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "api.cli", "api", "--port", str(self.port), *arguments]
        super().__init__(f"api {number}", command, log=folder / f"api-{number}.log", environment=environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, timeout: float = 30.0) -> httpx.Client:
        """A caller that knows the address and a key."""
        return httpx.Client(base_url=self.url, headers=HEADERS, trust_env=False, timeout=timeout)

    def is_ready(self) -> bool:
        with self.client(timeout=10.0) as client, suppress(httpx.TransportError):
            return client.get("/readyz").is_success
        return False


class Worker(Part):
    """`python -m worker`: a main process, and one child for each job."""

    def __init__(self, number: int, environment: Mapping[str, str], folder: Path) -> None:
        command = [sys.executable, "-m", "worker"]
        log = folder / f"worker-{number}.log"
        super().__init__(f"worker {number}", command, log=log, environment=environment)
        self._logged_before = 0

    def start(self) -> Self:
        self._logged_before = len(self.logged())
        return super().start()

    def is_ready(self) -> bool:
        """Whether it takes messages."""
        return self.is_running and " ready." in self.logged()[self._logged_before :]

    def children(self) -> list[psutil.Process]:
        """Processes of jobs, waiting or at work."""
        with suppress(psutil.NoSuchProcess):
            found: list[psutil.Process] = psutil.Process(self.pid).children()
            return found
        return []


class Postgres(Part):
    """A server on a folder and a socket that outlive it."""

    def __init__(self, prepared: PreparedPostgres) -> None:
        log = prepared.folder / "log"
        super().__init__("postgres", prepared.command, log=log, user=prepared.user)
        self.folder = prepared.folder
        self.url = postgres_url(self.folder, DATABASE)

    def is_ready(self) -> bool:
        return answers(postgres_url(self.folder, "postgres"))

    def stop_fast(self) -> None:
        """Break connections off, write everything down, end."""
        self.signal(signal.SIGINT)

    def stop_immediately(self) -> None:
        """End at once; the next start recovers from the log."""
        self.signal(signal.SIGQUIT)

    def kill(self) -> None:
        """kill -9 of all its processes: of the first alone it would wait for the others to notice."""
        self.kill_all()

    def create(self) -> None:
        """The database with today's schema, which API and workers use."""
        admin = create_engine(
            postgres_url(self.folder, "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {DATABASE}"))
        database.upgrade(self.url)


class Redis(Part):
    """A server on a port that it keeps; what it holds outlives a restart, unless `lose_data` is called."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder / "redis"
        self.folder.mkdir()
        command = [str(redis_binary()), "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--dir", str(self.folder), "--save", "", "--appendonly", "yes"]
        super().__init__("redis", command, log=folder / "redis.log")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def is_ready(self) -> bool:
        return self.is_running and is_redis(self.port, self.pid)

    def lose_data(self) -> None:
        """Forget everything; the server must have ended."""
        assert not self.is_running, "a running server would write its data down again"
        shutil.rmtree(self.folder)
        self.folder.mkdir()


@dataclass
class System:
    """A stack, and every process of it."""

    stack: Stack
    folder: Path
    sessions: SessionFactory
    environment: dict[str, str]
    postgres: Postgres | None = None
    redis: Redis | None = None
    apis: list[Api] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    @property
    def name(self) -> StackName:
        return self.stack.name

    @property
    def settings(self) -> WorkerSettings:
        """What a worker of this system reads from its environment, for code in this process."""
        return WorkerSettings(
            data_dir=self.stack.data_dir,
            database_url=self.stack.database_url,
            broker_url=self.stack.broker_url,
            artifacts_url=self.stack.artifacts_url,
            threads=1,
        )

    def add_api(self, *arguments: str, **environment: str) -> Api:
        """One more API process, started; with arguments of `ikt api` and IKT_* variables of its own."""
        api = Api(len(self.apis), self.environment | environment, self.folder, *arguments)
        self.apis.append(api)
        api.start()
        return api

    def add_worker(self, **environment: str) -> Worker:
        """One more worker, started."""
        worker = Worker(len(self.workers), self.environment | environment, self.folder)
        self.workers.append(worker)
        worker.start()
        return worker

    def parts(self) -> list[Part]:
        """Every process, those first that the others stand on."""
        servers = [part for part in (self.postgres, self.redis) if part is not None]
        return [*servers, *self.apis, *self.workers]


@contextmanager
def run_system(
    name: StackName,
    folder: Path,
    *,
    apis: int = 1,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
) -> Iterator[System]:
    """A system that is ready, and gone at the end with all its processes. Raises NotReady.

    `environment` goes to every API and worker process.
    """
    with ExitStack() as leaving:
        system = leaving.enter_context(_services(folder) if name == "services" else _embedded(folder))
        system.environment |= environment or {}
        leaving.callback(_end, system)
        for _ in range(apis):
            system.add_api()
        for _ in range(workers):
            system.add_worker()
        for part in (*system.apis, *system.workers):
            part.wait_until_ready()
        yield system


def _end(system: System) -> None:
    for part in (*system.apis, *system.workers):
        part.kill_all()


@contextmanager
def _embedded(folder: Path) -> Iterator[System]:
    data_dir = folder / "ikt"
    data_dir.mkdir()
    url = f"sqlite:///{data_dir / 'ikt.db'}"
    database.upgrade(url)
    with _system(
        folder, Stack("embedded", data_dir, url, "filesystem://", str(data_dir / "artifacts"))
    ) as it:
        yield it


@contextmanager
def _services(folder: Path) -> Iterator[System]:
    data_dir = folder / "ikt"
    data_dir.mkdir()
    with prepare_postgres() as prepared, ExitStack() as leaving:
        postgres, redis = Postgres(prepared), Redis(folder)
        for server in (postgres, redis):
            leaving.callback(_stop, server)
            server.start().wait_until_ready()
        postgres.create()
        stack = Stack("services", data_dir, postgres.url, redis.url, str(data_dir / "artifacts"))
        with _system(folder, stack) as system:
            system.postgres, system.redis = postgres, redis
            yield system


def _stop(server: Part) -> None:
    if server.is_running:
        server.signal(signal.SIGQUIT if isinstance(server, Postgres) else signal.SIGTERM)


@contextmanager
def _system(folder: Path, stack: Stack) -> Iterator[System]:
    engine = database.create_engine(stack.database_url)
    put_key(engine)
    environment = {**stack.env(), "IKT_THREADS": "1", "IKT_CONCURRENCY": "2"}
    try:
        yield System(stack, folder, create_session_factory(engine, tenant=DEFAULT_TENANT), environment)
    finally:
        engine.dispose()


@contextmanager
def temporary_system(
    name: StackName, *, apis: int = 1, workers: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[System]:
    """The same in a folder of its own, for what is no test of pytest."""
    with (
        tempfile.TemporaryDirectory(prefix="ikt-running-") as folder,
        run_system(name, Path(folder), apis=apis, workers=workers, environment=environment) as system,
    ):
        yield system


def wait_for(found: Callable[[], object], *, seconds: float, what: str) -> None:
    """Until it is true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not after {seconds:g} s: {what}")
        time.sleep(0.1)
