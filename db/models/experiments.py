"""Training runs and what they measured."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, new_id, status_type, utc_now
from db.lifecycle import ExperimentStatus
from db.models.access import Owned
from db.models.datasets import Dataset


class Experiment(Owned, Base):
    """One training run. The row is the truth about it; messages only wake somebody up to read it."""

    __tablename__ = "experiments"
    __table_args__ = (
        Index(None, "status", "lease_expires_at"),
        Index(None, "status", "rung_at"),
        # Two workers that advance one sweep never queue the same trial.
        UniqueConstraint("sweep_id", "trial"),
        UniqueConstraint("tenant_pk", "idempotency_key"),
        Index(None, "tenant_pk", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id", ondelete="RESTRICT"), index=True)
    fold: Mapped[int]
    exclude_folds: Mapped[list[Any]] = mapped_column(default=list)
    """Folds whose students are left out altogether, in ascending order."""
    cross_validation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("cross_validations.id", ondelete="SET NULL"), index=True
    )
    sweep_id: Mapped[UUID | None] = mapped_column(ForeignKey("sweeps.id", ondelete="SET NULL"))
    trial: Mapped[int | None]
    """Its number in the sweep, from 0."""
    trial_settings: Mapped[dict[str, Any] | None]
    """The settings that the sweep chose, by dotted name."""
    preset: Mapped[str | None] = mapped_column(index=True)
    config: Mapped[dict[str, Any]]
    config_fingerprint: Mapped[str] = mapped_column(index=True)
    seed: Mapped[int]

    status: Mapped[ExperimentStatus] = mapped_column(
        status_type(ExperimentStatus), default=ExperimentStatus.QUEUED
    )
    attempt: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=5)
    job_version: Mapped[int] = mapped_column(default=1, server_default="1")
    """The version of the worker's contract that this job needs: older workers leave it."""
    lease_owner: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[float] = mapped_column(default=0.0)
    epochs_done: Mapped[int] = mapped_column(default=0)
    epochs: Mapped[int]

    code_version: Mapped[str | None]
    package_versions: Mapped[dict[str, Any] | None]
    device: Mapped[str] = mapped_column(default="auto")
    """The device asked for, which says whose bell rings."""
    device_used: Mapped[str | None]
    """The device that the newest attempt ran on."""
    devices: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many of one machine train it together."""
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    """Sentences of what the training gave cause to doubt."""
    error_type: Mapped[str | None]
    error_detail: Mapped[str | None]
    metrics: Mapped[dict[str, Any] | None]
    """Final held-out metrics."""
    content_hash: Mapped[str | None]
    """Of the dataset as the newest attempt read it: students may have been erased from it since."""
    erased_students: Mapped[int] = mapped_column(default=0, server_default="0")
    """Students it was trained on who were erased since."""

    idempotency_key: Mapped[str | None]
    request_hash: Mapped[str | None]
    rung_at: Mapped[datetime] = mapped_column(default=utc_now)
    """When a message about this queued row was last sent, or was about to be."""
    rings: Mapped[int] = mapped_column(default=0)
    """Messages that the janitor repeated since the row was queued."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    dataset: Mapped[Dataset] = relationship(lazy="raise", innerjoin=True)


class EpochMetrics(Base):
    """What one epoch measured."""

    __tablename__ = "epoch_metrics"

    experiment_id: Mapped[UUID] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    metrics: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    recorded_at: Mapped[datetime] = mapped_column(default=utc_now)
