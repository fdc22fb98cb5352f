"""Trained models and students who answer, for the tests of promotion and scoring."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.models import Dataset, Model
from db.repositories import interactions, models, states, students
from tests.builders import make_event
from tests.worker.support import look, queue_experiment
from worker.settings import WorkerSettings
from worker.training import run_experiment

N_STUDENTS = 7
SKILLS = ("skill-1", "skill-2", "telepathy")  # the last one is unknown to every model


def train_and_start(sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset) -> Model:
    """A model that is to be promoted."""
    experiment_id = queue_experiment(sessions, dataset.id, epochs=1)
    assert run_experiment(experiment_id, settings=settings)
    candidate = look(sessions, experiment_id).model
    assert candidate is not None
    with session_scope(sessions) as session:
        return models.start_promotion(session, candidate.id)


def add_students(
    sessions: SessionFactory, *, first: int = 0, n_students: int = N_STUDENTS, scoring_due: bool = False
) -> None:
    """Students with one to three responses each."""
    events = [
        make_event(step, student_id=f"learner-{number}", skills=[SKILLS[step]])
        for number in range(first, first + n_students)
        for step in range(1 + number % 3)
    ]
    with session_scope(sessions) as session:
        interactions.add_interactions(session, events, scoring_due=scoring_due)


def answer_once_more(sessions: SessionFactory, student_id: str = "learner-0") -> None:
    """One response, marked as responses are that come in during a promotion."""
    with session_scope(sessions) as session:
        event = make_event(10, student_id=student_id, skills=["skill-2"])
        interactions.add_interactions(session, [event], scoring_due=True)


def status_of(sessions: SessionFactory, model: Model) -> str:
    with session_scope(sessions) as session:
        return models.get_model(session, model.id).status.value


def keys_of(sessions: SessionFactory, numbers: Sequence[int]) -> list[int]:
    """Primary keys of learners."""
    with session_scope(sessions) as session:
        return [students.get_student(session, f"learner-{number}").id for number in numbers]


def behind(sessions: SessionFactory, model_id: UUID) -> list[str]:
    """Students with responses that their state under the model has not seen."""
    with read_scope(sessions) as session:
        counted = states.list_students_after(session, 0, limit=1000)
        included = states.read_included(session, model_id, [pk for pk, _ in counted])
        names = {
            student.id: student.student_id for student in students.list_students(session, limit=1000).items
        }
    return [names[pk] for pk, n in counted if included.get(pk) != n]


def marked(sessions: SessionFactory) -> list[str]:
    """Students who are due."""
    with read_scope(sessions) as session:
        due = [pk for pk, _ in states.list_due(session, limit=1000)]
        return [row.student_id for row in students.list_students(session, limit=1000).items if row.id in due]


def expire_lease(sessions: SessionFactory, model: Model) -> None:
    """As if its holder had gone silent."""
    with session_scope(sessions) as session:
        models.get_model(session, model.id).lease_expires_at = utc_now() - timedelta(seconds=1)
