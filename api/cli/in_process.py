"""The application without a server: requests go straight into it, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal


class InProcessTransport(httpx.BaseTransport):
    """httpx's asynchronous ASGI transport for a synchronous client."""

    def __init__(self, portal: BlockingPortal, transport: httpx.ASGITransport) -> None:
        self._portal = portal
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._portal.call(self._answer, request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)


@contextmanager
def application_here() -> Iterator[InProcessTransport]:
    """The application on the migrated database; its start and end run as under a server."""
    from api.app import create_app
    from api.doorbell import Doorbell
    from api.principal import let_in
    from db.engine import upgrade
    from db.settings import DatabaseSettings

    class SilentDoorbell(Doorbell):
        """This process does the work itself; no worker is to be woken for it."""

        def ring_training(self, *_: object, **__: object) -> None:
            return None

        def ring_sweep(self, *_: object, **__: object) -> None:
            return None

    upgrade(DatabaseSettings())
    app = create_app()
    resources = app.state.resources
    app.state.resources = replace(resources, doorbell=SilentDoorbell(resources.settings))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
    ):
        yield InProcessTransport(portal, httpx.ASGITransport(let_in(app)))
