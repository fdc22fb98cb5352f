"""What is kept about erasing students, and about who read and wrote what."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigKey, new_id, utc_now
from db.models.access import Owned

PENDING = text("finished_at IS NULL")


class Erasure(Owned, Base):
    """A student who is to be gone everywhere. Once they are, the row tells nobody who it was."""

    __tablename__ = "erasures"
    __table_args__ = (
        Index(None, "tenant_pk", "id"),
        Index("ix_erasures_pending", "tenant_pk", "due_at", sqlite_where=PENDING, postgresql_where=PENDING),
        Index(None, "requested_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    origin: Mapped[str]
    """`request` or `retention`."""
    key_id: Mapped[UUID | None]
    """The key that asked for it."""
    student_id: Mapped[str | None]
    """Until it is done: files are searched for it."""
    subject: Mapped[UUID] = mapped_column(default=uuid4)
    """The student's name in the audit log, which nothing leads to any more."""
    student_pk: Mapped[int | None] = mapped_column(BigInteger)
    """For a few minutes, as the next one: processes that remember the student know them by these."""
    student_created_at: Mapped[datetime | None]
    n_interactions: Mapped[int] = mapped_column(default=0)
    n_states: Mapped[int] = mapped_column(default=0)
    n_cohorts: Mapped[int] = mapped_column(default=0)
    n_experiments: Mapped[int] = mapped_column(default=0)
    """Experiments whose predictions of the student were removed."""
    n_models: Mapped[int] = mapped_column(default=0)
    """Models that had learned from the student, and say so now."""
    datasets: Mapped[list[Any]] = mapped_column(default=list)
    """Ids of the datasets that the student was removed from."""
    attempt: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(default=utc_now)
    """When a worker should look at it, again where it has to wait for running experiments."""
    error_type: Mapped[str | None]
    error_detail: Mapped[str | None]
    requested_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]


class AuditEntry(Owned, Base):
    """One request: what it did, by which key, to whom; no names, queries or contents."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "tenant_pk", "id"),
        Index(None, "subject", "id"),
        Index(None, "at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    key_id: Mapped[UUID | None]
    operation: Mapped[str]
    """The operation's id in the OpenAPI document."""
    method: Mapped[str]
    status: Mapped[int]
    subject: Mapped[UUID | None]
    """The student it was about, as `student_tokens` names them while they exist."""
    resource: Mapped[UUID | None]
    """Any other thing that the path names by its id."""


class StudentToken(Base):
    """A student's name in the audit log: random, and gone with the student."""

    __tablename__ = "student_tokens"

    student_pk: Mapped[int] = mapped_column(
        ForeignKey("students.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    token: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
