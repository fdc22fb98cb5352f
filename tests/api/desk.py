"""A service whose serving model says of students what a test writes; nothing is trained."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.base import utc_now
from db.engine import session_scope
from db.lifecycle import ModelStatus
from db.models import Model, Student
from db.repositories import interactions, models, states, students
from db.repositories.models import NewSkill
from tests.api.support import Service
from tests.builders import make_event, make_model, make_states, make_student

SKILLS = (
    NewSkill("add", -0.5, 0.1, 50, prior_mastery=0.5, prior_probability=0.6, prior_mastery_reference=0.55),
    NewSkill("subtract", 0.5, None, 0, prior_mastery=0.4, prior_probability=0.45),
)


@dataclass
class Desk:
    """The service, and the two skills of its models."""

    service: Service
    skills: tuple[str, ...] = tuple(skill.name for skill in SKILLS)
    _numbers: "count[int]" = field(default_factory=lambda: count(1000))

    @contextmanager
    def session(self) -> Iterator[Session]:
        with session_scope(self.service.sessions) as session:
            yield session

    def serve(self) -> UUID:
        """A new model in place of the one that serves, if any does; nobody is scored by it."""
        with self.session() as session:
            before = models.find_serving_model(session)
            if before is not None:
                before.status = ModelStatus.RETIRED
                session.flush()
            model = make_model(session, skills=SKILLS, ability_sd=0.75, status=ModelStatus.SERVING)
            model.promoted_at = utc_now()
            return model.id

    def add_student(self, n_interactions: int = 3, **state: Any) -> str:
        """Somebody with so many responses, all of them scored."""
        student_id = f"learner-{uuid4().hex[:8]}"
        with self.session() as session:
            make_student(session, student_id=student_id, n_interactions=n_interactions)
        self.score(student_id, **state)
        return student_id

    def add_unscored(self, n_interactions: int = 0) -> str:
        """Somebody of whom the model has seen nothing."""
        with self.session() as session:
            return make_student(
                session, student_id=f"learner-{uuid4().hex[:8]}", n_interactions=n_interactions
            ).student_id

    def score(self, student_id: str, **state: Any) -> None:
        """Write what the serving model says after all responses."""
        with self.session() as session:
            student, model = students.get_student(session, student_id), models.find_serving_model(session)
            assert model is not None
            states.upsert_states(session, make_states([student], model, **state))

    def respond(self, student_id: str) -> None:
        """One more response, not scored."""
        event = make_event(next(self._numbers), student_id=student_id)
        with self.session() as session:
            interactions.add_interactions(session, [event])

    def change(self, student_id: str, change: Callable[[Student], None]) -> None:
        with self.session() as session:
            change(students.get_student(session, student_id))

    def serving(self) -> Model:
        with self.session() as session:
            model = models.find_serving_model(session)
            assert model is not None
            return model
