"""Making, listing and ending keys, straight on the database."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.principal import SCOPES
from api.security.tokens import Token, successor_prefix
from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.models import ApiKey
from db.repositories import keys, tenants
from db.tenancy import EVERY_TENANT


class KeyEnded(ValueError):
    """A key that nobody can use has no successor."""

    def __init__(self, prefix: str, state: str) -> None:
        super().__init__(f"key {prefix} is {state}; make a new one with `ikt key create`")


class KeySucceeded(ValueError):
    """A key was rotated before: how long it lasted at first is not known any more."""

    def __init__(self, prefix: str, successor: str, state: str) -> None:
        remedy = (
            f"rotate that one, or end this one with `ikt key revoke {prefix}`"
            if state == "valid"
            else "make a new one with `ikt key create`"
        )
        super().__init__(f"key {prefix} has a successor already, {successor}, which is {state}; {remedy}")


@dataclass(frozen=True, slots=True)
class KeyShown:
    """What may be told of a key."""

    id: UUID
    tenant: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    requests_per_minute: int | None
    state: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key. Its token is shown once and kept nowhere."""

    shown: KeyShown
    token: Token
    is_first_of_tenant: bool = False


def issue_key(
    sessions: SessionFactory,
    *,
    tenant: str,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    requests_per_minute: int | None = None,
) -> Issued:
    """A key of a tenant, which is added when it is new."""
    with session_scope(sessions, tenant=EVERY_TENANT) as session:
        is_new = tenants.find_tenant(session, tenant) is None
        token = Token.make()
        key = keys.add_key(
            session,
            tenant_pk=tenants.add_tenant(session, tenant).id,
            name=name,
            prefix=token.prefix,
            secret_hash=token.digest,
            scopes=[scope for scope in SCOPES if scope in scopes],
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
        )
        return Issued(_show(key, tenant), token, is_first_of_tenant=is_new)


def list_keys(sessions: SessionFactory, *, tenant: str | None = None) -> list[KeyShown]:
    """Oldest first; of one tenant, or of all."""
    with read_scope(sessions, tenant=EVERY_TENANT) as session:
        return [_show(key, name) for key, name in keys.list_keys(session, tenant=tenant)]


def has_tenant(sessions: SessionFactory, name: str) -> bool:
    """Whether there is a tenant of that name."""
    with read_scope(sessions, tenant=EVERY_TENANT) as session:
        return tenants.find_tenant(session, name) is not None


def revoke_key(sessions: SessionFactory, identifier: str) -> KeyShown:
    """End a key, by id or prefix; one that was revoked stays so. Raises KeyNotFound."""
    with session_scope(sessions, tenant=EVERY_TENANT) as session:
        key, tenant = keys.get_key(session, identifier, lock=True)
        key.revoked_at = key.revoked_at or utc_now()
        return _show(key, tenant)


def rotate_key(sessions: SessionFactory, identifier: str, *, grace: timedelta) -> tuple[Issued, KeyShown]:
    """A key that may do the same for as long, and the old one, which ends after `grace`.

    Raises KeyNotFound, KeyEnded, KeySucceeded.
    """
    with session_scope(sessions, tenant=EVERY_TENANT) as session:
        # Who revokes it at this moment comes before, and it has no successor, or after it has one.
        old, tenant = keys.get_key(session, identifier, lock=True)
        if (state := _state(old)) != "valid":
            raise KeyEnded(old.prefix, state)
        token = Token.make(successor_prefix(old.secret_hash))
        if successor := keys.find_key(session, token.prefix):
            raise KeySucceeded(old.prefix, successor.prefix, _state(successor))
        new = keys.add_key(
            session,
            tenant_pk=old.tenant_pk,
            name=old.name,
            prefix=token.prefix,
            secret_hash=token.digest,
            scopes=old.scopes,
            requests_per_minute=old.requests_per_minute,
            expires_at=utc_now() + (old.expires_at - old.created_at) if old.expires_at else None,
        )
        _end_after(session, old, grace)
        return Issued(_show(new, tenant), token), _show(old, tenant)


def _end_after(session: Session, key: ApiKey, grace: timedelta) -> None:
    end = utc_now() + grace
    if not grace:
        key.revoked_at = end
    elif key.expires_at is None or key.expires_at > end:
        key.expires_at = end
    session.flush()


def _show(key: ApiKey, tenant: str) -> KeyShown:
    return KeyShown(
        id=key.id,
        tenant=tenant,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(key.scopes),
        requests_per_minute=key.requests_per_minute,
        state=_state(key),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= utc_now() else "valid"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value
