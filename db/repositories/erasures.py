"""Erasures: asked for in one transaction, carried out in files by a worker, and then about nobody.

Who reads a dataset to train on it, or stores one, holds `hold_datasets` in the transaction that says so; who
ends an erasure holds `lock_datasets`. So nobody's late file brings back a student unnoticed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from db.errors import ErasureNotFound, LeaseLost
from db.models import CohortMember, Erasure, Interaction, Student, StudentState, StudentToken, Tenant
from db.postgres import execute, speaks_postgres
from db.repositories.leases import CLOCK_SECONDS, shared_now
from db.repositories.paging import Page, read_page
from db.repositories.students import lock_student
from db.tenancy import tenant_of

REQUEST, RETENTION = "request", "retention"
REMEMBERED_MINUTES = 10
MOST_AT_ONCE = 10_000
LONGEST_WAIT = timedelta(hours=1)
"""Until an erasure that can't be done yet, or fails, is tried again."""


def erase_student(session: Session, student_id: str, *, key_id: UUID | None = None) -> Erasure:
    """Delete a student's rows, and note what a worker has left to do. Raises StudentNotFound."""
    student = lock_student(session, student_id)
    (erasure,) = erase_students(session, [student.id], key_id=key_id)
    return erasure


def erase_students(
    session: Session, pks: Sequence[int], *, origin: str = REQUEST, key_id: UUID | None = None
) -> list[Erasure]:
    """Delete these students' rows, which the caller has locked, and note what a worker has left to do."""
    if not pks:
        return []
    counts = [_count(session, rows, pks) for rows in (StudentState, CohortMember)]
    tokens = select(StudentToken.student_pk, StudentToken.token).where(StudentToken.student_pk.in_(pks))
    subjects: dict[int, UUID] = {row[0]: row[1] for row in session.execute(tokens)}
    students = session.scalars(select(Student).where(Student.id.in_(pks)).order_by(Student.id)).all()
    n_states, n_cohorts = counts
    now = shared_now(session)
    erasures = [
        Erasure(
            origin=origin,
            key_id=key_id,
            student_id=student.student_id,
            subject=subjects.get(student.id) or uuid4(),
            student_pk=student.id,
            student_created_at=student.created_at,
            n_interactions=student.n_interactions,
            n_states=n_states.get(student.id, 0),
            n_cohorts=n_cohorts.get(student.id, 0),
            requested_at=now,
            due_at=now,
        )
        for student in students
    ]
    for student in students:
        session.expunge(student)
    session.execute(delete(Student).where(Student.id.in_(pks)).execution_options(synchronize_session=False))
    # Now that the rows are ours nobody stores more of them.
    session.execute(
        delete(Interaction)
        .where(Interaction.student_pk.in_(pks))
        .execution_options(synchronize_session=False)
    )
    session.add_all(erasures)
    session.flush()
    return erasures


def _count(
    session: Session, table: type[StudentState] | type[CohortMember], pks: Sequence[int]
) -> dict[int, int]:
    statement = select(table.student_pk, func.count()).where(table.student_pk.in_(pks))
    return {row[0]: row[1] for row in session.execute(statement.group_by(table.student_pk))}


def add_erasure(session: Session, student_id: str, *, key_id: UUID | None = None) -> Erasure:
    """Of somebody who has no rows, and may be in datasets."""
    now = shared_now(session)
    erasure = Erasure(origin=REQUEST, key_id=key_id, student_id=student_id, requested_at=now, due_at=now)
    session.add(erasure)
    session.flush()
    return erasure


def get_erasure(session: Session, erasure_id: UUID) -> Erasure:
    """Raises ErasureNotFound."""
    erasure = session.scalar(select(Erasure).where(Erasure.id == erasure_id))
    if erasure is None:
        raise ErasureNotFound(erasure_id)
    return erasure


def list_erasures(session: Session, *, cursor: str | None = None, limit: int = 50) -> Page[Erasure]:
    """Newest first."""
    return read_page(session, select(Erasure), key=Erasure.id, parse=UUID, cursor=cursor, limit=limit)


