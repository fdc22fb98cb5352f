"""Responses to send, and what is to be seen of them afterwards."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from db.engine import session_scope
from db.repositories import interactions, students
from tests.api.support import Service

START = "2026-03-02T12:{:02}:00Z"


def new_student() -> str:
    return f"learner {uuid4().hex[:8]}"


def response(number: int, skill: str, **changes: Any) -> dict[str, Any]:
    """The `number`-th response of a student."""
    values = {"event_id": f"e{number}", "skill": skill, "correct": number % 3 > 0}
    return values | {"timestamp": START.format(number)} | changes


def send(service: Service, student: str, body: Any, **params: Any) -> httpx.Response:
    return service.client.post(f"/students/{student}/interactions", json=body, params=params)


def stored(service: Service, student: str) -> list[tuple[str, list[str], bool]]:
    """What is known of a student, in the order in which it happened."""
    with session_scope(service.sessions) as session:
        history = interactions.list_history(session, students.get_student(session, student))
        return [(row.event_id, row.skills, row.correct) for row in history]


def assert_same(answer: dict[str, Any], other: dict[str, Any]) -> None:
    """Two students are at the same point; sums over other batches round otherwise."""
    mine, theirs = [answer["state"], *answer["skills"]], [other["state"], *other["skills"]]
    for one, another in zip(mine, theirs, strict=True):
        assert one.keys() == another.keys()
        for name, value in one.items():
            is_number = isinstance(value, float)
            assert value == (pytest.approx(another[name], abs=1e-5) if is_number else another[name]), name
