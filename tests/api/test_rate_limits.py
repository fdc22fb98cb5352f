"""What a key may ask for in a minute, with and without Redis, and what addresses without a key may."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.rate_limits import MOST_KEPT, KeyLimitReached, RateLimits, Strangers, share_of
from api.security.middleware import Door, address_of
from api.security.tokens import Token
from api.services.refusals import KeyRefused, TooManyRequests
from api.settings import ApiSettings
from db.engine import create_engine, create_session_factory
from db.models.access import ApiKey
from db.repositories import keys
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

    def test_guesses_that_come_together_are_limited_too(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_up: list[str] = []
        find = keys.find_key

        def find_and_count(session: Session, prefix: str) -> ApiKey | None:
            looked_up.append(prefix)
            return find(session, prefix)

        monkeypatch.setattr(keys, "find_key", find_and_count)
        valid = issue(service, "read").token

        async def guess() -> Counter[str]:
            door = Door(service.sessions, ApiSettings(refused_per_minute=5))
            asked = [*(Token.make() for _ in range(50)), *[valid] * 9]
            answers = [
                door.find(token.text, {"client": (f"192.0.2.{token == valid:d}", 1)}, to_read=True)
                for token in asked
            ]
            told = await asyncio.gather(*answers, return_exceptions=True)
            door.strangers.refuse_many("192.0.2.1")
            await door.close()
            return Counter(type(one).__name__ for one in told)

        assert asyncio.run(guess()) == {"KeyRefused": 5, "TooManyRequests": 45, "Held": 9}
        assert len(looked_up) == 6

    def test_the_same_guess_at_once_counts_each_time(self, service: Service) -> None:
        async def guess() -> None:
            door = Door(service.sessions, ApiSettings(refused_per_minute=5))
            text, scope = Token.make().text, {"client": ("192.0.2.2", 1)}
            asked = (door.find(text, scope, to_read=True) for _ in range(9))
            told = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(one) for one in told} == {KeyRefused}
            with pytest.raises(TooManyRequests):
                await door.find(text, scope, to_read=True)
            await door.close()

        asyncio.run(guess())

    def test_without_a_database_nobody_is_a_stranger(self) -> None:
        lost = create_session_factory(create_engine("postgresql+psycopg://127.0.0.1:1/nowhere"))

        async def ask_often() -> None:
            door = Door(lost, ApiSettings(refused_per_minute=1))
            for _ in range(3):
                with pytest.raises(OperationalError):
                    await door.find(Token.make().text, {"client": ("192.0.2.3", 1)}, to_read=True)

        asyncio.run(ask_often())

    @pytest.mark.parametrize(
        ("address", "counted"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
            ("somewhere", "unknown"),
        ],
    )
    def test_an_address_counts_alike_however_it_is_written(self, address: str, counted: str) -> None:
        assert address_of({"client": (address, 1)}) == counted


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
        now = time.monotonic()
        monkeypatch.setattr("api.rate_limits.monotonic", lambda: now)

        async def count() -> list[int]:
            nonlocal now
            limits = RateLimits("filesystem://")
            first = await take(limits, 5, limit=3)
            now += 61
            return [first, await take(limits, 5, limit=3)]

        assert asyncio.run(count()) == [3, 3]

    @pytest.mark.parametrize("broker", ["filesystem", "redis"])
    def test_a_clock_that_is_set_back_keeps_nobody_waiting(
        self, broker: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = (
            "filesystem://" if broker == "filesystem" else request.getfixturevalue("services").fresh_broker()
        )
        now, clock, set_by = time.monotonic(), time.time, 0.0
        monkeypatch.setattr("api.rate_limits.monotonic", lambda: now)
        monkeypatch.setattr("time.time", lambda: clock() + set_by)

        async def refuse(limits: RateLimits) -> int:
            with pytest.raises(KeyLimitReached) as refused:
                await limits.take("a", 3)
            return refused.value.retry_after_seconds

        async def count() -> tuple[list[int], int]:
            nonlocal now, set_by
            limits = RateLimits(url)
            assert await take(limits, 3, limit=3) == 3
            set_by = -3600.0
            seconds = [await refuse(limits)]
            now += 1
            seconds.append(await refuse(limits))
            if broker == "filesystem":
                now += 60
                assert await take(limits, 5, limit=3) == 3
            kept = limits._taken["a"].until - now
            await limits.close()
            return seconds, int(kept)

        seconds, kept = asyncio.run(count())
        assert all(0 < one <= 60 for one in seconds)
        assert kept <= 60


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
