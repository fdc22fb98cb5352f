"""A span for each request, with the trace that the caller goes on with."""

from opentelemetry.trace import SpanKind, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.tracing import flush, received, stage, start_tracing

__all__ = ["Traced", "flush", "start_tracing"]

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
FAILED = 500


class Traced:
    """ASGI middleware. Addresses hold ids of students, so spans name the route and nothing else of them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        with stage(method, kind=SpanKind.SERVER, context=received(Headers(scope=scope))) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= FAILED:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            span.set_attribute("http.request.method", method)
            try:
                await self.app(scope, receive, send_noted)
            finally:
                route = getattr(scope.get("route"), "path", None)
                if route is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
