"""A store that fails for a moment costs a training job an attempt, not the experiment."""

import errno
import sqlite3
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from db.artifacts import ArtifactStore
from db.base import utc_now
from db.engine import SessionFactory, session_scope
from db.models import Dataset
from db.repositories import experiments, runs
from db.repositories.leases import ring_delay
from tests.stacks import Stack
from tests.worker.support import LONG_AGO, look, queue_experiment, run_to_the_end, settings_of
from worker.enqueue import run_training_here
from worker.settings import WorkerSettings
from worker.training import run_experiment

EPOCHS = 4


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


@pytest.fixture
def experiment_id(sessions: SessionFactory, dataset: Dataset) -> UUID:
    return queue_experiment(sessions, dataset.id, epochs=EPOCHS)


def test_a_locked_database_interrupts_and_the_numbers_are_those_of_an_undisturbed_run(
    sessions: SessionFactory,
    settings: WorkerSettings,
    dataset: Dataset,
    experiment_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock_database(monkeypatch, "record_epoch", times=1, is_met=lambda named: named["epoch"] == 2)
    run_experiment(experiment_id, settings=settings)
    row = look(sessions, experiment_id).experiment
    assert (row.status, row.attempt, row.lease_owner) == ("queued", 1, None)
    run_experiment(experiment_id, settings=settings)
    seen = look(sessions, experiment_id)
    assert (seen.experiment.status, seen.experiment.attempt) == ("succeeded", 2)
    assert seen.numbers == run_to_the_end(sessions, settings, dataset, epochs=EPOCHS).numbers


def test_trouble_that_does_not_pass_fails_after_the_last_attempt_with_class_and_text(
    sessions: SessionFactory,
    settings: WorkerSettings,
    experiment_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock_database(monkeypatch, "record_epoch", times=100, is_met=lambda named: named["epoch"] == 2)
    statuses = []
    while run_experiment(experiment_id, settings=settings):
        statuses.append(look(sessions, experiment_id).experiment.status)
    assert statuses == ["queued"] * 4 + ["failed"]
    row = look(sessions, experiment_id).experiment
    assert (row.attempt, row.error_type) == (5, "OperationalError")
    assert "database is locked" in (row.error_detail or "")


def test_whoever_trains_here_needs_no_worker_to_go_on(
    sessions: SessionFactory,
    settings: WorkerSettings,
    experiment_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock_database(monkeypatch, "record_epoch", times=1, is_met=lambda named: named["epoch"] == 2)
    assert run_training_here(experiment_id, settings=settings)
    row = look(sessions, experiment_id).experiment
    assert (row.status, row.attempt) == ("succeeded", 2)


def test_the_janitor_rings_later_each_time(
    sessions: SessionFactory,
    settings: WorkerSettings,
    experiment_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock_database(monkeypatch, "record_environment", times=2)
    waits = []
    for _ in range(2):
        run_experiment(experiment_id, settings=settings)
        waits.append(ring_delay(look(sessions, experiment_id).experiment.rings).total_seconds())
    assert waits == [15, 30]


def test_a_database_that_is_away_for_the_ending_too_leaves_the_job_to_the_janitor(
    sessions: SessionFactory,
    settings: WorkerSettings,
    experiment_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock_database(monkeypatch, "record_epoch", times=1)
    lock_database(monkeypatch, "interrupt", times=1)
    run_experiment(experiment_id, settings=settings)
    assert look(sessions, experiment_id).experiment.status == "running"
    with session_scope(sessions) as session:
        assert runs.requeue_expired(session, utc_now() + LONG_AGO) == [experiment_id]
    run_experiment(experiment_id, settings=settings)
    row = look(sessions, experiment_id).experiment
    assert (row.status, row.attempt) == ("succeeded", 2)


def test_an_artifact_store_out_of_reach_interrupts(
    sessions: SessionFactory,
    settings: WorkerSettings,
    experiment_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, unreachable = ArtifactStore.put_file, [OSError("host is down")]

    def put_file(store: ArtifactStore, local: Path, key: str) -> None:
        if key.endswith("predictions.parquet") and unreachable:
            raise unreachable.pop()
        real(store, local, key)

    monkeypatch.setattr(ArtifactStore, "put_file", put_file)
    run_experiment(experiment_id, settings=settings)
    assert look(sessions, experiment_id).experiment.status == "queued"
    run_experiment(experiment_id, settings=settings)
    assert look(sessions, experiment_id).experiment.status == "succeeded"


def test_a_full_disk_interrupts_and_says_so_in_the_end(
    sessions: SessionFactory, settings: WorkerSettings, experiment_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def write_nothing(path: Path, content: bytes) -> int:
        if settings.work_folder in path.parents:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_nothing)
    assert run_experiment(experiment_id, settings=settings)
    assert look(sessions, experiment_id).experiment.status == "queued"
    with session_scope(sessions) as session:
        experiments.get_experiment(session, experiment_id).max_attempts = 2
    assert run_experiment(experiment_id, settings=settings)
    row = look(sessions, experiment_id).experiment
    assert (row.status, row.error_type) == ("failed", "OSError")
    assert "No space left" in (row.error_detail or "")


def test_one_that_is_to_be_cancelled_is(
    sessions: SessionFactory,
    settings: WorkerSettings,
    experiment_id: UUID,
) -> None:
    def cancel(*_: Any) -> None:
        with session_scope(sessions) as session:
            experiments.request_cancel(session, experiment_id)
        raise locked()

    run_experiment(experiment_id, settings=settings, on_epoch=cancel)
    assert look(sessions, experiment_id).experiment.status == "cancelled"


def locked() -> OperationalError:
    return OperationalError("UPDATE experiments", {}, sqlite3.OperationalError("database is locked"))


def lock_database(
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    *,
    times: int,
    is_met: Callable[[dict[str, Any]], bool] = lambda named: True,  # noqa: ARG005
) -> None:
    """Let a function of the repository of runs fail, as often as `times` and where `is_met`."""
    real, left = getattr(runs, function), count(1)

    def refuse(*given: Any, **named: Any) -> Any:
        if is_met(named) and next(left) <= times:
            raise locked()
        return real(*given, **named)

    monkeypatch.setattr(runs, function, refuse)
