"""The right to score students who are due under their serving model: one worker at a time has it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from db.lifecycle import ModelStatus
from db.models import Model, Student
from db.repositories import leases
from db.repositories.models import get_model

SERVING = ModelStatus.SERVING


def claim_scoring(
    session: Session,
    owner: str,
    *,
    lease_seconds: float,
    job_version: int = leases.FIRST_JOB_VERSION,
    besides: Collection[UUID] = (),
    now: datetime | None = None,
) -> Model | None:
    """A serving model, for `owner` to score under; None when nobody waits or other workers are at it.

    Of several tenants' models the one that was longest without a worker, and none of those in `besides`.
    A model that needs a newer worker than one of `job_version` is left to that.
    """
    now = now or leases.shared_now(session)
    wanted = select(Model.id).where(*_wanted(now, job_version), Model.id.not_in(besides))
    first = wanted.order_by(Model.heartbeat_at.asc().nulls_first()).limit(1).correlate(None)
    # On PostgreSQL several workers that claim at once take different ones, and nobody waits.
    chosen = first.with_for_update(skip_locked=True).scalar_subquery()
    statement = (
        update(Model)
        .where(Model.id == chosen, Model.status == SERVING)
        .values(
            lease_owner=owner,
            lease_expires_at=now + timedelta(seconds=lease_seconds),
            heartbeat_at=now,
        )
        .returning(Model.id)
        .execution_options(synchronize_session=False)
    )
    claimed = session.execute(statement).scalar_one_or_none()
    return get_model(session, claimed) if claimed is not None else None


def is_scoring_wanted(
    session: Session, *, job_version: int = leases.FIRST_JOB_VERSION, now: datetime | None = None
) -> bool:
    """Whether students of a tenant are due, whose model serves, and no worker is at it."""
    wanted = select(Model.id).where(*_wanted(now or leases.shared_now(session), job_version))
    return session.scalar(wanted.limit(1)) is not None


def _wanted(now: datetime, job_version: int) -> tuple[ColumnElement[bool], ...]:
    unheld = or_(Model.lease_owner.is_(None), Model.lease_expires_at < now)
    known = Model.job_version <= job_version
    due = select(Student.id).where(Student.tenant_pk == Model.tenant_pk, Student.scoring_due)
    return Model.status == SERVING, known, unheld, exists(due)


def renew_scoring(
    session: Session, model_id: UUID, owner: str, *, lease_seconds: float, now: datetime | None = None
) -> None:
    """Say that the worker is alive. Raises LeaseLost, also when another model serves."""
    now = now or leases.shared_now(session)
    expires = now + timedelta(seconds=lease_seconds)
    leases.update_held(
        session, Model, model_id, owner=owner, held=SERVING, lease_expires_at=expires, heartbeat_at=now
    )


def release_scoring(session: Session, model_id: UUID, owner: str) -> None:
    """Let others score; nothing happens to a lease that was lost."""
    held = (Model.id == model_id, Model.lease_owner == owner, Model.status == SERVING)
    session.execute(
        update(Model).where(*held).values(**leases.NO_LEASE).execution_options(synchronize_session=False)
    )
