"""Settings of a worker."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from worker.settings import WorkerSettings


def test_jobs_share_the_cores_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.settings.usable_cores", lambda: 8)
    assert WorkerSettings(data_dir=tmp_path).threads_per_job == 1
    assert WorkerSettings(data_dir=tmp_path, concurrency=2).threads_per_job == 4
    assert WorkerSettings(data_dir=tmp_path, concurrency=16).threads_per_job == 1
    assert WorkerSettings(data_dir=tmp_path, concurrency=2, threads=3).threads_per_job == 3


def test_a_worker_for_gpus_alone_takes_no_more_jobs_than_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.settings.usable_cores", lambda: 64)
    monkeypatch.setattr("worker.settings.count_gpus", lambda: 2)
    alone: dict[str, Any] = {"data_dir": tmp_path, "queues": ("gpu",)}
    assert WorkerSettings(**alone).jobs_at_once == 32
    assert WorkerSettings(**alone, jobs_per_gpu=3).jobs_at_once == 6
    assert WorkerSettings(**alone, jobs_per_gpu=3).threads_per_job == 10
    assert WorkerSettings(**alone, concurrency=50).jobs_at_once == 50
    assert WorkerSettings(data_dir=tmp_path).jobs_at_once == 64
    monkeypatch.setattr("worker.settings.count_gpus", lambda: 0)
    assert WorkerSettings(**alone).jobs_at_once == 16


def test_everything_can_be_set_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IKT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("IKT_QUEUES", '["gpu"]')
    monkeypatch.setenv("IKT_LEASE_SECONDS", "90")
    settings = WorkerSettings()
    assert settings.queues == ("gpu",)
    assert settings.lease_seconds == 90
    assert settings.broker_folder == tmp_path / "broker"


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat_seconds": 60, "lease_seconds": 60},
        {"concurrency": 0},
        {"queues": ("tpu",)},
        {"janitor_seconds": 0},
        {"gpu_budget": 1.5},
        {"jobs_per_gpu": 0},
    ],
)
def test_settings_that_can_not_work_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WorkerSettings(data_dir=tmp_path, **wrong)
