"""No request body grows without bound: the reader of a body decides how much it takes.

A body that is compressed is refused before a byte of it is read: what it unpacks to has no bound.
"""

from anyio import move_on_after
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyRefused
from api.media_types import is_json, media_type_of
from api.services.refusals import BodyCompressed, TooManyValues, UploadTooLarge

LINGER_SECONDS = 5
MOST_VALUES = 200_000  # of a JSON document; each may be wrong, and telling so costs more than reading it
_LIMIT_KEY = "ikt.body_limit_bytes"
_VALUES_KEY = "ikt.counts_values"


class BodyLimit:
    """ASGI middleware that counts the body's bytes and refuses the first one beyond the limit."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        scope[_LIMIT_KEY] = self.limit_bytes
        scope[_VALUES_KEY] = True
        body = _CountedBody(scope, receive)

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.discard_rest()
                if not body.is_over:
                    # The server will close: a client that is not told would send its next request into that.
                    MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self.app(scope, body.receive, send_after_body)


def _has_body(scope: Scope) -> bool:
    """HTTP/1 announces every body; of other versions nothing is known beforehand."""
    announced = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
    return announced or not scope["http_version"].startswith("1")


def raise_limit(scope: Scope, limit_bytes: int) -> None:
    """Let this request's body grow up to `limit_bytes`; call it before the first read."""
    scope[_LIMIT_KEY] = limit_bytes


def leave_uncounted(scope: Scope) -> None:
    """Let this request's JSON hold any number of values, for a reader that bounds them itself."""
    scope[_VALUES_KEY] = False


class _CountedBody:
    """What has come of a request's body so far."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        self._scope = scope
        self._receive = receive
        self._declared = int(length) if length.isdecimal() else 0
        self._waits_for_leave = "expect" in headers
        self._encoding = headers.get("content-encoding", "identity").strip().lower()
        self._is_json = is_json(media_type_of(headers))
        self._n_values = 0
        self.is_over = not self._declared and "transfer-encoding" not in headers
        self._received = 0

    async def receive(self) -> Message:
        """The next piece. Raises BodyRefused for an encoded body, and for the first piece beyond a limit."""
        if self._encoding != "identity":
            raise BodyRefused(BodyCompressed(self._encoding))
        limit = self._scope[_LIMIT_KEY]
        if self._declared > limit:
            raise BodyRefused(UploadTooLarge(limit))
        message = await self._receive()
        self._count(message)
        if self._received > limit:
            raise BodyRefused(UploadTooLarge(limit))
        if self._is_json and self._scope[_VALUES_KEY]:
            # Commas within texts count as well: the bound is far above what any operation takes.
            self._n_values += message.get("body", b"").count(b",")
            if self._n_values > MOST_VALUES:
                raise BodyRefused(TooManyValues(MOST_VALUES))
        return message

    async def discard_rest(self) -> None:
        """Read on for a while: closing on a client that still sends would cost it the answer."""
        if self.is_over or (self._waits_for_leave and not self._received):
            return
        with move_on_after(LINGER_SECONDS):
            while not self.is_over:
                self._count(await self._receive())

    def _count(self, message: Message) -> None:
        self._received += len(message.get("body", b""))
        self.is_over = not message.get("more_body", False)
