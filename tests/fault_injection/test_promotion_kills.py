"""kill -9 of a worker while it scores students: one model serves, and every state is what it would be."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from db.engine import read_scope, session_scope
from db.models import Model
from db.repositories import models
from tests.fault_injection.armed_worker import CHUNK_VARIABLE
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
from tests.worker.classrooms import add_students, behind, marked, status_of
from tests.worker.support import look
from worker.enqueue import enqueue_promotion, enqueue_scoring
from worker.scoring import score_due

N_STUDENTS = 60
CHUNK = 20  # students, by the setting below: three chunks to a pass
PROMOTION_SITES = {
    "states before commit": 3,
    "walk before commit": 3,
    "before flip": 1,
    "flip before commit": 1,
}
SCORING_SITES = {"states before commit": 3, "marks before": 3, "marks before commit": 3}


def stored_states(system: System) -> list[tuple[Any, ...]]:
    """Every state, all that is known of it."""
    with read_scope(system.sessions) as session:
        found = session.execute(text("SELECT * FROM student_states ORDER BY model_id, student_pk"))
        return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in found]


def trained(system: System, n: int) -> list[Model]:
    dataset = add_classroom(system)
    jobs = [submit(system, dataset, KINDS[number % len(KINDS)]) for number in range(n)]
    wait_for_end(system, jobs)
    found = [look(system.sessions, job).model for job in jobs]
    return [model for model in found if model is not None]


def is_served_by(system: System, model: Model) -> bool:
    return status_of(system.sessions, model) == "serving" and not behind(system.sessions, model.id)


@pytest.mark.timeout(1200)
def test_promotions_and_scoring_whose_processes_are_killed_end_as_they_would(
    build: BuildSystem, stack_name: StackName, tmp_path: Path
) -> None:
    system, random = build(stack_name), dice(f"promotions {stack_name}")
    system.environment[CHUNK_VARIABLE] = str(CHUNK)
    armed = arm_worker(system, tmp_path / "tickets")
    n_kills = 3 if is_short() else 12
    candidates = trained(system, n_kills)
    add_students(system.sessions, n_students=N_STUDENTS)
    for number, model in enumerate(candidates):
        site = list(PROMOTION_SITES)[number % len(PROMOTION_SITES)]
        main = random.random() < 0.3
        ticket = armed.write_ticket(model.id, site, random.randrange(PROMOTION_SITES[site]), main=main)
        with session_scope(system.sessions) as session:
            models.start_promotion(session, model.id)
        enqueue_promotion(model.id, settings=system.settings)
        armed.wait_until_killed(ticket)
        wait_for(lambda model=model: is_served_by(system, model), seconds=90, what="it serves")  # type: ignore[misc]
        check_one_serves(system)

    for number in range(n_kills):
        site = list(SCORING_SITES)[number % len(SCORING_SITES)]
        main = random.random() < 0.3
        ticket = armed.write_ticket("scoring", site, random.randrange(SCORING_SITES[site]), main=main)
        add_students(system.sessions, first=1000 * (number + 1), n_students=N_STUDENTS, scoring_due=True)
        enqueue_scoring(settings=system.settings)
        armed.wait_until_killed(ticket)
        wait_for(lambda: not marked(system.sessions), seconds=90, what="all are scored")
    assert is_served_by(system, candidates[-1])

    check_nothing_left(system)
    check_equal_to_undisturbed(system, candidates[-1])


def check_one_serves(system: System) -> None:
    with read_scope(system.sessions) as session:
        serving = text("SELECT count(*) FROM models WHERE status = 'serving'")
        held = text("SELECT count(*) FROM models WHERE lease_owner IS NOT NULL")
        assert (session.scalar(serving), session.scalar(held)) == (1, 0)


def check_equal_to_undisturbed(system: System, model: Model) -> None:
    """Score everybody anew, with nobody in the way."""
    found = [state for state in stored_states(system) if model.id.hex in str(state[0]).replace("-", "")]
    assert len(found) >= N_STUDENTS
    with session_scope(system.sessions) as session:
        session.execute(text("DELETE FROM student_states"))
        session.execute(text("UPDATE students SET scoring_due = true"))
    assert score_due(settings=system.settings) == len(found)
    assert stored_states(system) == found
