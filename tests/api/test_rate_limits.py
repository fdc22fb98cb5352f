"""What a key may ask for in a minute, with and without Redis, and what addresses without a key may."""

import asyncio
import logging
import time
from collections.abc import Iterator

import httpx
import pytest

from api.rate_limits import MOST_KEPT, KeyLimitReached, RateLimits, Strangers, share_of
from api.security.tokens import Token
from api.services.refusals import TooManyRequests
from tests.api.conftest import open_stack
from tests.api.issued import ask, issue
from tests.api.support import Service, assert_problem, run_service
from tests.stacks import STACK_NAMES, Services, Stack

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module", params=STACK_NAMES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that asks for keys; on PostgreSQL it counts in Redis."""
    with (
        open_stack(request, tmp_path_factory.mktemp("limits")) as stack,
        run_service(stack, keys="on", requests_per_minute=500) as running,
    ):
        yield running


async def take(limits: RateLimits, n: int, *, limit: int = 10, who: str = "a") -> int:
    """How many of n requests are let in."""
    let_in = 0
    for _ in range(n):
        try:
            await limits.take(who, limit)
        except KeyLimitReached:
            continue
        let_in += 1
    return let_in


class TestOverHttp:
    def test_the_limit_is_told_and_kept(self, service: Service) -> None:
        key = issue(service, "read", requests_per_minute=3)
        answers = [ask(service, key) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"key";q=3;w=60'}
        left = [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers]
        assert left == ['"key";r=2', '"key";r=1', '"key";r=0', '"key";r=0', '"key";r=0']
        problem = assert_problem(answers[-1], 429, "too-many-requests")
        assert problem["limit"] == 3
        assert 0 < int(answers[-1].headers["retry-after"]) <= 60

    def test_refusals_carry_what_is_left_as_well(self, service: Service) -> None:
        key = issue(service, "train", requests_per_minute=9)
        assert ask(service, key).status_code == 403
        assert ask(service, key, "/nowhere").headers["ratelimit"].startswith('"key";r=7')

    def test_keys_are_counted_apart_and_by_default_by_the_settings(self, service: Service) -> None:
        full, other = issue(service, "read", requests_per_minute=1), issue(service, "read")
        assert [ask(service, full).status_code for _ in range(2)] == [200, 429]
        assert ask(service, other).headers["ratelimit-policy"] == '"key";q=500;w=60'

    def test_what_needs_no_key_is_not_limited(self, service: Service) -> None:
        assert "ratelimit" not in ask(service, None, "/livez").headers

    def test_a_body_is_not_read_before_the_refusal(self, service: Service) -> None:
        key = issue(service, "train", requests_per_minute=1)
        ask(service, key)
        began = time.monotonic()
        answer = ask(service, key, "/datasets", method="POST", content=b"x" * 2_000_000)
        assert_problem(answer, 429, "too-many-requests")
        assert time.monotonic() - began < 2


class TestGuessing:
    def test_guesses_are_limited_and_known_keys_go_on(self, stack: Stack) -> None:
        with run_service(stack, keys="on", refused_per_minute=5) as service:
            key = issue(service, "read")
            assert ask(service, key).status_code == 200
            guesses = [ask(service, Token.make().text) for _ in range(7)]
            assert [answer.status_code for answer in guesses] == [401] * 5 + [429] * 2
            assert int(guesses[-1].headers["retry-after"]) > 0
            assert ask(service, key).status_code == 200
            assert ask(service, None).status_code == 429
            assert ask(service, issue(service, "read")).status_code == 429
            assert service.client.get("/livez").status_code == 200

    def test_addresses_are_told_apart_and_forgotten(self) -> None:
        strangers = Strangers(2)
        for _ in range(2):
            strangers.count("a")
        with pytest.raises(TooManyRequests, match="2 requests per minute"):
            strangers.refuse_many("a")
        strangers.refuse_many("b")
        for number in range(MOST_KEPT):
            strangers.count(f"c{number}")
        strangers.refuse_many("a")
        assert len(strangers._seen) == MOST_KEPT


class TestShares:
    @pytest.mark.parametrize(
        ("limit", "share"), [(1, 1), (199, 1), (250, 2), (1009, 10), (60_000, 600), (2**31 - 1, 1000)]
    )
    def test_a_hundredth_and_at_most_a_thousand(self, limit: int, share: int) -> None:
        assert share_of(limit) == share

    @pytest.mark.parametrize("limit", [7, 251, 1009])
    def test_no_request_is_lost_or_won(self, limit: int) -> None:
        async def count() -> int:
            limits = RateLimits("filesystem://")
            taken = await asyncio.gather(*(take(limits, 2 * limit // 5 + 1, limit=limit) for _ in range(5)))
            return sum(taken)

        assert asyncio.run(count()) == limit

    def test_a_new_limit_counts_at_once(self) -> None:
        async def count() -> list[int]:
            limits = RateLimits("filesystem://")
            return [await take(limits, 9, limit=limit) for limit in (3, 5, 5)]

        assert asyncio.run(count()) == [3, 5, 0]

    def test_a_window_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = time.time()
        monkeypatch.setattr("time.time", lambda: now)

        async def count() -> list[int]:
            nonlocal now
            limits = RateLimits("filesystem://")
            first = await take(limits, 5, limit=3)
            now += 61
            return [first, await take(limits, 5, limit=3)]

        assert asyncio.run(count()) == [3, 3]


class TestRedis:
    def test_processes_share_a_count(self, services: Services) -> None:
        url = services.fresh_broker()

        async def count() -> list[int]:
            here, there = RateLimits(url), RateLimits(url)
            taken = [await take(limits, 7) for limits in (here, there)]
            await asyncio.gather(here.close(), there.close())
            return taken

        assert asyncio.run(count()) == [7, 3]

    def test_without_redis_each_process_counts_for_itself(self, caplog: pytest.LogCaptureFixture) -> None:
        async def count() -> int:
            limits = RateLimits(NOWHERE)
            taken = await take(limits, 25)
            limits._shared_again = 0.1  # it is tried again
            taken += await take(limits, 5, who="b")
            await limits.close()
            return taken

        with caplog.at_level(logging.WARNING):
            assert asyncio.run(count()) == 15
        assert [record.message.split(":")[0] for record in caplog.records] == [
            "Redis does not count requests, each process does for itself"
        ]

    def test_no_request_fails_without_redis(self, stack: Stack) -> None:
        with run_service(stack, keys="on", broker_url=NOWHERE) as service:
            key = issue(service, "read", requests_per_minute=2)
            assert [ask(service, key).status_code for _ in range(3)] == [200, 200, 429]


def test_headers_are_written_once(service: Service) -> None:
    answer: httpx.Response = ask(service, issue(service, "read"))
    assert len(answer.headers.get_list("ratelimit")) == len(answer.headers.get_list("ratelimit-policy")) == 1
