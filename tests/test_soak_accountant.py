"""The soak's accountant sees what was lost, doubled or left lying, planted in real databases on purpose."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from db.base import utc_now
from db.models import EpochMetrics, Experiment, Interaction, Model, Student, StudentState
from db.repositories import states
from tests.builders import make_experiment, make_model, make_states, make_student
from tests.soak.accountant import compare
from tests.soak.claims import gather
from tests.soak.journal import Journal, Record, read_journals
from tests.soak.memory import measure
from tests.soak.stored import is_quiet, read_stored

N_RESPONSES = 3
STUDENT = "learner-1"
FAULT = {"what": "fault", "name": "kill -9 of an API", "target": "api 1", "began": 100.0, "ended": 105.0}


@pytest.fixture
def records(session: Session) -> list[Record]:
    """What a client was told, all of which is true."""
    student = make_student(session, student_id=STUDENT, n_interactions=N_RESPONSES)
    experiment = make_experiment(session, status="succeeded", epochs=1, idempotency_key="key-1")
    session.add(EpochMetrics(experiment_id=experiment.id, epoch=1, metrics={}, seconds=1.0))
    model = make_model(session, experiment_id=experiment.id, status="serving")
    states.upsert_states(session, make_states([student], model))
    session.flush()
    events = [
        {
            "event_id": one.event_id,
            "skills": one.skills,
            "correct": one.correct,
            "timestamp": one.occurred_at.isoformat(),
        }
        for one in session.query(Interaction)
    ]
    kept = read_stored(session).datasets
    return [
        {"what": "responses", "events": {STUDENT: events}},
        {"what": "experiment", "key": "key-1", "id": str(experiment.id)},
        *({"what": "dataset", "id": i, "name": name, "n_responses": n} for i, (name, n) in kept.items()),
        {"what": "done"},
    ]


def settle(session: Session, records: list[Record]) -> set[str]:
    """Kinds of broken promises."""
    session.flush()
    session.expire_all()
    return {finding.kind for finding in compare(gather(records), read_stored(session), n_clients=1)}


def answer(**changes: Any) -> Record:
    values = {"kind": "single", "api": 1, "began": 50.0, "seconds": 0.1, "status": 200, "problem": None}
    return {"what": "answer", "retry_after": None, "error": None} | values | changes


def lose_a_response(session: Session) -> None:
    session.execute(delete(Interaction).where(Interaction.event_id == "event-1"))


def lose_a_student(session: Session) -> None:
    session.execute(delete(Interaction))
    session.execute(delete(Student))


def lose_an_experiment(session: Session) -> None:
    session.execute(delete(Experiment))


def count_twice(session: Session) -> None:
    session.execute(update(Student).values(n_interactions=N_RESPONSES + 1))


def store_twice(session: Session) -> None:
    (student,) = session.query(Student)
    given = {"skills": ["add"], "correct": True, "occurred_at": utc_now(), "arrival": N_RESPONSES}
    session.add(Interaction(student_pk=student.id, event_id="event-1-again", **given))
    student.n_interactions += 1


def train_twice(session: Session) -> None:
    make_experiment(session, status="succeeded", idempotency_key="key-2")


def leave_orphans(session: Session) -> None:
    given = {"event_id": "event-1", "skills": ["add"], "correct": True, "occurred_at": utc_now()}
    session.add(Interaction(student_pk=10**9, arrival=0, **given))


def leave_a_job(session: Session) -> None:
    session.execute(update(Experiment).values(status="running"))


def leave_a_lease(session: Session) -> None:
    expires = utc_now() + timedelta(minutes=1)
    session.execute(update(Model).values(lease_owner="somebody", lease_expires_at=expires))


def leave_a_mark(session: Session) -> None:
    session.execute(update(Student).values(scoring_due=True))


def leave_a_state_behind(session: Session) -> None:
    session.execute(update(StudentState).values(n_interactions=N_RESPONSES - 1))


def change_a_response(session: Session) -> None:
    session.execute(update(Interaction).where(Interaction.event_id == "event-1").values(correct=True))


def forget_an_epoch(session: Session) -> None:
    session.execute(delete(EpochMetrics))


def fail(session: Session) -> None:
    session.execute(update(Experiment).values(status="failed"))


class TestWhatIsStored:
    def test_the_truth_is_accepted(self, session: Session, records: list[Record]) -> None:
        assert settle(session, records) == set()
        assert is_quiet(session)

    @pytest.mark.parametrize(
        ("plant", "kind"),
        [
            (lose_a_response, "lost"),
            (lose_a_student, "lost"),
            (lose_an_experiment, "lost"),
            (count_twice, "doubled"),
            (store_twice, "doubled"),
            (train_twice, "doubled"),
            (leave_orphans, "doubled"),
            (leave_a_job, "stuck"),
            (leave_a_lease, "stuck"),
            (leave_a_mark, "stuck"),
            (leave_a_state_behind, "stuck"),
            (change_a_response, "wrong"),
            (forget_an_epoch, "wrong"),
            (fail, "wrong"),
        ],
    )
    def test_what_is_planted_is_found(
        self, session: Session, records: list[Record], plant: Callable[[Session], None], kind: str
    ) -> None:
        plant(session)

        assert kind in settle(session, records)

    @pytest.mark.parametrize("plant", [leave_a_job, leave_a_lease, leave_a_mark])
    def test_work_that_is_left_is_not_quiet(
        self, session: Session, records: list[Record], plant: Callable[[Session], None]
    ) -> None:
        plant(session)

        assert records
        assert not is_quiet(session)

    def test_a_student_who_was_erased_is_gone(self, session: Session, records: list[Record]) -> None:
        assert settle(session, [*records, {"what": "erased", "student": STUDENT}]) == {"wrong"}


class TestWhatWasAnswered:
    @pytest.mark.parametrize(
        ("record", "kinds"),
        [
            (answer(), set()),
            (answer(status=500, problem="/problems/internal"), {"5xx"}),
            (answer(status=503, problem="/problems/busy"), {"5xx"}),
            (answer(status=503, problem="/problems/busy", retry_after="5"), set()),
            (answer(status=503, retry_after="5"), {"5xx"}),
            (answer(status=None, error="ReadError"), {"unexplained"}),
            (answer(status=None, error="ReadError", began=101.0), set()),
            (answer(status=None, error="ReadError", began=101.0, api=0), {"unexplained"}),
            ({"what": "died", "part": "worker 0", "logged": "Unrecoverable error"}, {"died"}),
            ({"what": "never_told", "request": "GET /students"}, {"untold"}),
            ({"what": "broken", "promise": "counts", "detail": "2 of 1"}, {"wrong"}),
        ],
    )
    def test_only_what_was_announced_or_explained_is_accepted(
        self, session: Session, records: list[Record], record: Record, kinds: set[str]
    ) -> None:
        assert settle(session, [*records, FAULT, record]) == kinds

    def test_a_client_that_ended_early_is_missed(self, session: Session, records: list[Record]) -> None:
        assert settle(session, records[:-1]) == {"untold"}


class TestJournals:
    def test_what_is_noted_is_read_from_every_file(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            journal = Journal(tmp_path / f"{name}.jsonl")
            journal.note("erased", student=name)
            journal.close()

        assert [record["student"] for record in read_journals(tmp_path)] == ["a", "b"]


class TestMemory:
    def test_growth_after_the_warm_up_is_seen(self) -> None:
        life = measure("api 0", [(float(second), 1000 + 10 * second) for second in range(100)])

        assert life is not None
        assert life.growth > 0.3
        assert life.slope > 0.3

    def test_growth_in_the_warm_up_is_not(self) -> None:
        life = measure("api 0", [(float(second), min(1300, 1000 + 10 * second)) for second in range(100)])

        assert life is not None
        assert life.growth == 0
        assert life.slope == pytest.approx(0)

    def test_a_short_life_says_nothing(self) -> None:
        assert measure("api 1", [(float(second), 1000) for second in range(20)]) is None
