"""Tenants, by name."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.base import utc_now
from db.models import Tenant
from db.repositories.upserts import insert_into


def find_tenant(session: Session, name: str) -> Tenant | None:
    """The tenant of that name, if there is one."""
    return session.scalar(select(Tenant).where(Tenant.name == name))


def add_tenant(session: Session, name: str) -> Tenant:
    """The tenant of that name, added where there is none yet."""
    values = {"name": name, "created_at": utc_now()}
    session.execute(
        insert_into(session, Tenant).values(values).on_conflict_do_nothing(index_elements=["name"])
    )
    return session.scalars(select(Tenant).where(Tenant.name == name)).one()


def list_tenants(session: Session) -> Sequence[Tenant]:
    """All of them, by name."""
    return session.scalars(select(Tenant).order_by(Tenant.name)).all()
