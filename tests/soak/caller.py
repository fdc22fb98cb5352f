"""A well-behaved client of several APIs: it asks again until it is told, and writes down every answer."""

import random
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.keys import HEADERS
from tests.soak.journal import Journal

TIMEOUT_SECONDS = 30.0  # longer than any process is paused: what was given up could still be carried out
GIVE_UP_SECONDS = 120.0
LONGEST_WAIT_SECONDS = 2.0
UNSURE = frozenset({500, 502, 504})
DATABASE_UNAVAILABLE = "/problems/database-unavailable"
NOW_AND_THEN_REFUSED = frozenset({"/problems/model-changed"})


class NeverTold(Exception):
    """The service gave no answer to a request in all the time that a client waits."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answer, and whether an attempt before it may have been carried out unseen."""

    response: httpx.Response
    is_unclear: bool

    @property
    def status(self) -> int:
        return self.response.status_code

    def json(self) -> Any:
        return self.response.json()


class Caller:
    """Sends requests to a service at several addresses."""

    def __init__(self, urls: Sequence[str], journal: Journal, rng: random.Random) -> None:
        self._clients = [
            httpx.Client(base_url=url, headers=HEADERS, trust_env=False, timeout=TIMEOUT_SECONDS)
            for url in urls
        ]
        self._journal = journal
        self._rng = rng

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def send(self, kind: str, method: str, path: str, **request: Any) -> Told:
        """The first answer that settles the request. Raises NeverTold."""
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        is_unclear = False
        while time.monotonic() < give_up_at:
            response = self._try(kind, method, path, request)
            if response is not None and not _asks_to_retry(response):
                return Told(response, is_unclear)
            is_unclear = is_unclear or _may_have_been_done(response)
            time.sleep(self._pause(response))
        self._journal.note("never_told", kind=kind, request=f"{method} {path}")
        raise NeverTold(f"{method} {path}")

    def ask(self, kind: str, path: str, *, expected: Collection[int] = (200,), **request: Any) -> Told:
        """A read; any other status is a broken promise."""
        told = self.send(kind, "GET", path, **request)
        self.expect(told, expected)
        return told

    def expect(self, told: Told, expected: Collection[int]) -> bool:
        """Whether the status is one of these; if not, that is written down."""
        if told.status not in expected:
            request = told.response.request
            detail = f"{request.method} {request.url.path}: {told.status} {told.response.text[:300]}"
            self.complain("an answer that fits the request", detail)
        return told.status in expected

    def complain(self, promise: str, detail: str) -> None:
        """Write down a promise that was broken before the client's eyes."""
        self._journal.note("broken", promise=promise, detail=detail)

    def _try(self, kind: str, method: str, path: str, request: dict[str, Any]) -> httpx.Response | None:
        number = self._rng.randrange(len(self._clients))
        began, response, error = time.time(), None, None
        try:
            response = self._clients[number].request(method, path, **request)
        except httpx.TransportError as lost:
            error = type(lost).__name__
        self._journal.note(
            "answer",
            kind=kind,
            api=number,
            began=began,
            seconds=time.time() - began,
            status=None if response is None else response.status_code,
            problem=None if response is None or response.is_success else _problem_of(response),
            retry_after=None if response is None else response.headers.get("retry-after"),
            error=error,
        )
        return response

    def _pause(self, response: httpx.Response | None) -> float:
        asked = 0.1 if response is None else float(response.headers.get("retry-after", 0.2))
        return min(asked, LONGEST_WAIT_SECONDS) * self._rng.uniform(0.5, 1.0)


def _asks_to_retry(response: httpx.Response) -> bool:
    return response.status_code >= 500 or _problem_of(response) in NOW_AND_THEN_REFUSED


def _may_have_been_done(response: httpx.Response | None) -> bool:
    """A lost connection may hide a success; so may a database that went away during the commit."""
    return response is None or response.status_code in UNSURE or _problem_of(response) == DATABASE_UNAVAILABLE


def _problem_of(response: httpx.Response) -> str | None:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    kind = response.json().get("type")
    return kind if isinstance(kind, str) else None
