"""Students: their responses come in, their states follow, and they can be forgotten."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from urllib.parse import quote

from sqlalchemy.orm import Session

from api.inference import Inference
from api.schemas.students import (
    AbilityRead,
    InteractionCreate,
    InteractionsAccepted,
    StudentPage,
    StudentRead,
)
from api.services.intervals import ability_band
from api.services.models import refer_to
from db.base import new_id, utc_now
from db.engine import SessionFactory, read_scope
from db.models import Interaction, Model, Student, StudentState
from db.repositories import models, students
from db.repositories.students import NewInteraction, NewState


def record_interactions(
    session: Session,
    sessions: SessionFactory,
    inference: Inference,
    *,
    student_id: str,
    interactions: Sequence[InteractionCreate],
) -> InteractionsAccepted:
    """Store the responses that are new, and where they leave the student under the serving model."""
    _prepare(sessions, inference)
    events = _name_events(interactions)
    student = students.get_or_add_student(session, student_id)
    result = students.add_interactions(session, student, events)
    model = models.find_serving_model(session)
    state = None
    unknown: list[str] = []
    if model is not None:
        known = {skill.name for skill in models.list_skills(session, model.id)}
        unknown = sorted({name for event in events for name in event.skills} - known)
        state = present_state(_keep_state(session, inference, student=student, model=model), model=model)
    return InteractionsAccepted(
        student_id=student_id,
        accepted=result.accepted,
        duplicates=result.duplicates,
        event_ids=[event.event_id for event in events],
        unknown_skills=unknown,
        state=state,
    )


def list_students(session: Session, *, cursor: str | None, limit: int) -> StudentPage:
    """In the order in which they were first seen."""
    page = students.list_students(session, cursor=cursor, limit=limit)
    return StudentPage(items=[_present(row) for row in page.items], next_cursor=page.next_cursor)


def get_student(session: Session, student_id: str) -> StudentRead:
    """Raises StudentNotFound."""
    return _present(students.get_student(session, student_id))


def delete_student(session: Session, student_id: str) -> None:
    """Forget a student with all responses and states. Raises StudentNotFound."""
    students.delete_student(session, student_id)


def current_state(
    session: Session,
    inference: Inference,
    *,
    student: Student,
    model: Model,
    history: Sequence[Interaction] | None = None,
) -> NewState | StudentState:
    """The stored state when it has seen every response, else a fresh one, which is not stored."""
    stored = students.find_state(session, student, model.id)
    if stored is not None and stored.n_interactions >= student.n_interactions:
        return stored
    responses = students.list_history(session, student) if history is None else history
    return _compute_state(inference, student=student, model=model, history=responses)


def present_state(state: NewState | StudentState, *, model: Model) -> AbilityRead:
    """A state as callers see it."""
    low, high = ability_band(state.theta, state.theta_reference_sd)
    return AbilityRead(
        model=refer_to(model),
        as_of=state.as_of,
        n_interactions=state.n_interactions,
        theta=state.theta,
        theta_low=low,
        theta_high=high,
        theta_reference=state.theta_reference,
        theta_reference_sd=state.theta_reference_sd,
    )


def _prepare(sessions: SessionFactory, inference: Inference) -> None:
    # A model may take seconds to load, and on SQLite the session's first statement takes the write lock.
    with read_scope(sessions) as reader:
        model = models.find_serving_model(reader)
    if model is not None:
        inference.prepare(model.artifact)


def _name_events(interactions: Iterable[InteractionCreate]) -> list[NewInteraction]:
    now = utc_now()
    return [
        NewInteraction(
            event_id=interaction.event_id or str(new_id()),
            skills=interaction.skill_names,
            correct=interaction.correct,
            # Distinct times keep responses of one request in the order in which they stand in it.
            occurred_at=interaction.timestamp or now + timedelta(microseconds=index),
            item=interaction.item,
        )
        for index, interaction in enumerate(interactions)
    ]


def _keep_state(
    session: Session, inference: Inference, *, student: Student, model: Model
) -> NewState | StudentState:
    state = current_state(session, inference, student=student, model=model)
    if isinstance(state, NewState):
        students.upsert_state(session, state)
    return state


def _compute_state(
    inference: Inference, *, student: Student, model: Model, history: Sequence[Interaction]
) -> NewState:
    state = inference.state(model.artifact, history)
    return NewState(
        student_pk=student.id,
        model_id=model.id,
        theta=state.theta,
        theta_reference=state.theta_reference,
        theta_reference_sd=state.theta_reference_sd,
        mastery=state.mastery.tolist(),
        probability=state.probability.tolist(),
        mastery_reference=state.mastery_reference.tolist(),
        n_interactions=len(history),
        as_of=max((response.occurred_at for response in history), default=student.created_at),
    )


def _present(student: Student) -> StudentRead:
    own = f"/students/{quote(student.student_id, safe='')}"
    return StudentRead(
        student_id=student.student_id,
        n_interactions=student.n_interactions,
        created_at=student.created_at,
        last_interaction_at=student.last_interaction_at,
        links={
            "self": own,
            "mastery": f"{own}/mastery",
            "mastery_history": f"{own}/mastery/history",
            "trajectory": f"{own}/trajectory",
        },
    )
