"""kill -9 of a worker's processes at random moments: every job ends once, with the same numbers."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from db.models import Dataset
from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import (
    EPOCHS,
    KINDS,
    Kind,
    Outcome,
    add_classroom,
    check_nothing_left,
    dice,
    outcome,
    points,
    submit,
    wait_for_end,
)
from tests.fault_injection.tickets import ArmedWorker, arm_worker
from tests.running import System
from tests.stacks import StackName
from tests.worker.support import look

# Sites of armed_worker.py, and how often one attempt passes them.
SITES = {
    "claim": 1,
    "claimed": 1,
    "data": 1,
    "calibrated": 1,
    "restored": 1,
    "checkpoint written": EPOCHS,
    "checkpoint renamed": EPOCHS,
    "epoch before commit": EPOCHS,
    "epoch after commit": EPOCHS - 1,
    "folder begun": EPOCHS + 1,
    "files stored": EPOCHS + 1,
    "before rename": EPOCHS + 2,
    "after rename": EPOCHS + 2,
    "manifest stored": EPOCHS + 1,
    "folder stored": EPOCHS + 1,
    "report": 1,
    "file begun": 1,
    "file stored": 1,
    "before finish": 1,
    "finish before commit": 1,
    "finished": 1,
    "checkpoint deleted": 1,
}
IN_FLIGHT = 8
MAIN_SHARE = 0.15
LONGEST_SECONDS = 1.5  # of a job, roughly: what random moments are drawn from
POINT_SECONDS = 40
LAST_SITES_SECONDS = 3


@dataclass
class Point:
    """A job, and where it is to be killed: at a site by itself, or from outside at a moment."""

    job: UUID
    kind: Kind
    by_main: bool
    ticket: Path | None = None
    after_seconds: float = 0.0
    kill_at: float | None = None
    ended_at: float | None = None
    is_killed: bool = field(default=False)


@dataclass
class Slaughter:
    """Keeps some jobs going, kills each once, and keeps the worker running."""

    system: System
    armed: ArmedWorker
    dataset: Dataset
    random: Random
    n_points: int
    done: list[Point] = field(default_factory=list)
    missed: list[Point] = field(default_factory=list)  # those that were quicker than their killer
    active: list[Point] = field(default_factory=list)

    def run(self) -> None:
        sites = list(SITES)
        self.random.shuffle(sites)
        wanted = cycle(sites)
        deadline = time.monotonic() + POINT_SECONDS * (1 + self.n_points)
        while len(self.done) < self.n_points:
            assert time.monotonic() < deadline, f"{len(self.done)} of {self.n_points}: {self.active}"
            if not self.armed.worker.is_running:
                self.armed.worker.start()
            while len(self.active) < IN_FLIGHT and len(self.active) + len(self.done) < self.n_points:
                number = len(self.active) + len(self.done)
                self.active.append(self._at_site(next(wanted)) if number % 2 else self._at_moment())
            for point in list(self.active):
                self._look(point)
            time.sleep(0.01)

    def _at_site(self, site: str) -> Point:
        point = self._new_point()
        passes = self.random.randrange(SITES[site])
        point.ticket = self.armed.write_ticket(point.job, site, passes, main=point.by_main)
        self._ring(point)
        return point

    def _at_moment(self) -> Point:
        point = self._new_point()
        point.after_seconds = self.random.uniform(0.0, LONGEST_SECONDS)
        self._ring(point)
        return point

    def _new_point(self) -> Point:
        kind = self.random.choice(KINDS)
        job = submit(self.system, self.dataset, kind, ring=False)
        return Point(job, kind, by_main=self.random.random() < MAIN_SHARE)

    def _ring(self, point: Point) -> None:
        from worker.enqueue import enqueue_training

        enqueue_training(point.job, settings=self.system.settings)

    def _look(self, point: Point) -> None:
        experiment = look(self.system.sessions, point.job).experiment
        if point.ticket is not None:
            point.is_killed = not point.ticket.exists()
        elif experiment.status.value == "running" and not point.is_killed:
            now = time.monotonic()
            point.kill_at = point.kill_at or now + point.after_seconds
            if now >= point.kill_at:
                point.is_killed = self._kill(experiment.lease_owner or "", main=point.by_main)
        if experiment.status.is_terminal and not self._may_still_be_killed(point):
            assert experiment.status.value == "succeeded", (experiment.error_type, experiment.error_detail)
            self.active.remove(point)
            (self.done if point.is_killed else self.missed).append(point)
            if point.ticket is not None and not point.is_killed:
                # Whoever goes on after another's main process was killed passes a site less often.
                assert experiment.attempt > 1, f"site never passed: {point.ticket.read_text()}"

    def _may_still_be_killed(self, point: Point) -> bool:
        """Two sites lie behind the last commit."""
        if point.ticket is None or point.is_killed:
            return False
        point.ended_at = point.ended_at or time.monotonic()
        return time.monotonic() - point.ended_at < LAST_SITES_SECONDS

    def _kill(self, owner: str, *, main: bool) -> bool:
        if main:
            self.armed.worker.kill()
            return True
        pid = int(owner.split(":")[1])
        if pid not in [child.pid for child in self.armed.worker.children()]:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True


def undisturbed(system: System, dataset: Dataset) -> dict[Kind, Outcome]:
    """What every kind of job ends with when nothing happens."""
    jobs = {kind: submit(system, dataset, kind) for kind in KINDS}
    wait_for_end(system, list(jobs.values()))
    return {kind: outcome(system, job) for kind, job in jobs.items()}


@pytest.mark.short
@pytest.mark.timeout(3000)
def test_jobs_whose_processes_are_killed_end_once_with_the_same_numbers(
    build: BuildSystem, stack_name: StackName, tmp_path: Path
) -> None:
    system = build(stack_name)
    armed = arm_worker(system, tmp_path / "tickets")
    dataset = add_classroom(system)
    expected = undisturbed(system, dataset)
    random, n_points = dice(f"kills {stack_name}"), points(50)

    killing = Slaughter(system, armed, dataset, random, n_points)
    killing.run()

    assert len(killing.done) == n_points
    assert all(look(system.sessions, point.job).experiment.attempt >= 1 for point in killing.done)
    wrong = [point for point in killing.done if outcome(system, point.job) != expected[point.kind]]
    assert wrong == []
    check_nothing_left(system)
