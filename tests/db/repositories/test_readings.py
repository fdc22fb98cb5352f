"""The reads of the hot path say what the repositories say."""

import asyncio
from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.lifecycle import ModelStatus
from db.repositories import models, states
from db.repositories.readings import Readings
from tests.builders import make_model, make_states, make_student


@pytest.fixture
def readings(sessions: SessionFactory) -> Iterator[Readings]:
    opened = Readings(sessions)
    yield opened
    opened.close()


@pytest.fixture
def model_id(sessions: SessionFactory) -> UUID:
    """A model that serves; it has scored ann, not ben."""
    with session_scope(sessions) as session:
        model = make_model(session, status=ModelStatus.SERVING)
        model.promoted_at = utc_now()
        ann = make_student(session, student_id="ann", n_interactions=3)
        make_student(session, student_id="ben", n_interactions=1)
        states.upsert_states(session, make_states([ann], model, n_interactions=[2]))
        return model.id


def test_heads_are_those_of_the_repository(
    sessions: SessionFactory, readings: Readings, model_id: UUID
) -> None:
    serving, heads = asyncio.run(readings.read_served(["ann", "ben", "nobody"]))
    with read_scope(sessions) as session:
        assert serving == models.find_serving(session)
        assert heads == states.read_heads(session, model_id, ["ann", "ben", "nobody"])
    assert {name: (head.n_interactions, head.n_included) for name, head in heads.items()} == {
        "ann": (3, 2),
        "ben": (1, None),
    }


def test_states_are_those_of_the_repository(
    sessions: SessionFactory, readings: Readings, model_id: UUID
) -> None:
    async def read() -> dict[int, Any]:
        _, heads = await readings.read_served(["ann", "ben"])
        return await readings.read_states(model_id, [head.pk for head in heads.values()])

    found = asyncio.run(read())
    with read_scope(sessions) as session:
        stored = states.read_states(session, model_id, list(found))
    ((pk, state),) = found.items()
    for field in fields(state):
        assert np.array_equal(getattr(state, field.name), getattr(stored[pk], field.name)), field.name


def test_each_read_sees_the_present(sessions: SessionFactory, readings: Readings, model_id: UUID) -> None:
    async def read() -> list[Any]:
        seen = [await readings.read_served(["ann", "cem"])]
        with session_scope(sessions) as session:
            make_student(session, student_id="cem")
            models.get_model(session, model_id).status = ModelStatus.RETIRED
        return [*seen, await readings.read_served(["ann", "cem"])]

    (serving, before), (nobody, after) = asyncio.run(read())
    assert (serving.id, nobody) == (model_id, None)
    assert (set(before), set(after)) == ({"ann"}, {"ann", "cem"})
    assert after["ann"].n_included is None


def test_of_nobody_there_is_nothing(readings: Readings, model_id: UUID) -> None:
    async def read() -> tuple[Any, Any]:
        return await readings.read_served(["nobody"]), await readings.read_states(model_id, [0])

    (_, heads), found = asyncio.run(read())
    assert (heads, found) == ({}, {})


def test_closing_twice_is_harmless(readings: Readings) -> None:
    asyncio.run(readings.read_served(["nobody"]))
    readings.close()
    readings.close()
