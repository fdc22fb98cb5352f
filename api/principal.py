"""Who asks: the tenant whose things a request may see, and what its key lets it do."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from db.models.access import DEFAULT_TENANT

SCOPES = ("read", "ingest", "train", "admin")
"""What keys may allow; `admin` implies the others."""
PLACE = "ikt.principal"
STILL_PLACE = "ikt.still_let_in"
StillLetIn = Callable[[], Awaitable[bool]]
"""Asked by whoever goes on answering for long: whether the key that was shown is valid to this day."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Behind one request. `key_id` is None while keys are off."""

    tenant_pk: int
    key_id: UUID | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


NOBODY_IN_PARTICULAR = Principal(DEFAULT_TENANT, None, frozenset(SCOPES))
"""Whoever asks while keys are off."""


def principal_of(scope: MutableMapping[str, Any]) -> Principal:
    """Whom the door let in. Raises KeyError behind a door that lets in anybody, like that of /readyz."""
    found: Principal = scope[PLACE]
    return found


def still_let_in_of(scope: MutableMapping[str, Any]) -> StillLetIn:
    """How to ask again; who came without a key always may stay."""
    found: StillLetIn = scope.get(STILL_PLACE, _always)
    return found


async def _always() -> bool:
    return True


def let_in(app: ASGIApp, principal: Principal = NOBODY_IN_PARTICULAR) -> ASGIApp:
    """The application for callers within its own process, who have its database at hand anyway."""

    async def as_principal(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, PLACE: principal}, receive, send)

    return as_principal
