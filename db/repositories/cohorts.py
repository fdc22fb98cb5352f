"""Groups of students that callers name, and the mastery of many students at once."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.errors import CohortNotFound, StudentsNotFound
from db.models import CohortMember, Student, StudentState
from db.repositories.upserts import insert_into

STUDENTS_PER_CHUNK = 2000


class Cohort(NamedTuple):
    """A group and its size."""

    cohort: str
    n_students: int


def set_members(session: Session, cohort: str, student_ids: Sequence[str]) -> None:
    """Let the cohort consist of these students and no other. Raises StudentsNotFound."""
    pks = sorted(find_pks(session, student_ids))
    session.execute(delete(CohortMember).where(CohortMember.cohort == cohort))
    if pks:
        insert = insert_into(session, CohortMember).on_conflict_do_nothing()
        session.execute(insert, [{"cohort": cohort, "student_pk": pk} for pk in pks])


def find_pks(session: Session, student_ids: Sequence[str]) -> list[int]:
    """The primary keys of students, each once. Raises StudentsNotFound."""
    wanted = list(dict.fromkeys(student_ids))
    rows = session.execute(select(Student.student_id, Student.id).where(Student.student_id.in_(wanted)))
    found = {row[0]: row[1] for row in rows}
    unknown = [student_id for student_id in wanted if student_id not in found]
    if unknown:
        raise StudentsNotFound(unknown)
    return list(found.values())


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
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Evidence and mastery [n, K] of the students who were scored under a model, chunk by chunk.

    Raises CohortNotFound, StudentsNotFound.
    """
    pks = None if student_ids is None else find_pks(session, student_ids)
    if cohort is not None:
        members = list(session.scalars(select(CohortMember.student_pk).where(CohortMember.cohort == cohort)))
        if not members:
            raise CohortNotFound(cohort)
        pks = members if pks is None else sorted({*pks} & {*members})
    statement = select(StudentState.student_pk, StudentState.evidence, StudentState.mastery).where(
        StudentState.model_id == model_id
    )
    if active_since is not None:
        statement = statement.join(Student, Student.id == StudentState.student_pk)
        statement = statement.where(Student.last_interaction_at >= active_since)
    if pks is not None:
        statement = statement.where(StudentState.student_pk.in_(pks))
    after = 0
    while rows := _after(session, statement, after):
        after = rows[-1][0]
        yield np.stack([row[1] for row in rows]), np.stack([row[2] for row in rows])


def _after(session: Session, statement: Any, after: int) -> Sequence[Any]:
    page = statement.where(StudentState.student_pk > after).order_by(StudentState.student_pk)
    return session.execute(page.limit(STUDENTS_PER_CHUNK)).all()
