"""Students who have not answered for long, and how they are let go."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from db.models import Erasure, Interaction, Student
from db.repositories import audit
from db.repositories.erasures import RETENTION, erase_students

STUDENTS_AT_ONCE = 500
OPERATION = "apply_retention"


class Inactive(NamedTuple):
    """How much there is of them."""

    n_students: int
    n_interactions: int


def _is_inactive(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """No response happened at that time or later, and none arrived."""
    arrived = exists().where(Interaction.student_pk == Student.id, Interaction.received_at >= before)
    silent = or_(Student.last_interaction_at.is_(None), Student.last_interaction_at < before)
    return Student.created_at < before, silent, ~arrived


def count_inactive(session: Session, before: datetime) -> Inactive:
    """Students without a response since then."""
    counts = select(func.count(Student.id), func.coalesce(func.sum(Student.n_interactions), 0))
    row = session.execute(counts.where(*_is_inactive(before))).one()
    return Inactive(int(row[0]), int(row[1]))


def erase_inactive(
    session: Session, before: datetime, *, limit: int = STUDENTS_AT_ONCE, key_id: UUID | None = None
) -> list[Erasure]:
    """Erase some of them; those who are being written to at this moment are left alone."""
    found = select(Student.id).where(*_is_inactive(before)).order_by(Student.id).limit(limit)
    pks = list(session.scalars(found.with_for_update(skip_locked=True)))
    # Asked again now that the rows are ours: a response may have come in before.
    still = select(Student.id).where(Student.id.in_(pks), *_is_inactive(before)).order_by(Student.id)
    return erase_students(session, list(session.scalars(still)), origin=RETENTION, key_id=key_id)


def let_go(
    session: Session, before: datetime, *, limit: int = STUDENTS_AT_ONCE, key_id: UUID | None = None
) -> list[Erasure]:
    """Erase some of them, each with its entry in the audit log; a worker by itself has no key."""
    erased = erase_inactive(session, before, limit=limit, key_id=key_id)
    for erasure in erased:
        audit.add_entry(session, _deed(key_id), subject=erasure.subject)
    return erased


def drop_entries(session: Session, before: datetime, *, key_id: UUID | None = None) -> int:
    """Drop some of the older audit entries, which is an entry itself; how many."""
    n_dropped = audit.delete_before(session, before)
    if n_dropped:
        audit.add_entry(session, _deed(key_id))
    return n_dropped


def _deed(key_id: UUID | None) -> audit.Deed:
    return audit.deed(OPERATION, key_id=key_id, method="POST", status=200)