def list_pending_of(session: Session, student_id: str) -> list[Erasure]:
    """What is still being erased of somebody by that name."""
    return list(session.scalars(select(Erasure).where(Erasure.student_id == student_id).order_by(Erasure.id)))


def is_any_done_since(session: Session, time: datetime) -> bool:
    """Whether an erasure was asked for at that time or later, by the clock of leases, and is done already."""
    done = (Erasure.requested_at >= time, Erasure.finished_at.is_not(None))
    return session.scalar(select(Erasure.id).where(*done).limit(1)) is not None


def list_remembered(session: Session, *, since: datetime) -> list[tuple[int, datetime]]:
    """Key and time of creation of students who were erased since, of every tenant the session sees."""
    statement = select(Erasure.student_pk, Erasure.student_created_at).where(
        Erasure.requested_at >= since, Erasure.student_pk.is_not(None)
    )
    return [(pk, created_at) for pk, created_at in session.execute(statement) if pk and created_at]


def forget_remembered(session: Session, *, now: datetime | None = None) -> None:
    """Drop the keys of students by which processes were told to forget them."""
    before = (now or shared_now(session)) - timedelta(minutes=REMEMBERED_MINUTES)
    session.execute(
        update(Erasure)
        .where(Erasure.student_pk.is_not(None), Erasure.requested_at < before)
        .values(student_pk=None, student_created_at=None)
        .execution_options(synchronize_session=False)
    )


def find_last_finished(session: Session) -> datetime | None:
    """When the last erasure of all was done."""
    return session.scalar(select(func.max(Erasure.finished_at)))


def hold_datasets(session: Session) -> None:
    """Let no erasure of the tenant end before this transaction does; others may hold them too."""
    _lock(session, "pg_advisory_xact_lock_shared")


def lock_datasets(session: Session) -> None:
    """Wait for everybody who holds the tenant's datasets, and let nobody new hold them."""
    _lock(session, "pg_advisory_xact_lock")


def _lock(session: Session, function: str) -> None:
    # On SQLite whoever writes is alone.
    tenant = tenant_of(session)
    if speaks_postgres(session):
        statement = f"SELECT {function}(hashtextextended('datasets', %(tenant)s))"
        execute(session, statement, {"tenant": tenant})


def is_erasing_wanted(session: Session, *, now: datetime | None = None) -> bool:
    """Whether an erasure of any tenant is due, and no worker is at it."""
    return session.scalar(select(Erasure.id).where(*_wanted(now or shared_now(session))).limit(1)) is not None


def _wanted(now: datetime) -> tuple[ColumnElement[bool], ...]:
    unheld = or_(Erasure.lease_owner.is_(None), Erasure.lease_expires_at < now)
    return Erasure.finished_at.is_(None), Erasure.due_at <= now, unheld


def claim_tenant(
    session: Session, owner: str, *, lease_seconds: float, now: datetime | None = None
) -> int | None:
    """Lease the due erasures of one tenant, whose files nobody else goes through meanwhile; the tenant.

    For a session that sees every tenant. None when there is nothing to do.
    """
    now = now or shared_now(session)
    wanted = select(Erasure.tenant_pk).where(*_wanted(now)).order_by(Erasure.due_at)
    for tenant in dict.fromkeys(session.scalars(wanted)):
        # Not FOR UPDATE, which whoever adds a row of the tenant would wait for.
        lock = select(Tenant.id).where(Tenant.id == tenant).with_for_update(key_share=True, skip_locked=True)
        if session.scalar(lock) is None or _is_held(session, tenant, now):
            continue
        due = select(Erasure.id).where(Erasure.tenant_pk == tenant, *_wanted(now)).order_by(Erasure.id)
        session.execute(
            update(Erasure)
            .where(Erasure.id.in_(due.limit(MOST_AT_ONCE)))
            .values(
                attempt=Erasure.attempt + 1,
                lease_owner=owner,
                lease_expires_at=now + timedelta(seconds=lease_seconds),
            )
            .execution_options(synchronize_session=False)
        )
        return tenant
    return None


