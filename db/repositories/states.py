"""Students as a model sees them: written after scoring, read by every answer."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, bindparam, exists, not_, select, update
from sqlalchemy.orm import Session

from db.base import Base
from db.lifecycle import ModelStatus
from db.models import Model, Student, StudentState
from db.repositories.upserts import insert_into


@dataclass(frozen=True, slots=True)
class StateBatch:
    """The states of S students under one model of K skills, in the order of `skills.position`."""

    model_id: UUID
    student_pks: NDArray[np.int64]  # [S]
    theta: NDArray[np.float64]  # [S]
    theta_reference: NDArray[np.float64]  # [S]
    theta_reference_sd: NDArray[np.float64]  # [S]
    n_interactions: NDArray[np.int64]  # [S], responses included
    as_of: NDArray[np.int64]  # [S], µs since 1970 in UTC
    mastery: NDArray[np.float32]  # [S, K]
    probability: NDArray[np.float32]  # [S, K]
    mastery_reference: NDArray[np.float32]  # [S, K]
    evidence: NDArray[np.int32]  # [S, K], responses on the skill
    last_practised: NDArray[np.int64]  # [S, K], µs since 1970 in UTC; 0 is never, here and below
    mastered_at: NDArray[np.int64]  # [S, K]


@dataclass(frozen=True, slots=True)
class State:
    """One student under one model of K skills; the arrays are read-only."""

    model_id: UUID
    student_pk: int
    theta: float
    theta_reference: float
    theta_reference_sd: float
    n_interactions: int
    as_of: datetime
    mastery: NDArray[np.float32]  # [K]
    probability: NDArray[np.float32]  # [K]
    mastery_reference: NDArray[np.float32]  # [K]
    evidence: NDArray[np.int32]  # [K]
    last_practised: NDArray[np.int64]  # [K]
    mastered_at: NDArray[np.int64]  # [K]


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a student without their numbers; no `n_included` before they were first scored."""

    pk: int
    student_id: str
    created_at: datetime
    n_interactions: int
    last_interaction_at: datetime | None
    n_included: int | None
    as_of: datetime | None


PACKED = {"mastery": "<f4", "probability": "<f4", "mastery_reference": "<f4", "evidence": "<i4",
          "last_practised": "<i8", "mastered_at": "<i8"}  # fmt: skip
_COLUMNS = [getattr(StudentState, field.name) for field in fields(State)]


def upsert_states(session: Session, batch: StateBatch) -> None:
    """Store the states of students who still exist, unless one that has seen as much is there."""
    if not len(batch.student_pks):
        return
    alive = set(session.scalars(select(Student.id).where(Student.id.in_(batch.student_pks.tolist()))))
    rows = [
        {
            "model_id": batch.model_id,
            "student_pk": int(batch.student_pks[row]),
            "theta": float(batch.theta[row]),
            "theta_reference": float(batch.theta_reference[row]),
            "theta_reference_sd": float(batch.theta_reference_sd[row]),
            "n_interactions": int(batch.n_interactions[row]),
            "as_of": datetime.fromtimestamp(int(batch.as_of[row]) / 1e6, UTC),
            **{name: getattr(batch, name)[row] for name in PACKED},
        }
        for row in np.argsort(batch.student_pks)
        if int(batch.student_pks[row]) in alive
    ]
    if not rows:
        return
    insert = insert_into(session, StudentState)
    kept = ("model_id", "student_pk")
    statement = insert.on_conflict_do_update(
        index_elements=list(kept),
        set_={name: insert.excluded[name] for name in rows[0] if name not in kept},
        where=StudentState.n_interactions < insert.excluded.n_interactions,
    )
    session.execute(statement, rows)


def read_states(session: Session, model_id: UUID, student_pks: Sequence[int]) -> dict[int, State]:
    """The states under a model of those students who were scored, by primary key."""
    statement = select(*_COLUMNS).where(
        StudentState.model_id == model_id, StudentState.student_pk.in_(student_pks)
    )
    return {row.student_pk: State(*row) for row in session.execute(statement)}


def list_states(session: Session, student_pk: int) -> list[State]:
    """The student's states under every model, the oldest model first."""
    statement = select(*_COLUMNS).where(StudentState.student_pk == student_pk)
    return [State(*row) for row in session.execute(statement.order_by(StudentState.model_id))]


def read_included(session: Session, model_id: UUID, student_pks: Sequence[int]) -> dict[int, int]:
    """How many responses each student's state has seen, by primary key; those never scored are left out."""
    statement = select(StudentState.student_pk, StudentState.n_interactions).where(
        StudentState.model_id == model_id, StudentState.student_pk.in_(student_pks)
    )
    return {row[0]: row[1] for row in session.execute(statement)}


def read_heads(session: Session, model_id: UUID | None, student_ids: Sequence[str]) -> dict[str, Head]:
    """The known ones of these students by external id, in one statement."""
    state = and_(StudentState.student_pk == Student.id, StudentState.model_id == model_id)
    statement = (
        select(
            Student.id,
            Student.student_id,
            Student.created_at,
            Student.n_interactions,
            Student.last_interaction_at,
            StudentState.n_interactions,
            StudentState.as_of,
        )
        .outerjoin(StudentState, state)
        .where(Student.student_id.in_(student_ids))
    )
    return {row[1]: Head(*row) for row in session.execute(statement)}


def list_due(session: Session, *, after: int = 0, limit: int) -> list[tuple[int, int]]:
    """The next students marked scoring_due beyond primary key `after`, with their number of responses."""
    statement = (
        select(Student.id, Student.n_interactions)
        .where(Student.scoring_due, Student.id > after)
        .order_by(Student.id)
        .limit(limit)
    )
    return [(pk, n) for pk, n in session.execute(statement)]


def clear_due(session: Session, model_id: UUID, scored: Sequence[tuple[int, int]]) -> None:
    """Take the mark off students whose number of responses is still the number scored.

    Only if the model serves and none is being promoted: the next one has not seen them.
    """
    promoting = exists().where(Model.status == ModelStatus.PROMOTING)
    serves = exists().where(Model.id == model_id, Model.status == ModelStatus.SERVING)
    table = Base.metadata.tables["students"]
    statement = (
        update(table)
        .where(
            table.c.id == bindparam("pk"), table.c.n_interactions == bindparam("n"), serves, not_(promoting)
        )
        .values(scoring_due=False)
    )
    if scored:
        session.execute(statement, [{"pk": pk, "n": n} for pk, n in sorted(scored)])


def list_students_after(session: Session, pk: int, *, limit: int) -> list[tuple[int, int]]:
    """The next students with responses beyond that primary key, with their number of responses."""
    statement = (
        select(Student.id, Student.n_interactions)
        .where(Student.id > pk, Student.n_interactions > 0)
        .order_by(Student.id)
        .limit(limit)
    )
    return [(pk, n) for pk, n in session.execute(statement)]
