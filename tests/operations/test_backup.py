"""A backup of a service that goes on: restored elsewhere it is whole, and its jobs end as they would have."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from db.artifacts import ArtifactStore
from db.backup import back_up, restore
from db.base import utc_now
from db.dumps import describe
from db.engine import session_scope
from db.repositories.experiments import get_experiment
from tests.api.support import Service, events_csv, run_service
from tests.api.training import TINY, classroom_csv, train
from tests.keys import HEADERS
from tests.operations.places import blank_stack, use_postgres_tools
from tests.stacks import Stack
from tests.worker.support import look, settings_of
from worker.janitor import Janitor
from worker.training import run_experiment

EPOCHS, BACKED_UP_IN = 4, 3
STUDENTS = ("ana", "ben")


@dataclass
class Clients:
    """Callers who write all the time, and remember what was accepted."""

    service: Service
    students: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def writing(self) -> Iterator[None]:
        threads = [threading.Thread(target=act) for act in (self._answer, self._upload_and_delete)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()

    def _answer(self) -> None:
        for number in range(10_000):
            if self.ended.is_set():
                return
            student = f"writer-{number}"
            answer(self.service.client, student, correct=True)
            self.students.append(student)

    def _upload_and_delete(self) -> None:
        with httpx.Client(
            base_url=self.service.client.base_url, headers=HEADERS, trust_env=False, timeout=60
        ) as client:
            while not self.ended.is_set():
                kept, passing = (
                    client.post("/datasets", files={"file": ("a.csv", events_csv())})
                    .raise_for_status()
                    .json()
                    for _ in range(2)
                )
                client.delete(f"/datasets/{passing['id']}").raise_for_status()
                self.datasets.append(kept["id"])


def answer(client: httpx.Client, student: str, *, correct: bool) -> None:
    response = {
        "event_id": "1",
        "skills": ["skill-1"],
        "correct": correct,
        "timestamp": "2026-03-02T12:00:00Z",
    }
    done = client.post(f"/students/{student}/interactions", json=response)
    assert done.is_success, done.text


def mastery_of(service: Service) -> list[Any]:
    return [service.client.get(f"/students/{name}/mastery").raise_for_status().json() for name in STUDENTS]


@pytest.fixture
def elsewhere(stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stack]:
    with blank_stack(stack.name, tmp_path, request) as blank:
        yield blank


def test_what_was_accepted_is_there_and_what_was_running_ends_alike(
    stack: Stack, elsewhere: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_postgres_tools(monkeypatch)
    with run_service(stack) as service:
        dataset = service.add_dataset(classroom_csv())["id"]
        train(service, dataset, preset="small-mean")
        (model,) = service.client.get("/models").json()["items"]
        service.client.post(f"/models/{model['id']}/promote").raise_for_status()
        for name in STUDENTS:
            answer(service.client, name, correct=name == "ana")
        mastery = mastery_of(service)
        config = TINY | {"training": TINY["training"] | {"epochs": EPOCHS}}
        running = UUID(service.submit(dataset, preset="small-dynamic", config=config).json()["id"])
        clients = Clients(service)
        accepted: list[str] = []

        def back_up_meanwhile(epoch: int, _: dict[str, Any]) -> None:
            if epoch == BACKED_UP_IN:
                accepted.extend([*clients.students, *clients.datasets])
                back_up(stack.database_settings(), tmp_path / "backup")

        with clients.writing():
            run_experiment(running, settings=settings_of(stack), on_epoch=back_up_meanwhile)
        undisturbed = look(service.sessions, running)
        assert undisturbed.experiment.status == "succeeded"

    restore(elsewhere.database_settings(), tmp_path / "backup")
    with run_service(elsewhere) as service:
        assert service.client.get("/readyz").status_code == 200
        assert mastery_of(service) == mastery
        with service.resources.engine.connect() as connection:
            contents = describe(connection)
            known = {
                *connection.scalars(sa.select(sa.column("student_id")).select_from(sa.table("students")))
            }
        stored = {key.removeprefix("datasets/").removesuffix(".arrow") for key in contents.required}
        assert accepted
        assert {*accepted} <= known | stored
        store = ArtifactStore(elsewhere.artifacts_url)
        assert [key for key in sorted(contents.required) if not store.exists(key)] == []
        assert {key for key in store.list_everything() if key.startswith("datasets/")} <= contents.required
        _let_its_lease_run_out(service, running)
        Janitor(settings_of(elsewhere)).look_around()
        assert service.messages() == [str(running)]
        assert run_experiment(running, settings=settings_of(elsewhere))
        assert look(service.sessions, running).numbers == undisturbed.numbers


def _let_its_lease_run_out(service: Service, experiment_id: UUID) -> None:
    seen = look(service.sessions, experiment_id)
    assert seen.experiment.status == "running"
    assert [row.epoch for row in seen.epochs] == [*range(1, BACKED_UP_IN + 1)]
    with session_scope(service.sessions) as session:
        get_experiment(session, experiment_id).lease_expires_at = utc_now() - timedelta(seconds=60)
