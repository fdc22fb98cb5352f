"""Students, what they answered, and what a model makes of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigKey, utc_now


class Student(Base):
    """A pseudonymous learner, known by the caller's own identifier."""

    __tablename__ = "students"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    student_id: Mapped[str] = mapped_column(unique=True)
    n_interactions: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_interaction_at: Mapped[datetime | None]
    """Latest `occurred_at` of all interactions."""


class Interaction(Base):
    """One response to one item."""

    __tablename__ = "interactions"
    __table_args__ = (
        UniqueConstraint("student_pk", "event_id"),
        Index(None, "student_pk", "occurred_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    student_pk: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    event_id: Mapped[str]
    skills: Mapped[list[Any]]
    """Names of the skills that the item needs."""
    item: Mapped[str | None]
    correct: Mapped[bool]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=utc_now)


class StudentState(Base):
    """A student as one model sees them after `n_interactions` responses."""

    __tablename__ = "student_states"

    student_pk: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"), primary_key=True)
    model_id: Mapped[UUID] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    theta: Mapped[float]
    theta_reference: Mapped[float]
    theta_reference_sd: Mapped[float]
    mastery: Mapped[list[Any]]
    """One number per skill, in the order of `skills.position`; so are the two below."""
    probability: Mapped[list[Any]]
    mastery_reference: Mapped[list[Any]]
    n_interactions: Mapped[int]
    as_of: Mapped[datetime]
