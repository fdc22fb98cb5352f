"""How many requests a key may make per minute, and an address that shows no valid one.

Counts are shared by all processes where there is Redis. A process takes a hundredth of a limit from the
shared count at once and spends it by itself, so that a request seldom waits for Redis, and a refusal never.
"""

import logging
import time
from asyncio import Lock
from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from api.services.refusals import TooManyRequests

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
REDIS_SECONDS = 0.5
"""Longest wait for Redis."""
WITHOUT_REDIS_SECONDS = 10.0
"""How long a process counts for itself before it tries Redis again."""
MOST_AT_ONCE = 1000
MOST_KEPT = 10_000
"""Keys and addresses that are counted at one time; those seen first are forgotten first."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a limit."""

    limit: int
    left: int
    reset_seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """As draft-ietf-httpapi-ratelimit-headers says it."""
        return [
            (b"ratelimit-policy", b'"key";q=%d;w=%d' % (self.limit, WINDOW_SECONDS)),
            (b"ratelimit", b'"key";r=%d;t=%d' % (self.left, self.reset_seconds)),
        ]


class KeyLimitReached(TooManyRequests):
    """With what is left, which is nothing."""

    def __init__(self, quota: Quota) -> None:
        self.quota = quota
        super().__init__(quota.limit, retry_after_seconds=quota.reset_seconds, whose="this key")


@dataclass(slots=True)
class _Taken:
    """What this process has taken from a key's count and not spent yet."""

    limit: int = 0
    here: int = 0
    beyond: int = 0  # left in the shared count when it was last asked
    until: float = 0.0  # when the window ends, by a clock that nobody sets
    lock: Lock = field(default_factory=Lock)

    def is_of_now(self, limit: int) -> bool:
        """Whether it says what to do with a request: let it in, or refuse it until the window ends."""
        return limit == self.limit and monotonic() < self.until and (self.here > 0 or self.beyond <= 0)

    def quota(self) -> Quota:
        seconds = max(1, ceil(self.until - monotonic()))
        return Quota(self.limit, self.here + max(0, self.beyond), seconds)


class RateLimits:
    """Limits of keys, in fixed windows of a minute that begin with a key's first request."""

    def __init__(self, broker_url: str) -> None:
        # The library's own count of a process goes by a clock that can be set.
        self._alone: OrderedDict[tuple[str, int], tuple[int, float]] = OrderedDict()
        self._pool: ConnectionPool | None = None
        self._shared: FixedWindowRateLimiter | None = None
        self._shared_again = 0.0
        self._taken: OrderedDict[str, _Taken] = OrderedDict()
        if broker_url.startswith(("redis://", "rediss://")):
            self._pool = ConnectionPool.from_url(
                broker_url,
                socket_timeout=REDIS_SECONDS,
                socket_connect_timeout=REDIS_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
            storage = RedisStorage(
                f"async+{broker_url}",
                implementation="redispy",
                connection_pool=self._pool,  # type: ignore[arg-type]
                key_prefix="ikt-limits",
            )
            self._shared = FixedWindowRateLimiter(storage)

    async def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            await self._pool.aclose()

    async def take(self, who: str, limit: int) -> Quota:
        """One request of a key. Raises KeyLimitReached."""
        taken = self._taken.get(who)
        if taken is None:
            taken = self._taken[who] = _Taken()
            if len(self._taken) > MOST_KEPT:
                self._taken.popitem(last=False)
        if not taken.is_of_now(limit):
            async with taken.lock:
                if not taken.is_of_now(limit):
                    await self._renew(taken, who, limit)
        if taken.here < 1:
            raise KeyLimitReached(taken.quota())
        taken.here -= 1
        return taken.quota()

    async def _renew(self, taken: _Taken, who: str, limit: int) -> None:
        if self._shared is not None and monotonic() >= self._shared_again:
            try:
                await _renew_shared(self._shared, taken, who, limit)
            except (RedisError, OSError, TimeoutError) as error:
                if not self._shared_again:
                    logger.warning("Redis does not count requests, each process does for itself: %s", error)
                self._shared_again = monotonic() + WITHOUT_REDIS_SECONDS
            else:
                if self._shared_again:
                    logger.warning("Redis counts requests again")
                self._shared_again = 0.0
                return
        self._renew_alone(taken, who, limit)

    def _renew_alone(self, taken: _Taken, who: str, limit: int) -> None:
        now = monotonic()
        left, until = self._alone.get((who, limit), (limit, 0.0))
        if now >= until:
            left, until = limit, now + WINDOW_SECONDS
        share = min(share_of(limit), left)
        self._alone[who, limit] = left - share, until
        if len(self._alone) > MOST_KEPT:
            self._alone.popitem(last=False)
        taken.limit, taken.here, taken.beyond, taken.until = limit, share, left - share, until


async def _renew_shared(limiter: FixedWindowRateLimiter, taken: _Taken, who: str, limit: int) -> None:
    item = RateLimitItemPerMinute(limit)
    before = await limiter.get_window_stats(item, who)
    share = min(share_of(limit), before.remaining)
    is_within = share > 0 and await limiter.hit(item, who, cost=share)
    window = await limiter.get_window_stats(item, who)
    seconds = min(max(window.reset_time - time.time(), 0.0), WINDOW_SECONDS)
    taken.limit, taken.until = limit, monotonic() + seconds
    taken.here, taken.beyond = (share, window.remaining) if is_within else (0, 0)


def share_of(limit: int) -> int:
    """What a process takes at once."""
    return max(1, min(limit // 100, MOST_AT_ONCE))


class Strangers:
    """Requests without a valid key, by the address they come from; the oldest addresses are forgotten."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def refuse_many(self, address: str) -> None:
        """Raises TooManyRequests when too many came from there within a minute."""
        count, until = self._seen.get(address, (0, 0.0))
        seconds = until - monotonic()
        if count >= self.limit and seconds > 0:
            whose = "an address without a valid key"
            raise TooManyRequests(self.limit, retry_after_seconds=ceil(seconds), whose=whose)

    def count(self, address: str) -> float:
        """One more, in the minute that ends at the moment that is given back."""
        now = monotonic()
        count, until = self._seen.get(address, (0, 0.0))
        count, until = (count + 1, until) if now < until else (1, now + WINDOW_SECONDS)
        self._seen[address] = count, until
        if len(self._seen) > MOST_KEPT:
            self._seen.popitem(last=False)
        return until

    def take_back(self, address: str, counted: float | None) -> None:
        """One less, of what was counted: it was no stranger."""
        count, until = self._seen.get(address, (0, 0.0))
        if counted == until and count:
            self._seen[address] = count - 1, until
