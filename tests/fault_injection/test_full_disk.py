"""A disk that is full: a job waits for room and ends as it should, or fails with the reason; others go on.

The disk is a small tmpfs that is mounted over a folder of the system, which takes root on Linux.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.engine import session_scope
from db.models import Experiment
from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import (
    KINDS,
    add_classroom,
    add_row,
    check_nothing_left,
    files_left,
    outcome,
    submit,
    wait_for_end,
)
from tests.running import wait_for
from tests.stacks import StackName
from tests.worker.support import look
from worker.enqueue import enqueue_training

DISK_BYTES = 4 * 1024 * 1024
WORK, ARTIFACTS = "work", "artifacts/experiments"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={DISK_BYTES}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "ikt-small", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave hardly any room; the file to delete for it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        written = file.write(bytes(2 * DISK_BYTES))
    assert written < 2 * DISK_BYTES
    return filler


@pytest.mark.parametrize("place", [WORK, ARTIFACTS])
def test_jobs_wait_for_room_and_end_as_they_should(
    build: BuildSystem, stack_name: StackName, place: str
) -> None:
    system = build(stack_name, workers=1)
    dataset = add_classroom(system)
    with small_disk(system.stack.data_dir / place) as disk:
        first = submit(system, dataset, KINDS[0])
        wait_for_end(system, [first])
        expected = outcome(system, first)
        filler = fill(disk)

        jobs = [submit(system, dataset, KINDS[0]) for _ in range(2)]
        interrupted = "event=experiment_interrupted"
        wait_for(lambda: interrupted in system.workers[0].logged(), seconds=60, what="room is missed")
        assert "No space left on device" in system.workers[0].logged()
        # Nothing of a half is to be read, and the first one's files are as they were.
        assert outcome(system, first) == expected
        assert [path for path in files_left(system) if "checkpoint" in path and "manifest" in path] == []
        filler.unlink()
        wait_for_end(system, jobs)

        assert [outcome(system, job) for job in jobs] == [expected] * 2
        check_nothing_left(system)


def test_a_job_that_never_finds_room_says_so(build: BuildSystem, stack_name: StackName) -> None:
    system = build(stack_name, workers=1)
    dataset = add_classroom(system)
    with small_disk(system.stack.data_dir / WORK) as disk:
        filler = fill(disk)
        job = add_row(system.sessions, dataset, KINDS[0])
        with session_scope(system.sessions) as session:
            row = session.get(Experiment, job)
            assert row is not None
            row.max_attempts = 1
        enqueue_training(job, settings=system.settings)
        wait_for(
            lambda: look(system.sessions, job).experiment.status == "failed", seconds=60, what="it fails"
        )

        ended = look(system.sessions, job).experiment
        assert ended.error_type == "OSError"
        assert "No space left on device" in (ended.error_detail or "")
        filler.unlink()
        other = submit(system, dataset, KINDS[0])
        wait_for_end(system, [other])
        outcome(system, other)
