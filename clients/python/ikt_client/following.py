"""What a single request can't do: wait for work to end, read every page, follow events.

The other modules of this package, but for `connecting` and `refusals`, are generated from the OpenAPI
document.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar
from uuid import UUID

import httpx
from httpx_sse import connect_sse

from ikt_client.api.experiments import stream_events
from ikt_client.client import AuthenticatedClient, Client
from ikt_client.models import Problem
from ikt_client.refusals import Refused, need

UNDER_WAY = ("queued", "running", "promoting", "pending")
"""States of experiments, cross-validations, sweeps, models and erasures that have not ended."""
POLL_SECONDS = 0.5
SILENCE_SECONDS = 60.0  # the service says that it is alive more often than that
RECONNECT_SECONDS = 2.0
MOST_ATTEMPTS = 5

P = ParamSpec("P")
T = TypeVar("T")


class HasStatus(Protocol):
    """A resource that says how far it is."""

    @property
    def status(self) -> str: ...


class Page(Protocol[T]):
    """Some items of a listing, and where the next ones begin."""

    items: list[T]
    next_cursor: str | None


Worked = TypeVar("Worked", bound=HasStatus)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a training: `progress`, `epoch` or, as the last, `end`."""

    name: str
    data: dict[str, Any]


def wait(
    ask: Callable[[], Worked | Problem | None],
    *,
    seconds: float | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> Worked:
    """Ask again until the work has ended, however it ended; look at its `status`.

    `wait(lambda: get_experiment.sync(experiment_id, client=client))` works for whatever has a status.
    Raises Refused, and TimeoutError after `seconds`.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    while (found := need(ask())).status in UNDER_WAY:
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError(f"still {found.status} after {seconds:g} s")
        time.sleep(poll_seconds)
    return found


def each(list_some: Callable[P, Page[T] | Problem | None], *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
    """Every item of a listing, page after page: `each(list_models.sync, client=client, status="serving")`.

    Raises Refused.
    """
    while True:
        page = need(list_some(*args, **kwargs))
        yield from page.items
        if page.next_cursor is None:
            return
        kwargs["cursor"] = page.next_cursor


def follow_events(
    experiment_id: UUID, *, client: AuthenticatedClient | Client, after_epoch: int = 0
) -> Iterator[Event]:
    """Events of an experiment as they happen, `end` as the last; a lost connection is taken up again.

    Raises Refused, and httpx.TransportError when the service stays away.
    """
    last, attempts = after_epoch, 0
    while True:
        try:
            for event in _listen(experiment_id, client, last):
                attempts = 0
                if event.name == "epoch":
                    last = int(event.data["epoch"])
                yield event
                if event.name == "end":
                    return
        except httpx.TransportError:
            attempts += 1
            if attempts >= MOST_ATTEMPTS:
                raise
        time.sleep(RECONNECT_SECONDS)


def _listen(experiment_id: UUID, client: AuthenticatedClient | Client, last_event_id: int) -> Iterator[Event]:
    asked = stream_events._get_kwargs(experiment_id, last_event_id=last_event_id)
    timeout = httpx.Timeout(SILENCE_SECONDS)
    with connect_sse(client.get_httpx_client(), **asked, timeout=timeout) as source:
        if source.response.is_error:
            source.response.read()
            raise Refused.of(source.response)
        for event in source.iter_sse():
            if event.data:  # a sign of life has none
                yield Event(event.event, json.loads(event.data))
