"""Students, what they answered, and what a model makes of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigKey, Packed, utc_now
from db.models.access import Owned


class Student(Owned, Base):
    """A pseudonymous learner, known by the caller's own identifier."""

    __tablename__ = "students"
    __table_args__ = (
        Index(
            "ix_students_scoring_due",
            "tenant_pk",
            "id",
            sqlite_where=text("scoring_due = 1"),
            postgresql_where=text("scoring_due"),
        ),
        UniqueConstraint("tenant_pk", "student_id"),
        Index(None, "tenant_pk", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    student_id: Mapped[str]
    n_interactions: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_interaction_at: Mapped[datetime | None]
    """Latest `occurred_at` of all interactions."""
    scoring_due: Mapped[bool] = mapped_column(default=False)
    """Responses came in that no state of the serving model has seen yet."""


class Interaction(Base):
    """One response to one item, known by the caller's own identifier."""

    __tablename__ = "interactions"
    __table_args__ = (
        PrimaryKeyConstraint("student_pk", "event_id"),
        Index(None, "student_pk", "occurred_at", "arrival"),
    )

    # No foreign key: PostgreSQL checks it row by row, which takes longer than the insert itself. Who stores
    # interactions holds the student's row, and who deletes the student deletes them.
    student_pk: Mapped[int] = mapped_column(BigKey, autoincrement=False)
    event_id: Mapped[str]
    skills: Mapped[list[Any]]
    """Names of the skills that the item needs."""
    item: Mapped[str | None]
    correct: Mapped[bool]
    occurred_at: Mapped[datetime]
    arrival: Mapped[int]
    """How many responses of the student were stored before this one."""
    received_at: Mapped[datetime] = mapped_column(default=utc_now)


class StudentState(Base):
    """A student as one model sees them after `n_interactions` responses.

    The arrays hold one number for each of the model's K skills, in the order of `skills.position`.
    """

    __tablename__ = "student_states"
    # By model first: the states of one model lie together, and are written and read in the order of students.
    __table_args__ = (PrimaryKeyConstraint("model_id", "student_pk"),)

    model_id: Mapped[UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    student_pk: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"), index=True)
    theta: Mapped[float]
    theta_reference: Mapped[float]
    theta_reference_sd: Mapped[float]
    n_interactions: Mapped[int]
    """Responses included, also those on skills that the model does not know."""
    as_of: Mapped[datetime]
    mastery: Mapped[NDArray[np.float32]] = mapped_column(Packed("f4"))
    probability: Mapped[NDArray[np.float32]] = mapped_column(Packed("f4"))
    mastery_reference: Mapped[NDArray[np.float32]] = mapped_column(Packed("f4"))
    evidence: Mapped[NDArray[np.int32]] = mapped_column(Packed("i4"))
    """Responses on the skill."""
    last_practised: Mapped[NDArray[np.int64]] = mapped_column(Packed("i8"))
    """Time of the last response on the skill, in µs since 1970 in UTC; 0 is never, here and below."""
    mastered_at: Mapped[NDArray[np.int64]] = mapped_column(Packed("i8"))
    """Time of the response after which the skill was first mastered."""


class CohortMember(Owned, Base):
    """A student in a group that the caller named: a class, a school, a year."""

    __tablename__ = "cohort_members"
    __table_args__ = (PrimaryKeyConstraint("tenant_pk", "cohort", "student_pk"),)

    cohort: Mapped[str]
    student_pk: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"), index=True)
