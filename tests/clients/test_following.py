"""What the Python client does of its own, without a service."""

from uuid import uuid4

import httpx
import pytest

from api.schemas.experiments import SUMMARY_EXAMPLE
from ikt_client import connect, follow_events, following, models, wait


def test_signs_of_life_are_no_events() -> None:
    stream = 'id: 1\nevent: epoch\ndata: {"epoch": 1}\n\n: alive\n\nevent: end\ndata: {}\n\n'
    headers = {"Content-Type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, text=stream))
    with connect("http://service", "", transport=transport) as client:
        events = list(follow_events(uuid4(), client=client))
    assert [event.name for event in events] == ["epoch", "end"]


def test_a_lost_connection_is_taken_up_after_the_last_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "RECONNECT_SECONDS", 0.0)
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["last-event-id"])
        if len(asked) == 2:
            raise httpx.ConnectError("refused", request=request)
        name, epoch = ("end", 2) if len(asked) == 3 else ("epoch", 1)
        stream = f'id: {epoch}\nevent: {name}\ndata: {{"epoch": {epoch}}}\n\n'
        return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, text=stream)

    with connect("http://service", "", transport=httpx.MockTransport(answer)) as client:
        events = list(follow_events(uuid4(), client=client))
    assert [event.name for event in events] == ["epoch", "end"]
    assert asked == ["0", "1", "1"]


def test_waiting_has_an_end() -> None:
    queued = models.ExperimentSummary.from_dict(SUMMARY_EXAMPLE)
    with pytest.raises(TimeoutError, match="still running after 0 s"):
        wait(lambda: queued, seconds=0.0, poll_seconds=0.0)
