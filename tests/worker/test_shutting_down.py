"""A worker that is about to end begins nothing, and what has just begun ends."""

import signal
from collections.abc import Iterator
from threading import Event

import pytest
from celery.exceptions import Reject

import worker.tasks  # noqa: F401
from worker import processes
from worker.celery_app import app


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Iterator[bytearray]:
    """What a pool process sees of its worker; the first byte says that it is ending."""
    shared, in_pool = bytearray(1), Event()
    in_pool.set()
    monkeypatch.setattr(processes, "_ending", shared)
    monkeypatch.setattr(processes, "in_pool_process", in_pool)
    handler = signal.getsignal(signal.SIGTERM)
    yield shared
    signal.signal(signal.SIGTERM, handler)


def test_a_message_is_left_to_another_worker(ending: bytearray) -> None:
    ending[0] = 1

    with pytest.raises(Reject) as left:
        app.tasks["ikt.retain"].run()
    assert left.value.requeue


def test_a_job_that_had_just_begun_is_asked_to_stop(ending: bytearray) -> None:
    with processes.asked_to_stop() as stop:
        assert not stop.wait(2 * processes.KILLED_PARENT_SECONDS)
        ending[0] = 1
        assert stop.wait(10 * processes.KILLED_PARENT_SECONDS)


def test_other_processes_are_nobodys_pool(ending: bytearray) -> None:
    ending[0] = 1
    processes.in_pool_process.clear()

    assert not processes.is_shutting_down()
