"""The door: who asks, whether they may, and how often, before anything is read of the request."""

from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import tell_refusal
from api.principal import NOBODY_IN_PARTICULAR, PLACE, STILL_PLACE
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
        scope[STILL_PLACE] = partial(self._still_lets_in, text)
        limit = held.requests_per_minute or self._default_limit
        return await self.limits.take(held.counted_as, limit)

    async def find(self, text: str | None, scope: Scope, *, to_read: bool) -> Held:
        """The key that was sent. Raises as `admit` does."""
        token = Token.read(text) if text else None
        address = address_of(scope)
        if token is None or not self.keyring.knows(token):
            self.strangers.refuse_many(address)
        if token is None:
            self.strangers.count(address)
            refused = _unread(text)
            self.refused.note_refusal(address, refused, None)
            raise refused
        # Before the look-up, or all that come during it would be looked up as well.
        counted = None if self.keyring.expects(token) else self.strangers.count(address)
        try:
            held = await self.keyring.find(token, to_read=to_read)
        except KeyRefused as refusal:
            if counted is None:
                self.strangers.count(address)
            self.refused.note_refusal(address, refusal, token)
            raise
        except (OperationalError, PoolExhausted):
            self.strangers.take_back(address, counted)
            raise
        self.strangers.take_back(address, counted)
        return held

    async def _still_lets_in(self, text: str | None) -> bool:
        """Nothing is counted, for it is the same request; what can't be found out for long is a refusal."""
        token = Token.read(text or "")
        if token is None:
            return False
        try:
            await self.keyring.find(token, to_read=True)
        except (KeyRefused, OperationalError, PoolExhausted):
            return False
        return True


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
    if isinstance(address, IPv6Address):
        # A socket for both versions writes IPv4 so; all such addresses are in one network.
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((address, 64), strict=False))
    return str(address)


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


def _unread(text: str | None) -> KeyMissing | KeyRefused:
    if text is None:
        return KeyMissing()
    return KeyRefused() if text else KeyMisplaced()


def _saying(quota: Quota, send: Send) -> Send:
    async def say(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *quota.headers()]}
        await send(message)

    return say
