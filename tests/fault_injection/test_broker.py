"""Redis goes away, with or without its data: nothing that was submitted is lost, and submitting goes on."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest

from db.models import Dataset
from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import (
    KINDS,
    add_classroom,
    check_nothing_left,
    is_short,
    outcome,
    statuses,
    submit,
    wait_for_end,
)
from tests.fault_injection.traffic import wait_for_readiness
from tests.running import Redis, System, wait_for
from tests.worker.support import TINY, look

SLOWEST_SUBMISSION_SECONDS = 3.0
N_QUEUED = 200
PATIENT = {"IKT_LEASE_SECONDS": "20"}  # no worker is killed, and none is to be taken for dead
QUICKEST = ("skill-rate", "rasch")  # presets that train no network


def lose_everything(redis: Redis, *, seconds: float = 1.0) -> None:
    """kill -9, an absence, and an empty start."""
    redis.kill()
    redis.lose_data()
    time.sleep(seconds)
    redis.restart()


def redis_of(system: System) -> Redis:
    assert system.redis is not None
    return system.redis


def body(dataset: Dataset, preset: str, *, seed: int, fold: int = 0) -> dict[str, Any]:
    config = {**TINY, "training": {"epochs": 2}} if preset.startswith("small") else {}
    return {"preset": preset, "dataset_id": str(dataset.id), "fold": fold, "seed": seed, "config": config}


def post(client: httpx.Client, asked: dict[str, Any]) -> UUID:
    answer = client.post("/experiments", json=asked)
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["id"])


def test_jobs_survive_a_broker_that_forgets_everything(build: BuildSystem) -> None:
    system = build("services", workers=1, **PATIENT)
    dataset = add_classroom(system)
    expected = {kind: submit(system, dataset, kind) for kind in KINDS}
    wait_for_end(system, list(expected.values()))

    jobs = {submit(system, dataset, kind): kind for kind in KINDS for _ in range(2)}
    wait_for(lambda: "running" in statuses(system.sessions, jobs), seconds=60, what="a job runs")
    lose_everything(redis_of(system))
    wait_for_end(system, list(jobs))

    assert all(outcome(system, job) == outcome(system, expected[kind]) for job, kind in jobs.items())
    assert [look(system.sessions, job).experiment.attempt for job in jobs] == [1] * len(jobs)
    check_nothing_left(system)


@pytest.mark.short
def test_two_hundred_queued_jobs_are_done_after_the_broker_forgot_them(build: BuildSystem) -> None:
    n_queued = 20 if is_short() else N_QUEUED
    system = build("services", apis=1, workers=1, **PATIENT)
    dataset, worker = add_classroom(system), system.workers[0]
    worker.terminate()
    with system.apis[0].client() as client:
        jobs = [
            post(client, body(dataset, QUICKEST[seed % 2], seed=seed, fold=seed % 5))
            for seed in range(n_queued)
        ]
    lose_everything(redis_of(system))
    worker.start()
    wait_for(
        lambda: statuses(system.sessions, jobs).get("succeeded", 0) > n_queued // 4, seconds=600, what=""
    )
    lose_everything(redis_of(system))

    wait_for_end(system, jobs, seconds=900)

    assert statuses(system.sessions, jobs) == {"succeeded": n_queued}
    assert {look(system.sessions, job).experiment.attempt for job in jobs} == {1}
    check_nothing_left(system)


@contextmanager
def gone(redis: Redis) -> Iterator[None]:
    """Refusing connections."""
    redis.kill()
    redis.lose_data()
    yield
    redis.restart()


@contextmanager
def silent(redis: Redis) -> Iterator[None]:
    """Taking connections, and never answering."""
    psutil.Process(redis.pid).suspend()
    yield
    psutil.Process(redis.pid).send_signal(signal.SIGCONT)


@pytest.mark.short
def test_submitting_and_reading_go_on_without_the_broker(build: BuildSystem) -> None:
    system = build("services", apis=1, workers=1, **PATIENT)
    dataset, redis = add_classroom(system), redis_of(system)
    slowest, jobs = 0.0, []
    with system.apis[0].client() as client:
        for number, lost in enumerate((gone, silent)):
            with lost(redis):
                for seed in range(4):
                    started = time.monotonic()
                    jobs.append(post(client, body(dataset, "small-mean", seed=10 * number + seed)))
                    slowest = max(slowest, time.monotonic() - started)
                assert client.get(f"/experiments/{jobs[-1]}").json()["status"] in ("queued", "running")
                assert client.get("/experiments").status_code == 200
                told = wait_for_readiness(client, 503)
                assert "retry-after" in told.headers
                assert {part["name"]: part["ok"] for part in told.json()["parts"]} == {
                    "database": True,
                    "broker": False,
                    "artifacts": True,
                }
        wait_for_readiness(client, 200)

    assert slowest < SLOWEST_SUBMISSION_SECONDS
    wait_for_end(system, jobs)
    assert {look(system.sessions, job).experiment.attempt for job in jobs} == {1}
    check_nothing_left(system)
