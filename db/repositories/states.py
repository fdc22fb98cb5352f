"""Students as a model sees them: written after scoring, read by every answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import TextClause, and_, exists, not_, select, text, tuple_, update
from sqlalchemy.orm import Session

from db.base import Base, Packed, from_microseconds
from db.lifecycle import ModelStatus
from db.models import Model, Student, StudentState
from db.postgres import execute, fetch, speaks_postgres
from db.repositories.upserts import insert_into
from db.tenancy import tenant_of


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


_COLUMNS = [getattr(StudentState, field.name) for field in fields(State)]
_TABLE = Base.metadata.tables["student_states"]
_SCALARS = {
    "theta": "float8",
    "theta_reference": "float8",
    "theta_reference_sd": "float8",
    "n_interactions": "integer",
    "as_of": "bigint",
}
_PACKED = {column.name: column.type.dtype for column in _TABLE.c if isinstance(column.type, Packed)}


def _upsert_statement() -> str:
    # An array of all students travels as one value, and the server cuts it into rows.
    cuts = []
    for name, dtype in _PACKED.items():
        width = f"%(size)s::integer * {dtype.itemsize}"
        cuts.append(f"substring(%({name})s::bytea FROM (n::integer - 1) * {width} + 1 FOR {width})")
    columns = ", ".join([*_SCALARS, *_PACKED])
    scalars = ", ".join(_SCALARS).replace("as_of", "timestamptz 'epoch' + interval '1 microsecond' * as_of")
    return f"""
        WITH alive AS (
            SELECT id FROM students WHERE id = ANY (%(student_pks)s::bigint[]) ORDER BY id FOR KEY SHARE
        )
        INSERT INTO student_states (model_id, student_pk, {columns})
        SELECT %(model_id)s, student_pk, {scalars}, {", ".join(cuts)}
        FROM unnest(
            %(student_pks)s::bigint[], {", ".join(f"%({name})s::{kind}[]" for name, kind in _SCALARS.items())}
        ) WITH ORDINALITY AS given (student_pk, {", ".join(_SCALARS)}, n)
        JOIN alive ON id = student_pk
        ORDER BY student_pk
        ON CONFLICT (model_id, student_pk) DO UPDATE
        SET ({columns}) = ({", ".join(f"excluded.{name}" for name in [*_SCALARS, *_PACKED])})
        WHERE student_states.n_interactions < excluded.n_interactions
    """  # names of columns, from this file # nosec B608


_UPSERT = _upsert_statement()


def upsert_states(session: Session, batch: StateBatch) -> None:
    """Store the states of students who still exist, unless one that has seen as much is there.

    No student may come twice in a batch. The order is always that of students, so that two writers never
    wait for each other in a circle.
    """
    if not len(batch.student_pks):
        return
    packed = {name: np.ascontiguousarray(getattr(batch, name), dtype) for name, dtype in _PACKED.items()}
    if speaks_postgres(session):
        scalars = {name: getattr(batch, name).tolist() for name in ("student_pks", *_SCALARS)}
        values = {name: array.tobytes() for name, array in packed.items()} | scalars
        size = batch.mastery.shape[1]
        execute(session, _UPSERT, {"model_id": batch.model_id, "size": size, **values})
        return
    _upsert_sqlite(session, batch, packed)


def _upsert_sqlite(session: Session, batch: StateBatch, packed: dict[str, NDArray[Any]]) -> None:
    pks = batch.student_pks.tolist()
    alive = set(session.scalars(select(Student.id).where(Student.id.in_(_each(pks)))))
    rows = [
        {
            "model_id": batch.model_id,
            "student_pk": pk,
            **{name: getattr(batch, name)[row].item() for name in _SCALARS},
            **{name: array[row] for name, array in packed.items()},
            "as_of": from_microseconds(int(batch.as_of[row])),
        }
        for row, pk in enumerate(pks)
        if pk in alive
    ]
    if not rows:
        return
    insert = insert_into(session, StudentState)
    statement = insert.on_conflict_do_update(
        index_elements=["model_id", "student_pk"],
        set_={name: insert.excluded[name] for name in (*_SCALARS, *_PACKED)},
        where=StudentState.n_interactions < insert.excluded.n_interactions,
    )
    session.execute(statement, rows)


STATE_COLUMNS = ", ".join(field.name for field in fields(State))

READ_STATES = f"""
    SELECT {STATE_COLUMNS} FROM student_states
    WHERE model_id = %(model_id)s AND student_pk = ANY (%(student_pks)s::bigint[])
"""  # names of columns, from the class above # nosec B608


def read_states(session: Session, model_id: UUID, student_pks: Sequence[int]) -> dict[int, State]:
    """The states under a model of those students who were scored, by primary key."""
    if speaks_postgres(session):
        rows = fetch(session, READ_STATES, {"model_id": model_id, "student_pks": list(student_pks)})
        return {row[1]: unpack_state(row) for row in rows}
    statement = select(*_COLUMNS).where(
        StudentState.model_id == model_id, StudentState.student_pk.in_(_each(student_pks))
    )
    return {row.student_pk: State(*row) for row in session.execute(statement)}


def unpack_state(row: tuple[Any, ...]) -> State:
    """A row of STATE_COLUMNS."""
    arrays = map(np.frombuffer, row[-len(_PACKED) :], _PACKED.values())
    return State(*row[: -len(_PACKED)], *arrays)


def list_states(session: Session, student_pk: int) -> list[State]:
    """The student's states under every model, the oldest model first."""
    statement = select(*_COLUMNS).where(StudentState.student_pk == student_pk)
    return [State(*row) for row in session.execute(statement.order_by(StudentState.model_id))]


