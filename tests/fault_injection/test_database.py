"""PostgreSQL is restarted, or gone: what was accepted is there once, and everything says 503 meanwhile."""

import json
import time
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import (
    KINDS,
    add_classroom,
    check_nothing_left,
    is_short,
    outcome,
    submit,
    wait_for_end,
)
from tests.fault_injection.traffic import miscounted, run_clients, stored_events, wait_for_readiness
from tests.running import Postgres, System
from tests.worker.support import look

RESTARTS: dict[str, Callable[[Postgres], None]] = {
    "fast": Postgres.stop_fast,
    "immediate": Postgres.stop_immediately,
    "killed": Postgres.kill,
}
ABSENT_SECONDS = 1.0


def postgres_of(system: System) -> Postgres:
    assert system.postgres is not None
    return system.postgres


@pytest.mark.short
def test_what_was_accepted_under_load_is_stored_once(build: BuildSystem) -> None:
    system = build("services", apis=2, workers=1)
    dataset, postgres = add_classroom(system), postgres_of(system)
    expected = {kind: submit(system, dataset, kind) for kind in KINDS}
    wait_for_end(system, list(expected.values()))
    jobs = {}

    def restart_again_and_again() -> None:
        for stop in list(RESTARTS.values()) * (1 if is_short() else 2):
            jobs.update({submit(system, dataset, kind): kind for kind in KINDS})
            time.sleep(2)
            stop(postgres)
            time.sleep(ABSENT_SECONDS)
            postgres.restart()
        time.sleep(2)

    told = run_clients(system, 6, restart_again_and_again)

    assert [wrong for one in told for wrong in one.wrong] == []
    assert all(one.statuses[503] for one in told)
    accepted = [event for one in told for event in one.accepted]
    assert sorted(stored_events(system)) == sorted(accepted)
    assert miscounted(system) == []
    wait_for_end(system, list(jobs))
    assert all(outcome(system, job) == outcome(system, expected[kind]) for job, kind in jobs.items())
    check_nothing_left(system)


ASKED = (
    ("GET", "/students/ana/mastery", None),  # the quick way
    ("GET", "/students/ana/mastery?skill=add", None),  # the declared route
    ("GET", "/students/ana", None),
    ("GET", "/students", None),
    ("DELETE", "/students/ana", None),
    ("POST", "/students/ana/interactions", {"event_id": "e", "skill": "add", "correct": True}),
    ("POST", "/interactions", [{"student_id": "a", "event_id": "e", "skill": "add", "correct": True}]),
    ("GET", "/datasets", None),
    ("POST", "/datasets", "upload"),
    ("GET", "/experiments", None),
    ("POST", "/experiments", {"preset": "rasch", "dataset_id": str(uuid4()), "fold": 0}),
    ("POST", f"/experiments/{uuid4()}/cancel", None),
    ("GET", f"/experiments/{uuid4()}/events", None),
    ("GET", f"/experiments/{uuid4()}/predictions", None),
    ("GET", f"/comparisons?baseline={uuid4()}&candidate={uuid4()}", None),
    ("GET", "/models", None),
    ("POST", f"/models/{uuid4()}/promote", None),
    ("GET", "/sweeps", None),
    ("GET", "/cross-validations", None),
)


def ask(client: httpx.Client, method: str, path: str, body: object) -> httpx.Response:
    if body == "upload":
        return client.post(
            path, files={"file": ("a.csv", b"student_id,skill,correct\nana,add,1\nbo,add,0\n")}
        )
    return client.request(method, path, json=body) if body is not None else client.request(method, path)


@pytest.mark.short
def test_every_kind_of_route_says_that_the_database_is_down(build: BuildSystem) -> None:
    system = build("services", apis=1)
    postgres = postgres_of(system)
    with system.apis[0].client() as client:
        known = {path: ask(client, method, path, body).status_code for method, path, body in ASKED}
        assert not [path for path, status in known.items() if status >= 500]
        postgres.stop_fast()
        wrong = []
        for method, path, body in ASKED:
            answer = ask(client, method, path, body)
            problem = answer.json()
            if (answer.status_code, problem["type"]) != (503, "/problems/database-unavailable"):
                wrong.append(f"{method} {path}: {answer.status_code} {answer.text}")
            elif int(answer.headers["retry-after"]) < 1:
                wrong.append(f"{method} {path}: no Retry-After")
        assert wrong == []
        check_readiness(client)
        assert client.get("/livez").status_code == 200
        postgres.restart()
        wait_for_readiness(client, 200)
        again = {path: ask(client, method, path, body).status_code for method, path, body in ASKED}
        assert not [path for path, status in again.items() if status >= 500]


def check_readiness(client: httpx.Client) -> None:
    told = wait_for_readiness(client, 503)
    assert "retry-after" in told.headers
    parts = {part["name"]: part["ok"] for part in told.json()["parts"]}
    assert parts == {"database": False, "broker": True, "artifacts": True}


def test_a_stream_of_events_outlives_the_database(build: BuildSystem) -> None:
    system = build("services", apis=1)
    dataset, postgres = add_classroom(system), postgres_of(system)
    job = submit(system, dataset, KINDS[0])
    events: list[str] = []
    with (
        system.apis[0].client(timeout=120) as client,
        client.stream("GET", f"/experiments/{job}/events") as stream,
    ):
        for line in stream.iter_lines():
            if line.startswith("event: "):
                events.append(line.removeprefix("event: "))
            if line.startswith("data: ") and len(events) == 1:
                assert json.loads(line.removeprefix("data: "))["status"] == "queued"
                postgres.stop_immediately()
                time.sleep(ABSENT_SECONDS)
                postgres.restart()
                system.add_worker()
    assert events.count("epoch") == 3
    assert events[-1] == "end"
    assert look(system.sessions, job).experiment.status == "succeeded"


@pytest.mark.parametrize("way", RESTARTS)
def test_workers_go_on_after_the_database_was_gone_for_a_while(build: BuildSystem, way: str) -> None:
    system = build("services", workers=1)
    dataset, postgres = add_classroom(system), postgres_of(system)
    first = submit(system, dataset, KINDS[0])
    wait_for_end(system, [first])

    job = submit(system, dataset, KINDS[0], epochs=3)
    time.sleep(0.3)
    RESTARTS[way](postgres)
    time.sleep(6)  # longer than a lease
    postgres.restart()

    wait_for_end(system, [job])
    assert outcome(system, job) == outcome(system, first)
    check_nothing_left(system)
