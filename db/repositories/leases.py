"""Leases and doorbells, alike for experiments and for promotions; sweeps have doorbells alone.

A worker's writes carry its name in the WHERE clause: one that lost its lease changes nothing. And it looks
only at rows whose `job_version` it knows: while processes of two releases run, the newer rows wait.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from db.base import UtcDateTime, utc_now
from db.errors import LeaseLost
from db.models import Experiment, Model, Sweep
from db.postgres import speaks_postgres

FIRST_RING_SECONDS = 15
LONGEST_RING_SECONDS = 3600
_DOUBLINGS = 8  # 15 s · 2^8 is past the longest wait

CLOCK_SECONDS = 5
"""Moments that lie further ahead than this were written by a clock that was wrong."""

WORKER_LOST = "WorkerLost"

FIRST_JOB_VERSION = 1
"""What a row needs, and a worker knows, that says nothing about it."""

Leased = TypeVar("Leased", Experiment, Model)
Rung = TypeVar("Rung", Experiment, Model, Sweep)
LEASED: tuple[type[Experiment | Model], ...] = (Experiment, Model)
RUNG: tuple[type[Experiment | Model | Sweep], ...] = (Experiment, Model, Sweep)

NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None}


def shared_now(session: Session) -> datetime:
    """The present by a clock that all workers share: the database server's, or this machine's for SQLite.

    Machines disagree about the time; leases by clocks of their own would take jobs from each other.
    """
    if speaks_postgres(session):
        return session.scalars(select(func.clock_timestamp(type_=UtcDateTime))).one()
    return utc_now()


def heed_clock(session: Session, now: datetime) -> int:
    """Bring moments back that lie ahead, as they do when the clock was set back; how many rows had some.

    Otherwise a lost job would be missed, and a lost message repeated, only when the clock is there again.
    """
    ahead = now + timedelta(seconds=CLOCK_SECONDS)
    n_rows = sum(_shorten_leases(session, table, ahead, now) for table in LEASED)
    n_rows += sum(_ring_now(session, table, ahead, now) for table in RUNG)
    session.flush()
    return n_rows


def _shorten_leases(session: Session, table: type[Experiment | Model], ahead: datetime, now: datetime) -> int:
    held = select(table).where(table.lease_owner.is_not(None), table.heartbeat_at > ahead)
    rows: Sequence[Any] = session.scalars(held.with_for_update(skip_locked=True)).all()
    for row in rows:
        # Its holder, if it lives, writes both anew with its next heartbeat.
        row.lease_expires_at, row.heartbeat_at = _lease_end(row, now), now
    return len(rows)


def _ring_now(
    session: Session, table: type[Experiment | Model | Sweep], ahead: datetime, now: datetime
) -> int:
    late = select(table).where(table.rung_at > ahead)
    rows: Sequence[Any] = session.scalars(late.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.rung_at = now
    return len(rows)


def _lease_end(row: Experiment | Model, now: datetime) -> datetime:
    if row.lease_expires_at is None or row.heartbeat_at is None:
        return now
    return now + (row.lease_expires_at - row.heartbeat_at)


def ring_delay(rings: int) -> timedelta:
    """How long a row waits for its next ring after `rings` repetitions."""
    return timedelta(seconds=min(FIRST_RING_SECONDS * 2 ** min(rings, _DOUBLINGS), LONGEST_RING_SECONDS))


def take_lease(
    session: Session,
    table: type[Leased],
    row_id: UUID,
    *,
    is_free: ColumnElement[bool],
    owner: str,
    lease_seconds: float,
    job_version: int,
    now: datetime,
    **values: Any,
) -> bool:
    """Lease the row if `is_free` holds for it; of several who try at once, one succeeds.

    From then on it needs `job_version`, for an older worker could not go on from what this one leaves behind.
    """
    statement = (
        update(table)
        .where(
            table.id == row_id,
            is_free,
            table.attempt < table.max_attempts,
            table.job_version <= job_version,
        )
        .values(
            attempt=table.attempt + 1,
            job_version=job_version,
            lease_owner=owner,
            lease_expires_at=now + timedelta(seconds=lease_seconds),
            heartbeat_at=now,
            **values,
        )
        .returning(table.id)
        .execution_options(synchronize_session="fetch")
    )
    return session.execute(statement).scalar_one_or_none() is not None


def update_held(
    session: Session, table: type[Leased], row_id: UUID, *, owner: str, held: StrEnum, **values: Any
) -> None:
    """Change a row that `owner` holds in status `held`. Raises LeaseLost."""
    statement = (
        update(table)
        .where(table.id == row_id, table.lease_owner == owner, table.status == held)
        .values(**values)
        .returning(table.id)
        .execution_options(synchronize_session="fetch")
    )
    if session.execute(statement).scalar_one_or_none() is None:
        raise LeaseLost(row_id, owner=owner)


def lock_expired(session: Session, table: type[Leased], *, held: StrEnum, now: datetime) -> Sequence[Leased]:
    """Rows whose worker has gone silent, locked; rows that somebody else is looking at are left out."""
    statement = (
        select(table)
        .where(table.status == held, table.lease_expires_at < now)
        .order_by(table.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()


def list_due(
    session: Session, table: type[Rung], *, waiting: ColumnElement[bool], job_version: int, now: datetime
) -> list[Rung]:
    """Waiting rows up to `job_version` whose doorbell is due again, longest wait first."""
    due = [
        and_(table.rings == rings, table.rung_at <= now - ring_delay(rings)) for rings in range(_DOUBLINGS)
    ]
    due.append(and_(table.rings >= _DOUBLINGS, table.rung_at <= now - ring_delay(_DOUBLINGS)))
    known = table.job_version <= job_version
    statement = select(table).where(waiting, known, or_(*due)).order_by(table.rung_at, table.id)
    return list(session.scalars(statement))


def mark_rung(session: Session, table: type[Rung], rows: Sequence[Rung], *, now: datetime) -> None:
    """Count a ring for each row, unless it was rung for or queued anew since `rows` were read."""
    for row in rows:
        session.execute(
            update(table)
            .where(table.id == row.id, table.rung_at == row.rung_at)
            .values(rung_at=now, rings=table.rings + 1)
            .execution_options(synchronize_session="fetch")
        )


def worker_lost_detail(row: Experiment | Model) -> str:
    """Why a row was given up after its last attempt."""
    heard = row.heartbeat_at.isoformat(timespec="seconds") if row.heartbeat_at else "never"
    return (
        f"the worker stopped answering in attempt {row.attempt} of {row.max_attempts}: "
        f"{row.lease_owner} was last heard at {heard}; look into its log, then retry"
    )
