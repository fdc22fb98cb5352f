"""Trained models and the skills they know."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, new_id, status_type, utc_now
from db.lifecycle import ModelStatus
from db.models.access import Owned
from db.models.experiments import Experiment


class Model(Owned, Base):
    """The artefact of a succeeded experiment; at most one of a tenant serves students at a time."""

    __tablename__ = "models"
    __table_args__ = (
        Index(
            "uq_models_serving",
            "tenant_pk",
            unique=True,
            sqlite_where=text("status = 'serving'"),
            postgresql_where=text("status = 'serving'"),
        ),
        Index(None, "tenant_pk", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    experiment_id: Mapped[UUID] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"), unique=True)
    name: Mapped[str]
    artifact: Mapped[str]
    metrics: Mapped[dict[str, Any]]

    status: Mapped[ModelStatus] = mapped_column(status_type(ModelStatus), default=ModelStatus.CANDIDATE)
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=5)
    job_version: Mapped[int] = mapped_column(default=1, server_default="1")
    """The version of the worker's contract that this job needs: older workers leave it."""
    lease_owner: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    rung_at: Mapped[datetime] = mapped_column(default=utc_now)
    rings: Mapped[int] = mapped_column(default=0)
    error_type: Mapped[str | None]
    error_detail: Mapped[str | None]
    scored_through: Mapped[int | None] = mapped_column(BigInteger)
    """Students up to this primary key have been scored by the promotion in progress."""
    ability_sd: Mapped[float | None]
    """How far apart students are on the scale of the reference."""
    erased_students: Mapped[int] = mapped_column(default=0, server_default="0")
    """Students it has learned from who were erased since."""

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    promoted_at: Mapped[datetime | None]

    experiment: Mapped[Experiment] = relationship(lazy="raise", innerjoin=True)


class Skill(Base):
    """One skill of one model, on the scale of its reference."""

    __tablename__ = "skills"
    __table_args__ = (UniqueConstraint("model_id", "name"),)

    model_id: Mapped[UUID] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    difficulty: Mapped[float]
    standard_error: Mapped[float | None]
    n_responses: Mapped[int]
    prior_mastery: Mapped[float | None]
    """What the model says of somebody without a response; so do the two below."""
    prior_probability: Mapped[float | None]
    prior_mastery_reference: Mapped[float | None]
