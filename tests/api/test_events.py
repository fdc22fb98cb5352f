"""Following an experiment live."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from api.security.issue import revoke_key
from api.services import events as events_service
from db.base import utc_now
from db.engine import session_scope
from db.models import Experiment
from db.repositories import runs
from tests.api.issued import issue
from tests.api.support import Service, assert_problem, run_service
from tests.builders import OWNER, make_running

Event = dict[str, str]
SOON = 15  # pieces of news, comments included


@pytest.fixture
def running(service: Service) -> Experiment:
    with session_scope(service.sessions) as session:
        return make_running(session, epochs=3)


def record(service: Service, experiment_id: UUID, *epochs: int) -> None:
    with session_scope(service.sessions) as session:
        for epoch in epochs:
            metrics = {"auc": 0.7 + epoch / 100, "l_21": float("nan")}
            runs.record_epoch(session, experiment_id, OWNER, epoch=epoch, metrics=metrics, seconds=1.0)


def finish(service: Service, experiment_id: UUID) -> None:
    with session_scope(service.sessions) as session:
        runs.finish(session, experiment_id, OWNER, metrics={"auc": 0.73})


@contextmanager
def stream(service: Service, experiment_id: UUID, **headers: str) -> Iterator[Iterator[Event]]:
    with service.client.stream("GET", f"/experiments/{experiment_id}/events", headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield parse(response.iter_lines())


def parse(lines: Iterator[str]) -> Iterator[Event]:
    """Events as they come; a comment is an event named ':'."""
    event: Event = {}
    for line in lines:
        if line.startswith(":"):
            yield {"event": ":", "data": line[1:].strip()}
        elif line:
            name, _, value = line.partition(":")
            event[name] = value.removeprefix(" ")
        elif event:
            yield event
            event = {}


def heard(events: Iterator[Event]) -> list[str]:
    """What comes until the stream ends, which it must do soon."""
    names = [event["event"] for event in islice(events, SOON)]
    assert len(names) < SOON
    return names


def data(event: Event) -> Any:
    return json.loads(event["data"])


class TestStream:
    def test_it_waits_for_a_database_that_does_not_answer(
        self, service: Service, running: Experiment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(events_service, "UNAVAILABLE_SECONDS", 0.01)
        read, refusals = events_service._read, iter(range(3))

        def refuse_thrice(*arguments: Any) -> Any:
            if next(refusals, None) is not None:
                raise OperationalError("SELECT", {}, Exception("down"))
            return read(*arguments)

        monkeypatch.setattr(events_service, "_read", refuse_thrice)
        with stream(service, running.id) as events:
            assert data(next(events))["status"] == "running"
            finish(service, running.id)
            assert [event["event"] for event in events if event["event"] != ":"] == ["end"]

    def test_epochs_come_while_they_happen_and_the_end_ends_it(
        self, service: Service, running: Experiment
    ) -> None:
        with stream(service, running.id) as events:
            first = next(events)
            assert (first["event"], data(first)["status"]) == ("progress", "running")
            assert int(first["retry"]) > 0
            record(service, running.id, 1)
            epoch = next(event for event in events if event["event"] == "epoch")
            assert epoch["id"] == "1"
            assert data(epoch)["metrics"] == {"auc": 0.71, "l_21": None}
            record(service, running.id, 2, 3)
            finish(service, running.id)
            rest = [event for event in events if event["event"] in ("epoch", "end")]

        assert [event.get("id") for event in rest] == ["2", "3", None]
        assert rest[-1]["event"] == "end"
        assert data(rest[-1])["status"] == "succeeded"
        assert data(rest[-1])["metrics"] == {"auc": 0.73}

    def test_reconnecting_replays_only_what_was_missed(self, service: Service, running: Experiment) -> None:
        record(service, running.id, 1, 2, 3)
        finish(service, running.id)
        with stream(service, running.id) as events:
            whole = [(event["event"], event.get("id")) for event in events]
        with stream(service, running.id, **{"Last-Event-ID": "2"}) as events:
            missed = [(event["event"], event.get("id")) for event in events]

        assert whole == [("epoch", "1"), ("epoch", "2"), ("epoch", "3"), ("end", None)]
        assert missed == whole[2:]

    def test_silent_experiment_is_kept_alive_by_comments(self, service: Service, running: Experiment) -> None:
        with stream(service, running.id) as events:
            comments = [next(event for event in events if event["event"] == ":") for _ in range(2)]
        assert [comment["data"] for comment in comments] == ["alive", "alive"]

    def test_deleted_experiment_ends_the_stream(self, service: Service, running: Experiment) -> None:
        with stream(service, running.id) as events:
            next(events)
            with session_scope(service.sessions) as session:
                session.delete(session.get(Experiment, running.id))
            (end,) = [event for event in events if event["event"] == "end"]
        assert data(end)["status"] == "deleted"

    def test_listener_that_leaves_holds_no_connection(self, service: Service, running: Experiment) -> None:
        for _ in range(5):
            with stream(service, running.id) as events:
                next(events)
        deadline = time.monotonic() + 5
        while (held := service.resources.engine.pool.checkedout()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert held == 0
        assert service.client.get("/livez").status_code == 200

    @pytest.mark.parametrize("last", ["x", "-1", "1.5"])
    def test_unreadable_last_event_id_is_refused(
        self, service: Service, running: Experiment, last: str
    ) -> None:
        answer = service.client.get(f"/experiments/{running.id}/events", headers={"Last-Event-ID": last})
        problem = assert_problem(answer, 422, "invalid-request")
        assert problem["errors"][0]["location"] == "header"


class TestKeys:
    """A stream may last for hours; a key that is taken away takes it along."""

    @pytest.fixture
    def asking(self, service: Service) -> Iterator[Service]:
        """The same stack, with keys that are looked up again soon."""
        with run_service(service.stack, keys="on") as asking:
            asking.app.state.door.keyring.fresh_seconds = 0.05
            yield asking

    def test_a_revoked_key_hears_no_more(self, asking: Service, running: Experiment) -> None:
        key = issue(asking, "read")
        with stream(asking, running.id, Authorization=f"Bearer {key.token.text}") as events:
            assert next(events)["event"] == "progress"
            revoke_key(asking.sessions, key.shown.prefix)
            assert set(heard(events)) <= {":"}

    def test_an_expired_key_hears_no_more(self, asking: Service, running: Experiment) -> None:
        key = issue(asking, "read", expires_at=utc_now() + timedelta(seconds=0.5))
        with stream(asking, running.id, Authorization=f"Bearer {key.token.text}") as events:
            assert set(heard(events)) <= {"progress", ":"}

    def test_a_valid_key_hears_the_end(self, asking: Service, running: Experiment) -> None:
        key = issue(asking, "read")
        with stream(asking, running.id, Authorization=f"Bearer {key.token.text}") as events:
            next(events)
            time.sleep(0.1)  # it was looked up again meanwhile
            finish(asking, running.id)
            assert [event["event"] for event in events][-1] == "end"
