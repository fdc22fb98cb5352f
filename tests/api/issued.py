"""Keys as tests make them, and requests that show them."""

from collections.abc import Iterator
from typing import Any

import httpx
from fastapi.routing import APIRoute

from api.security.issue import Issued, issue_key
from api.security.scopes import ScopedRoute
from tests.api.support import Service


def issue(service: Service, *scopes: str, tenant: str = "default", **limits: Any) -> Issued:
    """A key of the service."""
    return issue_key(service.sessions, tenant=tenant, name="test", scopes=scopes, **limits)


def ask(service: Service, key: Issued | str | None, path: str = "/presets", **options: Any) -> httpx.Response:
    """A request with that key, or with none."""
    request = service.client.build_request(options.pop("method", "GET"), path, **options)
    if "Authorization" not in (options.get("headers") or {}):
        del request.headers["Authorization"]
    if key is not None:
        request.headers["Authorization"] = f"Bearer {key.token.text if isinstance(key, Issued) else key}"
    return service.client.send(request)


def operations(service: Service) -> Iterator[tuple[str, str, str | None]]:
    """Method, a path with something in place of its parameters, and the scope: of every operation."""
    for route in service.app.state.api_routes:
        assert isinstance(route, APIRoute)
        path = route.path_format
        for name in route.param_convertors:
            path = path.replace("{" + name + "}", "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f")
        needed = route.needed if isinstance(route, ScopedRoute) else None
        for method in sorted(route.methods or ()):
            yield method, path, needed
