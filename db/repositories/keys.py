"""API keys: found by their prefix, whatever their tenant. Ask in a scope that sees every tenant."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from db.base import utc_now
from db.errors import KeyNotFound
from db.models import ApiKey, Tenant

Named = tuple[ApiKey, str]
"""A key and the name of its tenant."""


def add_key(
    session: Session,
    *,
    tenant_pk: int,
    name: str,
    prefix: str,
    secret_hash: str,
    scopes: Sequence[str],
    requests_per_minute: int | None = None,
    expires_at: datetime | None = None,
) -> ApiKey:
    """A new key of a tenant."""
    key = ApiKey(
        tenant_pk=tenant_pk,
        name=name,
        prefix=prefix,
        secret_hash=secret_hash,
        scopes=list(scopes),
        requests_per_minute=requests_per_minute,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key


def find_key(session: Session, prefix: str) -> ApiKey | None:
    """The key with that prefix, also when it is revoked or has expired."""
    return session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))


def get_key(session: Session, identifier: str, *, lock: bool = False) -> Named:
    """By id or by prefix; locked, nobody else changes it until the session ends. Raises KeyNotFound."""
    named = select(ApiKey, Tenant.name).join(Tenant, Tenant.id == ApiKey.tenant_pk)
    named = named.where(or_(ApiKey.prefix == identifier, ApiKey.id == _uuid(identifier)))
    if lock:  # SQLite has locked all of it
        named = named.with_for_update(of=ApiKey)
    row = session.execute(named).one_or_none()
    if row is None:
        raise KeyNotFound(identifier)
    return row[0], row[1]


def list_keys(session: Session, *, tenant: str | None = None) -> list[Named]:
    """Oldest first; of one tenant, or of all."""
    named = select(ApiKey, Tenant.name).join(Tenant, Tenant.id == ApiKey.tenant_pk).order_by(ApiKey.id)
    if tenant is not None:
        named = named.where(Tenant.name == tenant)
    return [(key, name) for key, name in session.execute(named)]


def has_keys(session: Session) -> bool:
    """Whether any key lets anybody in."""
    now = utc_now()
    valid = ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    return session.scalar(select(ApiKey.id).where(*valid).limit(1)) is not None


def touch_key(session: Session, key_id: UUID, *, every: timedelta) -> None:
    """Note that it is in use, unless that was noted less than `every` ago."""
    now = utc_now()
    is_due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - every)
    session.execute(update(ApiKey).where(ApiKey.id == key_id, is_due).values(last_used_at=now))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
