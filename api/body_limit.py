"""No request body grows without bound: the reader of a body decides how much it takes."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import too_large
from api.services.refusals import UploadTooLarge

_LIMIT_KEY = "ikt.body_limit_bytes"


class BodyLimit:
    """ASGI middleware that counts the body's bytes and refuses the first one beyond the limit."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope[_LIMIT_KEY] = self.limit_bytes
        declared = _declared_length(scope)
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            if declared > scope[_LIMIT_KEY]:
                raise too_large(UploadTooLarge(scope[_LIMIT_KEY]))
            message = await receive()
            received += len(message.get("body", b""))
            if received > scope[_LIMIT_KEY]:
                raise too_large(UploadTooLarge(scope[_LIMIT_KEY]))
            return message

        await self.app(scope, receive_counted, send)


def raise_limit(scope: Scope, limit_bytes: int) -> None:
    """Let this request's body grow up to `limit_bytes`; call it before the first read."""
    scope[_LIMIT_KEY] = limit_bytes


def _declared_length(scope: Scope) -> int:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() else 0
