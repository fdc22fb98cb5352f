"""Several experiments submitted as one: cross-validations and sweeps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, new_id, status_type, utc_now
from db.lifecycle import SweepStatus
from db.models.access import Owned


class CrossValidation(Owned, Base):
    """The same settings, once with each fold held out. Its state is what its experiments' states make it."""

    __tablename__ = "cross_validations"
    __table_args__ = (UniqueConstraint("tenant_pk", "idempotency_key"), Index(None, "tenant_pk", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    folds: Mapped[list[Any]]
    """The folds that are held out, one experiment each."""
    exclude_folds: Mapped[list[Any]]
    preset: Mapped[str | None]
    config: Mapped[dict[str, Any]]
    config_fingerprint: Mapped[str]
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Sweep(Owned, Base):
    """A search over settings. The row says all that the next trial needs; no process keeps driving it."""

    __tablename__ = "sweeps"
    __table_args__ = (
        Index(None, "status", "rung_at"),
        UniqueConstraint("tenant_pk", "idempotency_key"),
        Index(None, "tenant_pk", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    fold: Mapped[int]
    """The fold that the settings are chosen on."""
    exclude_folds: Mapped[list[Any]]
    preset: Mapped[str | None]
    config: Mapped[dict[str, Any]]
    """Settings of every trial that replace the preset's; a trial's own come on top."""
    device: Mapped[str] = mapped_column(default="auto")
    search: Mapped[dict[str, Any]]
    """Method, space, and the sampler's seed."""
    metric: Mapped[str]
    direction: Mapped[str]
    pruner: Mapped[dict[str, Any]]
    parallel: Mapped[int]
    """Most trials in flight."""
    n_trials: Mapped[int]

    status: Mapped[SweepStatus] = mapped_column(status_type(SweepStatus), default=SweepStatus.RUNNING)
    job_version: Mapped[int] = mapped_column(default=1, server_default="1")
    """The version of the worker's contract that this job needs: older workers leave it."""
    n_created: Mapped[int] = mapped_column(default=0)
    """Trials queued so far, which is the number of the next one."""
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[str | None]
    rung_at: Mapped[datetime] = mapped_column(default=utc_now)
    """When a message about this sweep was last sent, or was about to be."""
    rings: Mapped[int] = mapped_column(default=0)
    """Messages that the janitor repeated since the sweep last moved."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    error_type: Mapped[str | None]
    """What ended it before its last trial, where that was no decision of anybody's."""
    error_detail: Mapped[str | None]
