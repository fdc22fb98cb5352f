"""A small classroom to train on, and real worker processes to do it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

import psutil
from celery import Celery

from db.artifacts import open_artifacts
from db.base import utc_now
from db.engine import SessionFactory, session_scope
from db.models import Dataset, EpochMetrics, Experiment, Model
from db.repositories import datasets, experiments, models
from db.settings import DatabaseSettings
from ikt_model.config import resolve_config
from ikt_model.data.sequences import Sequences, describe, save_sequences
from ikt_model.data.simulate import simulate_classroom
from tests.stacks import Stack
from worker.celery_app import create_celery
from worker.settings import WorkerSettings
from worker.training import run_experiment

LONG_AGO = timedelta(minutes=10)
TINY: dict[str, Any] = {
    "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32, "window": 50},
}
# Quick enough that a lost worker is noticed within a test, slow enough for two busy cores.
QUICK = {"IKT_LEASE_SECONDS": "4", "IKT_HEARTBEAT_SECONDS": "0.5", "IKT_JANITOR_SECONDS": "0.5"}
WAIT_SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]

Found = TypeVar("Found")


def settings_of(stack: Stack, **changes: Any) -> WorkerSettings:
    """What a worker process of this stack reads from its environment."""
    values = {
        "data_dir": stack.data_dir,
        "database_url": stack.database_url,
        "broker_url": stack.broker_url,
        "artifacts_url": stack.artifacts_url,
        "threads": 1,
        "heartbeat_seconds": 0.5,
        "lease_seconds": 4,
    }
    return WorkerSettings(**{**values, **changes})


def classroom(*, n_students: int = 60, mean_length: float = 20.0) -> Sequences:
    """A few students, simulated; always the same ones."""
    return simulate_classroom(n_students=n_students, n_skills=6, seed=7, mean_length=mean_length).sequences


def store_dataset(
    settings: DatabaseSettings, sessions: SessionFactory, sequences: Sequences, folder: Path
) -> Dataset:
    """The classroom as an uploaded dataset, rows and file."""
    dataset_id = uuid4()
    path = folder / "dataset.arrow"
    save_sequences(sequences, path)
    key = f"datasets/{dataset_id}.arrow"
    open_artifacts(settings).put_file(path, key)
    statistics = describe(sequences)
    columns = ("n_students", "n_responses", "n_skills", "n_folds", "share_correct")
    with session_scope(sessions) as session:
        return datasets.add_dataset(
            session,
            dataset_id=dataset_id,
            name="classroom",
            format="events",
            content_hash=sequences.content_hash,
            statistics=statistics,
            artifact=key,
            **{name: statistics[name] for name in columns},
        )


def queue_experiment(
    sessions: SessionFactory,
    dataset_id: UUID,
    *,
    epochs: int = 3,
    batch_tokens: int = 512,
    is_due: bool = False,
    **changes: Any,
) -> UUID:
    """A queued row for which nobody has rung; with `is_due` a janitor will. Smaller batches take longer."""
    training = {"epochs": epochs, "batch_tokens": batch_tokens}
    config = resolve_config(None, {**TINY, "training": training})
    values: dict[str, Any] = {
        "name": "tiny",
        "dataset_id": dataset_id,
        "fold": 0,
        "preset": None,
        "config": config.model_dump(mode="json"),
        "config_fingerprint": config.fingerprint(),
        "seed": config.training.seed,
        "epochs": epochs,
    }
    with session_scope(sessions) as session:
        experiment = experiments.add_experiment(session, **{**values, **changes})
        if is_due:
            experiment.rung_at = utc_now() - LONG_AGO
    return experiment.id


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything the database says about an experiment."""

    experiment: Experiment
    epochs: list[EpochMetrics]
    model: Model | None

    @property
    def numbers(self) -> tuple[Any, ...]:
        """What has to be equal, bit for bit, when the same experiment runs again."""
        return self.experiment.metrics, [(row.epoch, row.metrics) for row in self.epochs]


def look(sessions: SessionFactory, experiment_id: UUID) -> Seen:
    with session_scope(sessions) as session:
        return Seen(
            experiments.get_experiment(session, experiment_id),
            list(experiments.list_epoch_metrics(session, experiment_id)),
            models.find_model_of_experiment(session, experiment_id),
        )


def run_to_the_end(
    sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset, *, epochs: int
) -> Seen:
    """A new experiment, trained in this process without disturbance."""
    experiment_id = queue_experiment(sessions, dataset.id, epochs=epochs)
    assert run_experiment(experiment_id, settings=settings)
    return look(sessions, experiment_id)


def receive(stack: Stack, queue: str) -> tuple[str, list[str]] | None:
    """Task and arguments of the next message."""
    celery: Celery = create_celery(lambda: settings_of(stack))
    with celery.connection_for_read() as connection, connection.SimpleQueue(queue) as messages:
        try:
            message = messages.get_nowait()
        except messages.Empty:
            return None
        message.ack()
        return message.headers["task"], json.loads(message.body)[0]


def wait_until(found: Callable[[], Found | None], *, seconds: float = WAIT_SECONDS) -> Found:
    """What `found` returns once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = found()
        if result:
            return result
        time.sleep(0.05)
    raise TimeoutError(f"nothing after {seconds:g} s")


def wait_for_status(sessions: SessionFactory, experiment_id: UUID, *statuses: str) -> Seen:
    def reached() -> Seen | None:
        seen = look(sessions, experiment_id)
        return seen if seen.experiment.status in statuses else None

    return wait_until(reached)


def wait_for_epoch(sessions: SessionFactory, experiment_id: UUID, epoch: int) -> Seen:
    def reached() -> Seen | None:
        seen = look(sessions, experiment_id)
        return seen if seen.experiment.epochs_done >= epoch else None

    return wait_until(reached)


@dataclass
class WorkerProcess:
    """`python -m worker` in a process group of its own, as `ikt worker` starts it."""

    stack: Stack
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: str | None = None
    """Python to run in place of `worker`."""
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> Self:
        environment = {**os.environ, **self.stack.env(), **QUICK, "IKT_CONCURRENCY": "2", "IKT_THREADS": "1"}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *(["-c", self.program] if self.program else ["-m", "worker"])],
                cwd=ROOT,
                env={**environment, **self.environment},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def logged(self) -> str:
        return self.log.read_text()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def children(self) -> list[psutil.Process]:
        children: list[psutil.Process] = psutil.Process(self.pid).children()
        return children

    def child_that_trains(self, sessions: SessionFactory, experiment_id: UUID) -> psutil.Process:
        """The child that holds the experiment's lease."""
        owner = look(sessions, experiment_id).experiment.lease_owner or ""
        (child,) = [child for child in self.children() if f":{child.pid}:" in owner]
        return child

    def terminate(self) -> int:
        """Ask it to end in good order; its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        assert self.process is not None
        return self.process.wait(timeout=WAIT_SECONDS)

    def kill(self) -> None:
        """kill -9 of the main process alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=WAIT_SECONDS)


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running_worker(
    stack: Stack, tmp_path: Path, *, program: str | None = None, **environment: str
) -> Iterator[WorkerProcess]:
    """A worker that is gone at the end, with all its children; its log is shown when a test fails."""
    worker = WorkerProcess(stack, tmp_path / f"worker-{uuid4().hex[:6]}.log", environment, program).start()
    try:
        yield worker
    finally:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        if worker.process is not None:
            worker.process.wait(timeout=WAIT_SECONDS)
