"""Clocks jump by minutes and hours, ahead and back: no job ends twice, none is stuck."""

import os
import signal
import sys
import time
from pathlib import Path
from uuid import UUID

from db.engine import session_scope
from db.repositories import erasures
from tests.fault_injection.clocks import CLOCK_VARIABLE, set_clock
from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import (
    KINDS,
    add_classroom,
    check_nothing_left,
    outcome,
    statuses,
    submit,
    wait_for_end,
)
from tests.fault_injection.test_broker import body, post
from tests.fault_injection.test_erasure_kills import is_done
from tests.running import Api, System, Worker, wait_for
from tests.stacks import StackName
from tests.worker.support import look

LEASE_SECONDS = 10  # which no living worker fails to renew, however busy the machine is
JUMPS_SECONDS = (3600, -3600, 240, -7200, 0)


def clock_of(system: System, name: str) -> Path:
    """On one machine all processes have one clock."""
    return system.folder / ("clock" if system.name == "embedded" else f"clock-{name}")


def clocked_worker(system: System) -> Worker:
    number = len(system.workers)
    clock = {CLOCK_VARIABLE: str(clock_of(system, f"worker-{number}"))}
    worker = Worker(number, system.environment | clock, system.folder)
    worker.command = [sys.executable, "-m", "tests.fault_injection.armed_worker"]
    system.workers.append(worker)
    return worker.start()


def clocked_api(system: System) -> Api:
    clock = {CLOCK_VARIABLE: str(clock_of(system, "api"))}
    api = Api(len(system.apis), system.environment | clock, system.folder)
    api.command[2] = "tests.fault_injection.clocked_api"
    system.apis.append(api)
    return api.start()


def test_jobs_end_once_whatever_the_clocks_say(build: BuildSystem, stack_name: StackName) -> None:
    system = build(stack_name, IKT_LEASE_SECONDS=str(LEASE_SECONDS))
    dataset = add_classroom(system)
    workers, api = [clocked_worker(system) for _ in range(2)], clocked_api(system)
    for part in (*workers, api):
        part.wait_until_ready()
    expected = {kind: submit(system, dataset, kind) for kind in KINDS}
    wait_for_end(system, list(expected.values()))

    jobs: dict[UUID, int] = {}
    asked: list[UUID] = []
    with api.client() as client:
        for number, seconds in enumerate(JUMPS_SECONDS):
            for seed in range(3):
                jobs[post(client, body(dataset, "small-mean", seed=10 * number + seed))] = seed
            wait_for(lambda: "running" in statuses(system.sessions, jobs), seconds=60, what="a job runs")
            for name, sign in (("worker-0", 1), ("worker-1", 0), ("api", -1)):
                one_clock = system.name == "embedded"
                set_clock(clock_of(system, name), seconds * (1 if one_clock else sign))
            time.sleep(1)
            with session_scope(system.sessions) as session:
                asked.append(erasures.add_erasure(session, f"nobody-{number}").id)

    wait_for_end(system, list(jobs))
    wait_for(lambda: all(is_done(system, one) for one in asked), seconds=90, what="erasures are done")
    attempts = {look(system.sessions, job).experiment.attempt for job in jobs}
    # Leases go by the database's clock, where there is a server; and jumps of this machine's are noticed.
    assert attempts == {1}
    for job in jobs:
        outcome(system, job)
    check_nothing_left(system)


def test_a_job_whose_worker_died_before_the_clock_was_set_back_is_taken_up_soon(
    build: BuildSystem, stack_name: StackName
) -> None:
    system = build(stack_name, IKT_LEASE_SECONDS=str(LEASE_SECONDS))
    dataset = add_classroom(system)
    worker = clocked_worker(system).wait_until_ready()
    first = submit(system, dataset, KINDS[0])
    wait_for_end(system, [first])

    job = submit(system, dataset, KINDS[0])
    wait_for(lambda: statuses(system.sessions, [job]).get("running"), seconds=60, what="the job runs")
    owner = look(system.sessions, job).experiment.lease_owner or ""
    os.kill(int(owner.split(":")[1]), signal.SIGKILL)
    set_clock(clock_of(system, "worker-0"), -3600)

    wait_for_end(system, [job], seconds=90)
    assert outcome(system, job) == outcome(system, first)
    assert look(system.sessions, job).experiment.attempt == 2
    assert worker.is_running
