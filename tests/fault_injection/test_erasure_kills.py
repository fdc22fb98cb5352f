"""kill -9 of a worker while it erases students: nothing is left of them, and nobody else is touched."""

import subprocess
from pathlib import Path
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from db.artifacts import open_artifacts
from db.engine import read_scope, session_scope
from db.models import Dataset
from db.repositories import datasets, erasures
from ikt_model.data.sequences import load_sequences
from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import (
    KINDS,
    add_classroom,
    check_nothing_left,
    dice,
    is_short,
    submit,
    wait_for_end,
)
from tests.fault_injection.tickets import arm_worker
from tests.running import System, wait_for
from tests.stacks import StackName
from tests.worker.support import classroom, look
from tests.worker.test_erasure import traces
from worker.enqueue import enqueue_erasure
from worker.stores import predictions_key

# Sites of armed_worker.py, each of which an erasure passes at least once.
SITES = (
    "erasure claimed",
    "dataset begun",
    "before rename",
    "content before",
    "content before commit",
    "content cleared",
    "predictions begun",
    "predictions written",
    "experiments cleared",
    "orphans cleared",
    "erased before",
    "erased before commit",
    "erased",
)
N_STUDENTS = 60
MAIN_SHARE = 0.3


@pytest.mark.timeout(1200)
def test_erasures_whose_processes_are_killed_leave_nothing(
    build: BuildSystem, stack_name: StackName, tmp_path: Path
) -> None:
    system, random = build(stack_name, IKT_ERASURE_RETRY_SECONDS="0.5"), dice(f"erasures {stack_name}")
    armed = arm_worker(system, tmp_path / "tickets")
    dataset = add_classroom(system, n_students=N_STUDENTS)
    jobs = [submit(system, dataset, kind) for kind in KINDS[:2]]
    wait_for_end(system, jobs)
    everybody, folds = students_of(system, dataset), folds_by_student()
    # Those who are in predictions, too.
    erased = random.sample(
        [student for student in everybody if folds[student] in (0, 1)], 3 if is_short() else len(SITES)
    )

    for site, student in zip(random.sample(SITES, len(erased)), erased, strict=True):
        ticket = armed.write_ticket("erasing", site, main=random.random() < MAIN_SHARE)
        with session_scope(system.sessions) as session:
            asked = erasures.add_erasure(session, student).id
        enqueue_erasure(settings=system.settings)
        armed.wait_until_killed(ticket)
        wait_for(lambda asked=asked: is_done(system, asked), seconds=60, what=f"erased after {site}")  # type: ignore[misc]

    check_nothing_left(system)
    assert students_of(system, dataset) == [one for one in everybody if one not in erased]
    check_experiments(system, jobs, erased)
    wait_for(lambda: not files_with(system, erased), seconds=10, what="no file tells of them")
    armed.worker.terminate()
    assert [trace for student in erased for trace in traces(system.stack, system.sessions, student)] == []


def files_with(system: System, students: list[str]) -> list[str]:
    """Read by another process: one that closes a database's file lets go of its own locks on it."""
    wanted = [argument for student in students for argument in ("-e", student)]
    command = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings", *wanted]
    found = subprocess.run(
        [*command, str(system.stack.data_dir)], capture_output=True, text=True, check=False
    )
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.split()


def is_done(system: System, erasure_id: UUID) -> bool:
    with read_scope(system.sessions) as session:
        return erasures.get_erasure(session, erasure_id).finished_at is not None


def folds_by_student() -> dict[str, int]:
    sequences = classroom(n_students=N_STUDENTS)
    return dict(zip(sequences.student_ids.to_pylist(), sequences.folds.tolist(), strict=True))


def students_of(system: System, dataset: Dataset) -> list[str]:
    with read_scope(system.sessions) as session:
        artifact = datasets.get_dataset(session, dataset.id).artifact
    found: list[str] = load_sequences(open_artifacts(system.settings).fetch(artifact)).student_ids.to_pylist()
    return found


def check_experiments(system: System, jobs: list[UUID], erased: list[str]) -> None:
    """Each has its model, which knows from how many of them it learned, and predictions of everybody else."""
    folds = folds_by_student()
    for job in jobs:
        seen = look(system.sessions, job)
        assert seen.model is not None
        held_out = {student for student, fold in folds.items() if fold == seen.experiment.fold}
        assert seen.model.erased_students == len(set(erased) - held_out)
        predictions = pq.read_table(open_artifacts(system.settings).fetch(predictions_key(job)))
        assert set(predictions["student_id"].to_pylist()) == held_out - set(erased)
