"""Clients that write down what they were told, and whether the database agrees."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx
from sqlalchemy import func, select

from db.engine import read_scope
from db.models import Interaction, Student
from tests.running import Api, System, wait_for

PATIENCE_SECONDS = 60.0
RETRY_SECONDS = 0.1


@dataclass
class Told:
    """What one client was answered."""

    accepted: list[tuple[str, str]] = field(default_factory=list)  # student and event
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)  # answers that no fault excuses


@dataclass
class Client:
    """Sends responses of a student of its own, each until it is taken, and reads between them."""

    api: Api
    name: str
    stop: Event
    told: Told = field(default_factory=Told)

    def run(self) -> None:
        with self.api.client() as client:
            number = 0
            while not self.stop.is_set():
                event_id = f"{self.name}-{number}"
                body = {"event_id": event_id, "skill": "skill-1", "correct": number % 2 == 0}
                if self._insist(
                    lambda body=body: client.post(f"/students/{self.name}/interactions", json=body)  # type: ignore[misc]
                ):
                    self.told.accepted.append((self.name, event_id))
                for path in (f"/students/{self.name}", "/experiments"):
                    self._ask(lambda path=path: client.get(path))  # type: ignore[misc]
                number += 1

    def _insist(self, send: Callable[[], httpx.Response]) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._ask(send)
            if answer is not None and answer.is_success:
                return True
            time.sleep(RETRY_SECONDS)
        self.told.wrong.append("a response was not taken for a minute")
        return False

    def _ask(self, send: Callable[[], httpx.Response]) -> httpx.Response | None:
        try:
            answer = send()
        except httpx.TransportError as error:
            self.told.wrong.append(repr(error))
            return None
        self.told.statuses[answer.status_code] += 1
        if fault := _fault_of(answer):
            self.told.wrong.append(fault)
        return answer


def _fault_of(answer: httpx.Response) -> str | None:
    if answer.is_success:
        return None
    is_announced = answer.status_code == 503 and int(answer.headers.get("retry-after", 0)) > 0
    is_problem = answer.headers.get("content-type", "") == "application/problem+json"
    return (
        None if is_announced and is_problem else f"{answer.request.url}: {answer.status_code} {answer.text}"
    )


def run_clients(system: System, n: int, disturb: Callable[[], Any]) -> list[Told]:
    """Let clients work while `disturb` runs; what each was told."""
    stop = Event()
    clients = [
        Client(system.apis[number % len(system.apis)], f"learner-{number}", stop) for number in range(n)
    ]
    threads = [Thread(target=client.run, name=client.name) for client in clients]
    for thread in threads:
        thread.start()
    try:
        disturb()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return [client.told for client in clients]


def stored_events(system: System) -> list[tuple[str, str]]:
    """Student and event of every response that is stored."""
    statement = select(Student.student_id, Interaction.event_id).join(
        Student, Student.id == Interaction.student_pk
    )
    with read_scope(system.sessions) as session:
        return [(student_id, event_id) for student_id, event_id in session.execute(statement)]


def miscounted(system: System) -> list[str]:
    """Students whose number of responses is not what the row says."""
    counted = (
        select(Interaction.student_pk, func.count().label("n")).group_by(Interaction.student_pk).subquery()
    )
    statement = (
        select(Student.student_id)
        .outerjoin(counted, counted.c.student_pk == Student.id)
        .where(Student.n_interactions != func.coalesce(counted.c.n, 0))
    )
    with read_scope(system.sessions) as session:
        return list(session.scalars(statement))


def wait_for_readiness(client: httpx.Client, status: int) -> httpx.Response:
    """What `/readyz` tells once it has looked again, which it does at most once a second."""
    wait_for(lambda: client.get("/readyz").status_code == status, seconds=10, what=f"/readyz is {status}")
    return client.get("/readyz")
