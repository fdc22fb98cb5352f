"""kill -9 of the API while it takes uploads and loads: all of one is stored or nothing, and once."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx
import pytest
from sqlalchemy import func, select

from db.engine import read_scope
from db.models import Dataset
from ikt_model.data.simulate import simulate_classroom, write_events_csv
from tests.fault_injection.conftest import BuildSystem
from tests.fault_injection.jobs import dice, files_left, is_short
from tests.fault_injection.traffic import miscounted, stored_events
from tests.running import Api, System, wait_for
from tests.stacks import StackName

N_LOADS = 20
AT_ONCE = 3  # what the service takes of a tenant at one time
RESPONSES = 10_000  # of one load


def load_lines(number: int) -> list[bytes]:
    """Responses of a hundred students, some of whom other loads have as well."""
    return [
        json.dumps(
            {
                "student_id": f"learner-{(number * 50 + step) % 400}",
                "event_id": f"load-{number}-{step}",
                "skill": "skill-1",
                "correct": step % 3 == 0,
                "timestamp": f"2026-01-0{1 + step % 9}T00:00:{step % 60:02d}Z",
            }
        ).encode()
        + b"\n"
        for step in range(RESPONSES)
    ]


def expected_events(number: int) -> set[tuple[str, str]]:
    rows = [json.loads(line) for line in load_lines(number)]
    return {(row["student_id"], row["event_id"]) for row in rows}


def trickle(pieces: list[bytes]) -> Iterator[bytes]:
    """The body, in so many steps that a killer finds it under way."""
    for start in range(0, len(pieces), 500):
        yield b"".join(pieces[start : start + 500])
        time.sleep(0.02)


def send_load(api: Api, number: int) -> int | None:
    """The status, or None where the connection broke."""
    headers = {"Content-Type": "application/x-ndjson"}
    with api.client(timeout=120) as client:
        try:
            return client.post(
                "/interactions", content=trickle(load_lines(number)), headers=headers
            ).status_code
        except httpx.TransportError:
            return None


@contextmanager
def killed_meanwhile(api: Api, random: Random, *, within: float) -> Iterator[ThreadPoolExecutor]:
    """Requests that are begun here meet their server's end in so many seconds; afterwards it runs again."""
    with ThreadPoolExecutor(AT_ONCE) as clients:
        yield clients
        time.sleep(random.uniform(0.0, within))
        api.kill()
    api.restart()


@pytest.mark.short
def test_loads_are_stored_whole_or_not_at_all_and_once(build: BuildSystem, stack_name: StackName) -> None:
    system, random = build(stack_name, apis=1), dice(f"loads {stack_name}")
    api, waiting = system.apis[0], list(range(4 if is_short() else N_LOADS))
    undisturbed = list(range(N_LOADS, N_LOADS + AT_ONCE))
    began, broken = time.monotonic(), 0
    with ThreadPoolExecutor(AT_ONCE) as clients:
        assert list(clients.map(lambda one: send_load(api, one), undisturbed)) == [200] * AT_ONCE
    within = time.monotonic() - began
    for start in range(0, len(waiting), AT_ONCE):
        some = waiting[start : start + AT_ONCE]
        with killed_meanwhile(api, random, within=within) as clients:
            sent: dict[int, Future[int | None]] = {one: clients.submit(send_load, api, one) for one in some}
        unheard = [one for one, answer in sent.items() if answer.result() is None]
        assert all(sent[one].result() in (None, 200, 503) for one in some)
        broken += len(unheard)
        check_whole(system, some, told=[one for one in some if sent[one].result() == 200])
        for one in some:
            assert send_load(api, one) == 200  # the client's retry

    assert broken >= len(waiting) // 2
    everything = [event for one in waiting + undisturbed for event in expected_events(one)]
    assert sorted(stored_events(system)) == sorted(everything)
    assert miscounted(system) == []
    assert files_left(system) == []


def check_whole(system: System, numbers: list[int], *, told: list[int]) -> None:
    stored = set(stored_events(system))
    for number in numbers:
        wanted = expected_events(number)
        found = len(stored & wanted)
        assert found in (0, len(wanted)), f"load {number}: {found} of {len(wanted)} are stored"
        assert found or number not in told, f"load {number} was answered 200 and is not stored"


def dataset_file(folder: Path, seed: int) -> Path:
    path = folder / f"events-{seed}.csv"
    classroom = simulate_classroom(n_students=2000, n_skills=6, seed=seed, mean_length=40)
    write_events_csv(classroom.sequences, path)
    return path


def send_file(api: Api, path: Path) -> int | None:
    lines = path.read_bytes().splitlines(keepends=True)
    with api.client(timeout=120) as client:
        try:
            headers = {"Content-Type": "text/csv"}
            return client.post("/datasets", content=trickle(lines), headers=headers).status_code
        except httpx.TransportError:
            return None


def stored_datasets(system: System) -> int:
    with read_scope(system.sessions) as session:
        return session.scalar(select(func.count()).select_from(Dataset)) or 0


def test_uploads_leave_nothing_but_what_the_next_start_removes(
    build: BuildSystem, stack_name: StackName, tmp_path: Path
) -> None:
    system, random = build(stack_name, apis=2), dice(f"uploads {stack_name}")
    api, other = system.apis
    n_kills = 3 if is_short() else 10
    for seed in range(n_kills):
        path = dataset_file(tmp_path, seed)
        before = stored_datasets(system)
        with ThreadPoolExecutor(1) as clients:
            sending = clients.submit(send_file, api, path)
            wait_for(lambda: files_left(system), seconds=30, what="the upload begins")
            time.sleep(random.uniform(0.0, 6.0))
            api.kill()
            answer = sending.result()
        api.restart()
        assert files_left(system) == []
        stored, files = stored_datasets(system), stored_files(system)
        assert stored - before in ((0, 1) if answer is None else (1,))
        assert len(files) == stored
        assert send_file(other, path) in (200, 201)
        assert stored_datasets(system) == before + 1
        assert len(stored_files(system)) == before + 1


def stored_files(system: System) -> list[Path]:
    return list((system.stack.data_dir / "artifacts" / "datasets").glob("*"))
