"""Messages that come twice, late, for nothing, or are none: rows decide what is done."""

import time
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from db.engine import session_scope
from db.repositories import experiments
from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import (
    KINDS,
    add_classroom,
    add_row,
    check_nothing_left,
    outcome,
    submit,
    wait_for_end,
)
from tests.running import System
from tests.stacks import StackName
from tests.worker.support import look
from worker.enqueue import enqueue_promotion, enqueue_scoring, enqueue_sweep, enqueue_training

GARBAGE = (b"", b"{", b"\xff\xfe\x00", b"[]", b"null", b"7", b'{"body": 1}', b'{"properties": {}}')


def put_garbage(system: System) -> None:
    """What no sender of ours would put on a queue."""
    for number, content in enumerate(GARBAGE):
        if system.redis is not None:
            with redis.Redis(port=system.redis.port) as client:
                client.lpush("cpu", content)
        else:
            folder = system.stack.data_dir / "broker" / "messages"
            (folder / f"{time.time_ns():020d}_{number}.cpu.msg").write_bytes(content)


@pytest.mark.short
def test_what_is_no_message_is_dropped_and_the_worker_goes_on(
    build: BuildSystem, stack_name: StackName
) -> None:
    system = build(stack_name, workers=1)
    dataset = add_classroom(system)

    put_garbage(system)
    job = submit(system, dataset, KINDS[0])

    wait_for_end(system, [job])
    assert system.workers[0].is_running
    assert look(system.sessions, job).experiment.attempt == 1
    check_nothing_left(system)


def test_messages_that_come_twice_or_late_or_for_nothing_change_nothing(
    build: BuildSystem, stack_name: StackName
) -> None:
    system = build(stack_name, workers=2)
    dataset = add_classroom(system)
    deleted = add_row(system.sessions, dataset, KINDS[0])
    with session_scope(system.sessions) as session:
        experiments.request_cancel(session, deleted)
    with session_scope(system.sessions) as session:
        experiments.delete_experiment(session, deleted)

    # Both workers are told at the same moment, three times over.
    jobs = [add_row(system.sessions, dataset, kind) for kind in KINDS]
    for _ in range(6):
        for job in jobs:
            enqueue_training(job, settings=system.settings)
    for nobody in (deleted, uuid4()):
        enqueue_training(nobody, settings=system.settings)
        enqueue_promotion(nobody, settings=system.settings)
        enqueue_sweep(nobody, settings=system.settings)
    enqueue_scoring(settings=system.settings)
    wait_for_end(system, jobs)
    ended = [(outcome(system, job), look(system.sessions, job).experiment.finished_at) for job in jobs]
    assert [look(system.sessions, job).experiment.attempt for job in jobs] == [1] * len(jobs)

    for job in jobs:
        enqueue_training(job, settings=system.settings)
    check_nothing_left(system)

    again = [(outcome(system, job), look(system.sessions, job).experiment.finished_at) for job in jobs]
    assert again == ended
    assert all(worker.is_running for worker in system.workers)
    assert _errors(system.folder) == []


def _errors(folder: Path) -> list[str]:
    lines = [line for log in folder.glob("worker-*.log") for line in log.read_text().splitlines()]
    return [line for line in lines if "level=ERROR" in line or "level=CRITICAL" in line]