def _is_held(session: Session, tenant: int, now: datetime) -> bool:
    held = (Erasure.tenant_pk == tenant, Erasure.finished_at.is_(None), Erasure.lease_expires_at >= now)
    return session.scalar(select(Erasure.id).where(*held).limit(1)) is not None


def heed_clock(session: Session, now: datetime, *, lease_seconds: float) -> int:
    """Bring moments back that lie ahead, as `leases.heed_clock` does; how many rows had some."""
    ahead = now + timedelta(seconds=CLOCK_SECONDS)
    lease = timedelta(seconds=lease_seconds)
    waits = and_(Erasure.attempt > 0, Erasure.due_at <= ahead + LONGEST_WAIT)
    is_pending = Erasure.finished_at.is_(None)
    wrong = select(Erasure).where(
        or_(
            and_(is_pending, Erasure.lease_expires_at > ahead + lease),
            and_(is_pending, Erasure.due_at > ahead, ~waits),
            # Copies of files that are older than the last end go, and uploads that are older than a request.
            Erasure.requested_at > ahead,
            Erasure.finished_at > ahead,
        )
    )
    rows = session.scalars(wrong.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.requested_at = min(row.requested_at, now)
        row.finished_at = row.finished_at and min(row.finished_at, now)
        row.due_at = min(row.due_at, now)
        if row.lease_expires_at is not None:
            # Its holder, if it lives, writes it anew with its next heartbeat.
            row.lease_expires_at = min(row.lease_expires_at, now + lease)
    session.flush()
    return len(rows)


def list_held(session: Session, owner: str) -> list[Erasure]:
    """The erasures that `owner` leases. Raises LeaseLost when there is none."""
    held = list(session.scalars(select(Erasure).where(Erasure.lease_owner == owner).order_by(Erasure.id)))
    if not held:
        raise LeaseLost("erasures", owner=owner)
    return held


def renew_lease(session: Session, owner: str, *, lease_seconds: float, now: datetime | None = None) -> None:
    """Say that the worker is alive. Raises LeaseLost."""
    expires = (now or shared_now(session)) + timedelta(seconds=lease_seconds)
    _update_held(session, owner, lease_expires_at=expires)


def note_dataset(held: Sequence[Erasure], dataset_id: UUID, *, n_models: Mapping[str, int]) -> None:
    """Say who was in that dataset, and how many models have learned from each of them."""
    for row in held:
        if row.student_id is not None and row.student_id in n_models:
            row.n_models += n_models[row.student_id]
            if str(dataset_id) not in row.datasets:
                row.datasets = [*row.datasets, str(dataset_id)]


def note_experiment(held: Sequence[Erasure], names: Sequence[str]) -> None:
    """Say that one more experiment's predictions were about these students."""
    found = frozenset(names)
    for row in held:
        if row.student_id in found:
            row.n_experiments += 1


def finish(session: Session, owner: str, *, now: datetime | None = None) -> None:
    """All that `owner` leases is done: the rows forget whom they were about. Raises LeaseLost."""
    _update_held(
        session,
        owner,
        finished_at=now or shared_now(session),
        student_id=None,
        error_type=None,
        error_detail=None,
        lease_owner=None,
        lease_expires_at=None,
    )


def postpone(session: Session, owner: str, wait: timedelta, **error: str) -> None:
    """Give the leases back, for some worker to look again after that time. Raises LeaseLost."""
    due_at = shared_now(session) + min(wait, LONGEST_WAIT)
    values: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None, "due_at": due_at, **error}
    _update_held(session, owner, **values)


def _update_held(session: Session, owner: str, **values: Any) -> None:
    statement = (
        update(Erasure)
        .where(Erasure.lease_owner == owner, Erasure.finished_at.is_(None))
        .values(**values)
        .returning(Erasure.id)
        .execution_options(synchronize_session=False)
    )
    if not session.execute(statement).all():
        raise LeaseLost("erasures", owner=owner)
