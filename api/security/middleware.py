"""The door: who asks, whether they may, and how often, before anything is read of the request."""

from ipaddress import ip_address, ip_network

from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import tell_refusal
from api.principal import NOBODY_IN_PARTICULAR, PLACE
from api.rate_limits import KeyLimitReached, Quota, RateLimits, Strangers
from api.security.keyring import Held, Keyring
from api.security.places import SAFE_METHODS, require_own_page, require_this_machine
from api.security.refused_requests import RefusedRequests
from api.security.tokens import Token
from api.services.refusals import AccessRefused, KeyMisplaced, KeyMissing, KeyRefused
from api.settings import ApiSettings
from db.engine import SessionFactory

COOKIE = "ikt_key"
OPEN = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/sign-in", "/sign-out", "/"})
OPEN_UNDER = ("/problems/", "/dashboard/", "/docs/")
"""What anybody may see: health, documentation, and the pages, which ask for all else with a key."""


class Door:
    """Keys and limits of one application."""

    def __init__(self, sessions: SessionFactory, settings: ApiSettings) -> None:
        self.keyring = Keyring(sessions)
        self.limits = RateLimits(settings.broker_url)
        self.strangers = Strangers(settings.refused_per_minute)
        self.refused = RefusedRequests()
        self._default_limit = settings.requests_per_minute

    async def close(self) -> None:
        """Finish what is being noted, and give connections back."""
        self.refused.close()
        await self.keyring.close()
        await self.limits.close()

    async def admit(self, scope: Scope) -> Quota:
        """Say in the scope who asks, and count the request.

        Raises KeyMissing, KeyRefused, ForeignPage, TooManyRequests; OperationalError, PoolExhausted.
        """
        text, is_cookie = _credentials(scope)
        if is_cookie and scope["method"] not in SAFE_METHODS:
            require_own_page(scope)
        held = await self.find(text, scope, to_read=scope["method"] in SAFE_METHODS)
        scope[PLACE] = held.principal
        limit = held.requests_per_minute or self._default_limit
        return await self.limits.take(held.counted_as, limit)

    async def find(self, text: str | None, scope: Scope, *, to_read: bool) -> Held:
        """The key that was sent. Raises as `admit` does."""
        token = Token.read(text) if text else None
        if token is None or not self.keyring.knows(token):
            self.strangers.refuse_many(address_of(scope))
        try:
            if text is None:
                raise KeyMissing
            if token is None:
                raise KeyRefused if text else KeyMisplaced
            return await self.keyring.find(token, to_read=to_read)
        except (KeyMissing, KeyRefused) as refusal:
            self.strangers.count(address_of(scope))
            self.refused.note_refusal(address_of(scope), refusal, token)
            raise


class Access:
    """ASGI middleware; a request that is refused is answered here, before its body is read.

    Who calls the application within its process says who they are, and is believed.
    """

    def __init__(self, app: ASGIApp, *, door: Door, is_open: bool) -> None:
        self.app = app
        self.door = door
        self.is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or PLACE in scope:
            await self.app(scope, receive, send)
            return
        quota = None
        try:
            if self.is_open:
                require_this_machine(scope)
                scope[PLACE] = NOBODY_IN_PARTICULAR
            elif not _is_open(scope["path"]):
                quota = await self.door.admit(scope)
        except (AccessRefused, OperationalError, PoolExhausted) as error:
            refusal = tell_refusal(Request(scope), error)
            if isinstance(error, KeyLimitReached):
                refusal.raw_headers.extend(error.quota.headers())
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send if quota is None else _saying(quota, send))


def address_of(scope: Scope) -> str:
    """Who counts as one: an address, or the network that one customer has of IPv6."""
    client = scope.get("client")
    try:
        address = ip_address(client[0] if client else "")
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def _is_open(path: str) -> bool:
    return path in OPEN or path == "/dashboard" or path.startswith(OPEN_UNDER)


def _credentials(scope: Scope) -> tuple[str | None, bool]:
    """The key that came, and whether a cookie brought it."""
    cookies = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, rest = value.decode("latin-1").partition(" ")
            return (rest.strip() if scheme.lower() == "bearer" else ""), False
        if name == b"cookie":
            cookies = value
    text = cookie_parser(cookies.decode("latin-1")).get(COOKIE)
    return text, text is not None


def _saying(quota: Quota, send: Send) -> Send:
    async def say(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *quota.headers()]}
        await send(message)

    return say
