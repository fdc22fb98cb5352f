"""Keys as one process knows them: looked up in a thread, then kept for a few seconds."""

import asyncio
import hmac
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from api.principal import Principal
from api.security.tokens import Token
from api.services.refusals import KeyRefused
from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.repositories import keys
from db.tenancy import EVERY_TENANT

logger = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""How long a key is believed: after that at the latest, a revoked one is refused."""
STALE_SECONDS = 300.0
"""How long it goes on to be believed for reading while the database doesn't answer."""
RETRY_SECONDS = 1.0
MOST_KEPT = 10_000
AT_ONCE = 4
"""Keys that are looked up at one time, so that nobody's guesses take all threads and connections; as many
more of those that were valid a short while ago, which wait for no guess."""
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Held:
    """A key that was valid when it was last looked up."""

    principal: Principal
    key_id: UUID
    requests_per_minute: int | None
    expires_at: datetime | None
    checked_at: float
    fresh_until: float
    counted_as: str

    def refuse_expired(self) -> None:
        """Raises KeyRefused."""
        if self.expires_at is not None and self.expires_at <= utc_now():
            raise KeyRefused(f"expired on {self.expires_at:%Y-%m-%d %H:%M} UTC", kind="expired")


@dataclass(slots=True)
class Keyring:
    """Asks the database for a key at most once in FRESH_SECONDS; on the event loop it never waits for it."""

    sessions: SessionFactory
    fresh_seconds: float = FRESH_SECONDS
    _held: "OrderedDict[str, Held]" = field(default_factory=OrderedDict)
    _asked: dict[str, "asyncio.Task[Held]"] = field(default_factory=dict)
    _noting: "set[asyncio.Task[None]]" = field(default_factory=set)
    _places: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))
    _known_places: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))

    def knows(self, token: Token) -> bool:
        """Whether it was valid a short while ago."""
        return token.digest in self._held

    def expects(self, token: Token) -> bool:
        """Whether it costs no look-up of a stranger: it is known, or being looked up for another request."""
        return self.knows(token) or token.digest in self._asked

    async def find(self, token: Token, *, to_read: bool) -> Held:
        """Raises KeyRefused; OperationalError and PoolExhausted when the database can't be asked."""
        held = self._held.get(token.digest)
        if held is None or monotonic() >= held.fresh_until:
            held = await self._refresh(token, held, to_read=to_read)
        held.refuse_expired()
        return held

    async def close(self) -> None:
        """Wait for what is still being noted."""
        await asyncio.gather(*self._noting, *self._asked.values(), return_exceptions=True)

    async def _refresh(self, token: Token, held: Held | None, *, to_read: bool) -> Held:
        try:
            return await self._ask_once(token)
        except (OperationalError, PoolExhausted):
            if held is None or monotonic() - held.checked_at > STALE_SECONDS or not to_read:
                raise
            held.fresh_until = monotonic() + RETRY_SECONDS
            return held
        except KeyRefused:
            self._held.pop(token.digest, None)
            raise

    async def _ask_once(self, token: Token) -> Held:
        """Requests that come together wait for one answer; one that goes away takes it from nobody."""
        task = self._asked.get(token.digest)
        if task is None:
            task = self._asked[token.digest] = asyncio.create_task(self._ask(token))
            task.add_done_callback(partial(self._answered, token.digest))
        return await asyncio.shield(task)

    def _answered(self, digest: str, task: "asyncio.Task[Held]") -> None:
        del self._asked[digest]
        if not task.cancelled():
            task.exception()  # seen, even when everybody who waited for it has gone

    async def _ask(self, token: Token) -> Held:
        places = self._known_places if self.knows(token) else self._places
        held, use_is_old = await run_sync(self._look_up, token, limiter=places)
        self._held[token.digest] = held
        while len(self._held) > MOST_KEPT:
            self._held.popitem(last=False)
        if use_is_old:
            noting = asyncio.create_task(self._note_use(held.key_id))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
        return held

    def _look_up(self, token: Token) -> tuple[Held, bool]:
        asked_at = monotonic()
        with read_scope(self.sessions, tenant=EVERY_TENANT) as session:
            key = keys.find_key(session, token.prefix)
        if key is None or not hmac.compare_digest(key.secret_hash, token.digest):
            raise KeyRefused
        if key.revoked_at is not None:
            raise KeyRefused("was revoked", kind="revoked")
        held = Held(
            principal=Principal(key.tenant_pk, key.id, frozenset(key.scopes)),
            key_id=key.id,
            requests_per_minute=key.requests_per_minute,
            expires_at=key.expires_at,
            checked_at=asked_at,
            fresh_until=asked_at + self.fresh_seconds,
            counted_as=key.id.hex,
        )
        held.refuse_expired()
        return held, key.last_used_at is None or key.last_used_at < utc_now() - USE_NOTED_EVERY

    async def _note_use(self, key_id: UUID) -> None:
        try:
            await run_sync(self._write_use, key_id)
        except Exception:
            logger.warning("the use of a key is not noted: key_id=%s", key_id, exc_info=True)

    def _write_use(self, key_id: UUID) -> None:
        with session_scope(self.sessions, tenant=EVERY_TENANT) as session:
            keys.touch_key(session, key_id, every=USE_NOTED_EVERY)
