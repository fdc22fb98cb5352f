"""Students, their interactions, and their states under a model."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, case, or_, select, update
from sqlalchemy.orm import Session

from db.base import utc_now
from db.errors import StateNotFound, StudentNotFound
from db.models import Interaction, Student, StudentState
from db.repositories.paging import Page, read_page
from db.repositories.upserts import insert_into


@dataclass(frozen=True, slots=True)
class NewInteraction:
    """One response to one item, identified by the caller's event id."""

    event_id: str
    skills: Sequence[str]
    correct: bool
    occurred_at: datetime
    item: str | None = None


class Accepted(NamedTuple):
    """What became of a batch: every event was either new or known."""

    accepted: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class NewState:
    """A student as a model sees them after `n_interactions` responses; lists follow `skills.position`."""

    student_pk: int
    model_id: UUID
    theta: float
    theta_reference: float
    theta_reference_sd: float
    mastery: Sequence[float]
    probability: Sequence[float]
    mastery_reference: Sequence[float]
    n_interactions: int
    as_of: datetime


def get_or_add_student(session: Session, student_id: str) -> Student:
    """The student with that external id, added at first sight; two requests at once add one."""
    student = find_student(session, student_id)
    if student is None:
        values = {"student_id": student_id, "n_interactions": 0, "created_at": utc_now()}
        insert = insert_into(session, Student).values(values)
        session.execute(insert.on_conflict_do_nothing(index_elements=["student_id"]))
        student = get_student(session, student_id)
    return student


def find_student(session: Session, student_id: str) -> Student | None:
    """The student with that external id, if they were ever seen."""
    return session.scalar(select(Student).where(Student.student_id == student_id))


def get_student(session: Session, student_id: str) -> Student:
    """Raises StudentNotFound."""
    student = find_student(session, student_id)
    if student is None:
        raise StudentNotFound(student_id)
    return student


def list_students(session: Session, *, cursor: str | None = None, limit: int = 50) -> Page[Student]:
    """In the order in which they were first seen."""
    return read_page(
        session,
        select(Student),
        key=Student.id,
        parse=_parse_key,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )


def _parse_key(text: str) -> int:
    key = int(text)
    if not 0 <= key < 2**63:
        raise ValueError(f"key {key} is not one the database could have made")
    return key


def delete_student(session: Session, student_id: str) -> None:
    """Forget a student with all interactions and states. Raises StudentNotFound."""
    session.delete(get_student(session, student_id))
    session.flush()


def add_interactions(session: Session, student: Student, events: Sequence[NewInteraction]) -> Accepted:
    """Store the events whose id is new for this student, in any order of time."""
    if not events:
        return Accepted(0, 0)
    # One batch at a time per student: two batches with the same events in another order would deadlock.
    # NO KEY UPDATE, so that states of the same student can be written meanwhile.
    session.execute(select(Student.id).where(Student.id == student.id).with_for_update(key_share=True))
    received_at = utc_now()
    rows = [
        {
            **_columns(event),
            "skills": list(event.skills),
            "student_pk": student.id,
            "received_at": received_at,
        }
        for event in events
    ]
    insert = insert_into(session, Interaction).on_conflict_do_nothing(
        index_elements=["student_pk", "event_id"]
    )
    stored = session.execute(insert.returning(Interaction.occurred_at), rows).scalars().all()
    if stored:
        _count_interactions(session, student, n_new=len(stored), latest=max(stored))
    return Accepted(len(stored), len(events) - len(stored))


def _count_interactions(session: Session, student: Student, *, n_new: int, latest: datetime) -> None:
    is_later = or_(Student.last_interaction_at.is_(None), Student.last_interaction_at < latest)
    statement = (
        update(Student)
        .where(Student.id == student.id)
        .values(
            n_interactions=Student.n_interactions + n_new,
            last_interaction_at=case((is_later, latest), else_=Student.last_interaction_at),
        )
        .execution_options(synchronize_session=False)
    )
    session.execute(statement)
    session.refresh(student)


def list_history(session: Session, student: Student) -> Sequence[Interaction]:
    """All interactions in the order in which they happened; those of one moment as they arrived."""
    statement = (
        select(Interaction)
        .where(Interaction.student_pk == student.id)
        .order_by(Interaction.occurred_at, Interaction.id)
    )
    return session.scalars(statement).all()


def list_histories(session: Session, student_pks: Sequence[int]) -> dict[int, list[Interaction]]:
    """list_history of several students at once, by their primary keys."""
    histories: dict[int, list[Interaction]] = {pk: [] for pk in student_pks}
    statement = (
        select(Interaction)
        .where(Interaction.student_pk.in_(student_pks))
        .order_by(Interaction.student_pk, Interaction.occurred_at, Interaction.id)
    )
    for interaction in session.scalars(statement):
        histories[interaction.student_pk].append(interaction)
    return histories


def upsert_state(session: Session, state: NewState) -> None:
    """Store a state unless one that has seen more interactions is stored already."""
    upsert_states(session, [state])


def upsert_states(session: Session, states: Sequence[NewState]) -> None:
    """upsert_state for many; always in the same order, so that two writers can't block each other."""
    if not states:
        return
    rows = [_columns(state) for state in sorted(states, key=lambda state: (state.student_pk, state.model_id))]
    insert = insert_into(session, StudentState)
    kept = ("student_pk", "model_id")
    statement = insert.on_conflict_do_update(
        index_elements=list(kept),
        set_={name: insert.excluded[name] for name in rows[0] if name not in kept},
        where=StudentState.n_interactions <= insert.excluded.n_interactions,
    )
    session.execute(statement, rows)


def _columns(row: NewInteraction | NewState) -> dict[str, Any]:
    # Unlike dataclasses.asdict without a deep copy, which would take as long as the insert itself.
    return {field.name: getattr(row, field.name) for field in fields(row)}


def find_state(session: Session, student: Student, model_id: UUID) -> StudentState | None:
    """The student's latest state under a model, if they were scored."""
    statement = select(StudentState).where(
        StudentState.student_pk == student.id, StudentState.model_id == model_id
    )
    return session.scalar(statement.execution_options(populate_existing=True))


def get_state(session: Session, student: Student, model_id: UUID) -> StudentState:
    """Raises StateNotFound."""
    state = find_state(session, student, model_id)
    if state is None:
        raise StateNotFound(student.student_id)
    return state


def list_stale_students(session: Session, model_id: UUID, *, limit: int) -> Sequence[Student]:
    """Students with interactions that their state under this model has not seen; longest known first."""
    same_pair = and_(StudentState.student_pk == Student.id, StudentState.model_id == model_id)
    statement = (
        select(Student)
        .outerjoin(StudentState, same_pair)
        .where(
            Student.n_interactions > 0,
            or_(StudentState.student_pk.is_(None), StudentState.n_interactions < Student.n_interactions),
        )
        .order_by(Student.id)
        .limit(limit)
    )
    return session.scalars(statement).all()
