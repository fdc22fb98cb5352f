"""What each operation needs, said where it is declared."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from api.principal import SCOPES, principal_of
from api.services.refusals import ScopeMissing

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MARK = "needed_scope"


def needs(scope: str) -> Callable[[Endpoint], Endpoint]:
    """Declare the scope of an endpoint, right above its function."""
    assert scope in SCOPES, scope

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, scope)
        return endpoint

    return mark


def scope_of(endpoint: Callable[..., Any]) -> str | None:
    """What it needs; None where nothing is needed."""
    found: str | None = getattr(endpoint, _MARK, None)
    return found


def require(request: Scope, needed: str) -> None:
    """Raises ScopeMissing."""
    if not principal_of(request).may(needed):
        raise ScopeMissing(needed)


class ScopedRoute(APIRoute):
    """A route of which nothing is read, no body and no parameter, for a key that lacks its scope."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        needed = scope_of(endpoint)
        if needed is None:
            raise TypeError(f"{path}: {endpoint.__name__} must say which scope it `needs`")
        self.needed = needed
        self.audited_as = self.operation_id

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ScopeMissing."""
        if scope["method"] in (self.methods or ()):
            require(scope, self.needed)
        await super().handle(scope, receive, send)
