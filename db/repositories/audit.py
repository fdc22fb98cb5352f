"""The audit log: who did what to whom, without a name. Entries of one tenant are written together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.base import utc_now
from db.models import AuditEntry, Student, StudentToken
from db.postgres import copy_in, speaks_postgres
from db.repositories.paging import Page, parse_key, read_page
from db.repositories.upserts import insert_into
from db.tenancy import tenant_of

ROWS_AT_ONCE = 10_000
_COLUMNS = ("tenant_pk", "at", "key_id", "operation", "method", "status", "subject", "resource")
_COPY = f"COPY audit_entries ({', '.join(_COLUMNS)}) FROM STDIN"


@dataclass(frozen=True, slots=True)
class Deed:
    """One request that was answered."""

    at: datetime
    key_id: UUID | None
    operation: str
    method: str
    status: int
    student_id: str | None = None
    resource: UUID | None = None


def write(session: Session, deeds: Sequence[Deed]) -> None:
    """Add an entry for each; students that are gone, or never were, stay without a token."""
    tokens = _find_tokens(session, {deed.student_id for deed in deeds if deed.student_id})
    tenant = tenant_of(session)
    rows = [
        (
            tenant,
            deed.at,
            deed.key_id,
            deed.operation,
            deed.method,
            deed.status,
            tokens.get(deed.student_id or ""),
            deed.resource,
        )
        for deed in deeds
    ]
    if speaks_postgres(session):
        copy_in(session, _COPY, "".join(map(_line, rows)))
    elif rows:
        # The session adds the tenant.
        session.execute(insert(AuditEntry), [dict(zip(_COLUMNS[1:], row[1:], strict=True)) for row in rows])


def _line(row: tuple[Any, ...]) -> str:
    # Ids, times, numbers and words of ours: nothing that COPY would have to be kept from misreading.
    return "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


def _find_tokens(session: Session, student_ids: set[str | None]) -> dict[str, UUID]:
    """The tokens of those who exist; new ones where there were none."""
    wanted = sorted(student_id for student_id in student_ids if student_id)
    if not wanted:
        return {}
    # Whoever is being erased at this moment is left out; nobody waits for anybody.
    known = select(Student.id, Student.student_id).where(Student.student_id.in_(wanted)).order_by(Student.id)
    pks = {
        row[0]: row[1]
        for row in session.execute(known.with_for_update(key_share=True, read=True, skip_locked=True))
    }
    found = _read_tokens(session, pks)
    new = [{"student_pk": pk, "token": uuid4()} for pk in pks if pk not in found]
    if new:
        added = insert_into(session, StudentToken).values(new)
        session.execute(added.on_conflict_do_nothing(index_elements=["student_pk"]))
        found = _read_tokens(session, pks)
    return {pks[pk]: token for pk, token in found.items()}


def _read_tokens(session: Session, pks: dict[int, str]) -> dict[int, UUID]:
    statement = select(StudentToken.student_pk, StudentToken.token).where(StudentToken.student_pk.in_(pks))
    return {row[0]: row[1] for row in session.execute(statement)}


def find_token(session: Session, student_pk: int) -> UUID | None:
    """The student's name in the log, if they are in it."""
    return session.scalar(select(StudentToken.token).where(StudentToken.student_pk == student_pk))


def add_entry(session: Session, deed: Deed, *, subject: UUID | None = None) -> None:
    """One entry that is to be there exactly when the transaction's other changes are."""
    session.add(
        AuditEntry(
            at=deed.at,
            key_id=deed.key_id,
            operation=deed.operation,
            method=deed.method,
            status=deed.status,
            subject=subject,
            resource=deed.resource,
        )
    )


def list_entries(
    session: Session,
    *,
    key_id: UUID | None = None,
    operation: str | None = None,
    subject: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AuditEntry]:
    """Newest first, those that meet every condition; `until` is the first moment that is too late."""
    statement = select(AuditEntry)
    for column, value in (
        (AuditEntry.key_id, key_id),
        (AuditEntry.operation, operation),
        (AuditEntry.subject, subject),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if since is not None:
        statement = statement.where(AuditEntry.at >= since)
    if until is not None:
        statement = statement.where(AuditEntry.at < until)
    return read_page(session, statement, key=AuditEntry.id, parse=parse_key, cursor=cursor, limit=limit)


def count_before(session: Session, time: datetime) -> int:
    """Entries that are older."""
    return session.scalars(select(func.count(AuditEntry.id)).where(AuditEntry.at < time)).one()


def delete_before(session: Session, time: datetime, *, limit: int = ROWS_AT_ONCE) -> int:
    """Drop older entries, at most so many; how many there were."""
    old = select(AuditEntry.id).where(AuditEntry.at < time).order_by(AuditEntry.at).limit(limit)
    ids = list(session.scalars(old))
    if ids:
        session.execute(
            delete(AuditEntry).where(AuditEntry.id.in_(ids)).execution_options(synchronize_session=False)
        )
    return len(ids)


def deed(operation: str, *, key_id: UUID | None, method: str, status: int) -> Deed:
    """What is being done now."""
    return Deed(utc_now(), key_id, operation, method, status)
