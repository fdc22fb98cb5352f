"""Tenants, and the keys that speak for them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, BigKey, new_id, utc_now

DEFAULT_TENANT = 1
"""The tenant that is there from the start: its primary key."""
DEFAULT_TENANT_NAME = "default"


class Tenant(Base):
    """Somebody whose students, data and models nobody else sees."""

    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Owned:
    """A row of one tenant. A session adds the tenant to whatever it asks of such a table (db.tenancy)."""

    tenant_pk: Mapped[int] = mapped_column(BigKey, ForeignKey("tenants.id"))


class ApiKey(Owned, Base):
    """A secret that a program shows to act for a tenant. Only its hash is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "tenant_pk", "id"), UniqueConstraint("prefix"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    prefix: Mapped[str]
    """The part of the key that is no secret: by it the row is found."""
    secret_hash: Mapped[str]
    """SHA-256 of the whole key, in hexadecimal digits."""
    scopes: Mapped[list[Any]]
    requests_per_minute: Mapped[int | None]
    """None is the limit of the settings."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
