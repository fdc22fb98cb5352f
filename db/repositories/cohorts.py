"""Groups of students that callers name, and the mastery of many students at once."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias, TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, literal, select
from sqlalchemy.orm import Session

from db.errors import CohortNotFound, StudentsNotFound
from db.models import CohortMember, Student, StudentState
from db.postgres import execute, fetch, speaks_postgres
from db.tenancy import tenant_of

STUDENTS_PER_CHUNK = 2000

Row = TypeVar("Row", int, str)
Numbers: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]


class Cohort(NamedTuple):
    """A group and its size."""

    cohort: str
    n_students: int


def set_members(session: Session, cohort: str, student_ids: Sequence[str]) -> None:
    """Let the cohort consist of these students and no other. Raises StudentsNotFound."""
    tenant = tenant_of(session)
    if speaks_postgres(session):
        # Another who names this cohort, or who deletes a member, might else wait for us while we do for them.
        execute(session, _LOCK_NAME, {"tenant": tenant, "cohort": cohort})
        execute(session, _LOCK_MEMBERS, {"tenant": tenant, "student_ids": list(student_ids)})
    pks = find_pks(session, student_ids)
    session.execute(delete(CohortMember).where(CohortMember.cohort == cohort))
    for chunk in _chunks(pks):
        columns = (literal(tenant), literal(cohort), Student.id)
        members = select(*columns).where(Student.id.in_(chunk)).order_by(Student.id)
        names = ["tenant_pk", "cohort", "student_pk"]
        session.execute(insert(CohortMember).from_select(names, members))


_LOCK_NAME = "SELECT pg_advisory_xact_lock(hashtextextended(%(cohort)s::text, %(tenant)s))"
_LOCK_MEMBERS = """
WITH members AS (
    SELECT FROM students WHERE tenant_pk = %(tenant)s AND student_id = ANY (%(student_ids)s::text[])
    ORDER BY id FOR KEY SHARE
)
SELECT count(*) FROM members
"""


def find_pks(session: Session, student_ids: Sequence[str]) -> list[int]:
    """The primary keys of students, each once, in order. Raises StudentsNotFound."""
    wanted = list(dict.fromkeys(student_ids))
    found: dict[str, int] = {}
    for chunk in _chunks(wanted):
        rows = session.execute(select(Student.student_id, Student.id).where(Student.student_id.in_(chunk)))
        found |= {row[0]: row[1] for row in rows}
    unknown = [student_id for student_id in wanted if student_id not in found]
    if unknown:
        raise StudentsNotFound(unknown)
    return sorted(found.values())


def list_cohorts(session: Session, *, after: str | None = None, limit: int = 1000) -> list[Cohort]:
    """Cohorts by name, those beyond `after`."""
    statement = select(CohortMember.cohort, func.count()).group_by(CohortMember.cohort)
    if after is not None:
        statement = statement.where(CohortMember.cohort > after)
    return [Cohort(*row) for row in session.execute(statement.order_by(CohortMember.cohort).limit(limit))]


def list_cohorts_of(session: Session, student_pk: int) -> list[str]:
    """The cohorts that a student is in, by name."""
    statement = select(CohortMember.cohort).where(CohortMember.student_pk == student_pk)
    return list(session.scalars(statement.order_by(CohortMember.cohort)))


def delete_cohort(session: Session, cohort: str) -> None:
    """Forget the cohort; its students stay. Raises CohortNotFound."""
    statement = delete(CohortMember).where(CohortMember.cohort == cohort).returning(CohortMember.student_pk)
    if not session.scalars(statement).all():
        raise CohortNotFound(cohort)


def iterate_mastery(
    session: Session,
    model_id: UUID,
    *,
    cohort: str | None = None,
    student_ids: Sequence[str] | None = None,
    active_since: datetime | None = None,
) -> Iterator[Numbers]:
    """Evidence and mastery [n, K] of the students who were scored under a model, chunk by chunk.

    Raises CohortNotFound, StudentsNotFound.
    """
    read = _read_packed if speaks_postgres(session) else _read_rows
    everybody = cohort is None and student_ids is None
    chosen = _scored(session, model_id) if everybody else _chunks(_choose(session, cohort, student_ids))
    for pks in chosen:
        evidence, mastery = read(session, model_id, pks, active_since)
        if len(evidence):
            yield evidence, mastery


def count_scored(session: Session, model_id: UUID, *, cohort: str | None = None) -> int:
    """Students of a cohort, or of all, who were scored under a model."""
    statement = select(func.count(StudentState.student_pk)).where(StudentState.model_id == model_id)
    if cohort is not None:
        members = select(CohortMember.student_pk).where(CohortMember.cohort == cohort)
        statement = statement.where(StudentState.student_pk.in_(members))
    return session.scalars(statement).one()


def _choose(session: Session, cohort: str | None, student_ids: Sequence[str] | None) -> list[int]:
    """The primary keys of those who are among both."""
    named = None if student_ids is None else find_pks(session, student_ids)
    if cohort is None:
        return named or []
    statement = select(CohortMember.student_pk).where(CohortMember.cohort == cohort)
    members = list(session.scalars(statement.order_by(CohortMember.student_pk)))
    if not members:
        raise CohortNotFound(cohort)
    return members if named is None else sorted({*members}.intersection(named))


def _scored(session: Session, model_id: UUID) -> Iterator[Sequence[int]]:
    statement = select(StudentState.student_pk).where(StudentState.model_id == model_id)
    statement = statement.order_by(StudentState.student_pk).limit(STUDENTS_PER_CHUNK)
    after = 0
    while pks := list(session.scalars(statement.where(StudentState.student_pk > after))):
        yield pks
        after = pks[-1]


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), STUDENTS_PER_CHUNK):
        yield rows[start : start + STUDENTS_PER_CHUNK]


# OFFSET 0 has PostgreSQL look up each student by an index.
_PACKED = """
SELECT count(*), string_agg(evidence, ''), string_agg(mastery, '')
FROM unnest(%(pks)s::bigint[]) AS asked (pk)
CROSS JOIN LATERAL (
    SELECT evidence, mastery FROM student_states
    WHERE model_id = %(model_id)s AND student_pk = asked.pk OFFSET 0
) AS state
WHERE %(since)s::timestamptz IS NULL OR EXISTS (
    SELECT FROM students WHERE id = asked.pk AND last_interaction_at >= %(since)s OFFSET 0
)
"""


def _read_packed(session: Session, model_id: UUID, pks: Sequence[int], since: datetime | None) -> Numbers:
    values = {"model_id": model_id, "pks": list(pks), "since": since}
    [(n_students, evidence, mastery)] = fetch(session, _PACKED, values)
    shape = (n_students, -1) if n_students else (0, 0)
    return (
        np.frombuffer(evidence or b"", "<i4").reshape(shape),
        np.frombuffer(mastery or b"", "<f4").reshape(shape),
    )


def _read_rows(session: Session, model_id: UUID, pks: Sequence[int], since: datetime | None) -> Numbers:
    statement = select(StudentState.evidence, StudentState.mastery).where(
        StudentState.model_id == model_id, StudentState.student_pk.in_(pks)
    )
    if since is not None:
        statement = statement.join(Student, Student.id == StudentState.student_pk)
        statement = statement.where(Student.last_interaction_at >= since)
    rows = session.execute(statement.order_by(StudentState.student_pk)).all()
    return np.array([row[0] for row in rows], np.int32), np.array([row[1] for row in rows], np.float32)
