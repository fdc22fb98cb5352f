"""Datasets and the reference models fitted on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, new_id, utc_now
from db.models.access import Owned


class Dataset(Owned, Base):
    """One uploaded file, read, checked and stored in columns."""

    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("tenant_pk", "content_hash"), Index(None, "tenant_pk", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    format: Mapped[str]
    content_hash: Mapped[str]
    n_students: Mapped[int]
    n_responses: Mapped[int]
    n_skills: Mapped[int]
    n_folds: Mapped[int]
    share_correct: Mapped[float]
    statistics: Mapped[dict[str, Any]]
    artifact: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Calibration(Base):
    """A reference model fitted on all folds of a dataset but the held-out and the excluded ones."""

    __tablename__ = "calibrations"
    __table_args__ = (UniqueConstraint("dataset_id", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    dataset_id: Mapped[UUID] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    fold: Mapped[int]
    exclude_folds: Mapped[list[Any]]
    reference: Mapped[str]
    settings: Mapped[dict[str, Any]]
    key: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