_INCLUDED = """
    SELECT student_pk, n_interactions FROM student_states
    WHERE model_id = %(model_id)s AND student_pk = ANY (%(student_pks)s::bigint[])
"""


def read_included(session: Session, model_id: UUID, student_pks: Sequence[int]) -> dict[int, int]:
    """How many responses each student's state has seen, by primary key; those never scored are left out."""
    if speaks_postgres(session):
        return dict(fetch(session, _INCLUDED, {"model_id": model_id, "student_pks": list(student_pks)}))
    statement = select(StudentState.student_pk, StudentState.n_interactions).where(
        StudentState.model_id == model_id, StudentState.student_pk.in_(_each(student_pks))
    )
    return {row[0]: row[1] for row in session.execute(statement)}


_HEADS = """
    SELECT students.id, student_id, created_at, students.n_interactions, last_interaction_at,
        student_states.n_interactions, as_of
    FROM students LEFT JOIN student_states ON student_pk = students.id AND model_id = %(model_id)s
    WHERE tenant_pk = %(tenant)s AND student_id = ANY (%(student_ids)s::text[])
"""


def read_heads(session: Session, model_id: UUID | None, student_ids: Sequence[str]) -> dict[str, Head]:
    """The known ones of these students by external id, in one statement."""
    if speaks_postgres(session):
        values = {"tenant": tenant_of(session), "model_id": model_id, "student_ids": list(student_ids)}
        rows = fetch(session, _HEADS, values)
        return {row[1]: Head(*row) for row in rows}
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
        .where(Student.student_id.in_(_each(student_ids)))
    )
    return {row[1]: Head(*row) for row in session.execute(statement)}


def list_due(session: Session, *, after: int = 0, limit: int) -> list[tuple[int, int]]:
    """The next students marked scoring_due beyond primary key `after`, with their number of responses."""
    statement = (
        select(Student.id, Student.n_interactions)
        .where(Student.tenant_pk == tenant_of(session), Student.scoring_due, Student.id > after)
        .order_by(Student.id)
        .limit(limit)
    )
    return [(pk, n) for pk, n in session.execute(statement)]


_CLEAR = """
    WITH locked AS (
        SELECT id, n_interactions FROM students WHERE id = ANY (%(pks)s::bigint[])
        ORDER BY id FOR NO KEY UPDATE
    ), scored AS (
        SELECT * FROM unnest(%(pks)s::bigint[], %(counts)s::integer[]) AS scored (id, n_interactions)
    )
    UPDATE students SET scoring_due = false FROM locked JOIN scored USING (id, n_interactions)
    WHERE students.id = locked.id AND students.id = ANY (%(pks)s::bigint[])
        AND EXISTS (SELECT FROM models WHERE id = %(model_id)s AND status = 'serving')
        AND NOT EXISTS (SELECT FROM models WHERE tenant_pk = %(tenant)s AND status = 'promoting')
"""


def clear_due(session: Session, model_id: UUID, scored: Sequence[tuple[int, int]]) -> None:
    """Take the mark off students whose number of responses is still the number scored.

    Only if the model serves and none is being promoted: the next one has not seen them.
    """
    pks, counts = [pk for pk, _ in scored], [n for _, n in scored]
    tenant = tenant_of(session)
    if speaks_postgres(session):
        values = {"tenant": tenant, "model_id": model_id, "pks": pks, "counts": counts}
        execute(session, _CLEAR, values)
        return
    promoting = exists().where(Model.tenant_pk == tenant, Model.status == ModelStatus.PROMOTING)
    serves = exists().where(Model.id == model_id, Model.status == ModelStatus.SERVING)
    pairs = text("SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:scored)")
    known = tuple_(Student.id, Student.n_interactions).in_(pairs.bindparams(scored=json.dumps(list(scored))))
    statement = update(Student).where(known, serves, not_(promoting)).values(scoring_due=False)
    session.execute(statement.execution_options(synchronize_session=False))


def list_students_after(session: Session, pk: int, *, limit: int) -> list[tuple[int, int]]:
    """The next students with responses beyond that primary key, with their number of responses."""
    statement = (
        select(Student.id, Student.n_interactions)
        .where(Student.tenant_pk == tenant_of(session), Student.id > pk, Student.n_interactions > 0)
        .order_by(Student.id)
        .limit(limit)
    )
    return [(pk, n) for pk, n in session.execute(statement)]


def _each(values: Sequence[Any]) -> TextClause:
    """These, for SQLite's IN: one parameter, of which SQLite takes no more than 32,766."""
    return text("SELECT value FROM json_each(:given)").bindparams(given=json.dumps(list(values)))
