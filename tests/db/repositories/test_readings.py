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
from db.models import DEFAULT_TENANT
from db.repositories import models, states
from db.repositories.readings import Asked, Readings, Served
from db.repositories.tenants import add_tenant
from db.tenancy import EVERY_TENANT
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


def asked(*student_ids: str, tenant: int = DEFAULT_TENANT) -> list[Asked]:
    return [Asked(tenant, student_id) for student_id in student_ids]


def test_heads_are_those_of_the_repository(
    sessions: SessionFactory, readings: Readings, model_id: UUID
) -> None:
    served = asyncio.run(readings.read_served(asked("ann", "ben", "nobody")))
    heads = {one.student_id: found.head for one, found in served.items()}
    with read_scope(sessions) as session:
        assert {found.serving for found in served.values()} == {models.find_serving(session)}
        assert heads == states.read_heads(session, model_id, ["ann", "ben", "nobody"])
    assert {name: (head.n_interactions, head.n_included) for name, head in heads.items()} == {
        "ann": (3, 2),
        "ben": (1, None),
    }


def test_states_are_those_of_the_repository(
    sessions: SessionFactory, readings: Readings, model_id: UUID
) -> None:
    async def read() -> dict[int, Any]:
        served = await readings.read_served(asked("ann", "ben"))
        return await readings.read_states({found.head.pk: model_id for found in served.values()})

    found = asyncio.run(read())
    with read_scope(sessions) as session:
        stored = states.read_states(session, model_id, list(found))
    ((pk, state),) = found.items()
    for field in fields(state):
        assert np.array_equal(getattr(state, field.name), getattr(stored[pk], field.name)), field.name


def test_each_read_sees_the_present(sessions: SessionFactory, readings: Readings, model_id: UUID) -> None:
    async def read() -> list[dict[Asked, Served]]:
        seen = [await readings.read_served(asked("ann", "cem"))]
        with session_scope(sessions) as session:
            make_student(session, student_id="cem")
            models.get_model(session, model_id).status = ModelStatus.RETIRED
        return [*seen, await readings.read_served(asked("ann", "cem"))]

    before, after = asyncio.run(read())
    assert (set(before), set(after)) == ({*asked("ann")}, {*asked("ann", "cem")})
    [(then, _)], (now, head) = before.values(), after[Asked(DEFAULT_TENANT, "ann")]
    assert then is not None
    assert (then.id, now, head.n_included) == (model_id, None, None)


def test_equal_ids_of_two_tenants_are_two_students(
    sessions: SessionFactory, readings: Readings, model_id: UUID
) -> None:
    """Asked for together, each is told under their own tenant's model, and no state of the other."""
    with session_scope(sessions, tenant=EVERY_TENANT) as session:
        another = add_tenant(session, "another").id
    with session_scope(sessions, tenant=another) as session:
        model = make_model(session, status=ModelStatus.SERVING)
        ann = make_student(session, student_id="ann", n_interactions=1)
        states.upsert_states(session, make_states([ann], model))

    async def read() -> tuple[dict[Asked, Served], dict[int, Any]]:
        served = await readings.read_served([*asked("ann", "ben"), *asked("ann", "ben", tenant=another)])
        wanted = {found.head.pk: found.serving.id for found in served.values() if found.serving}
        return served, await readings.read_states(wanted)

    served, found = asyncio.run(read())
    assert {one: served[one].head.n_interactions for one in served} == {
        Asked(DEFAULT_TENANT, "ann"): 3,
        Asked(DEFAULT_TENANT, "ben"): 1,
        Asked(another, "ann"): 1,
    }
    assert {state.model_id for state in found.values()} == {model_id, model.id}
    assert found[ann.id].model_id == model.id


def test_of_nobody_there_is_nothing(readings: Readings, model_id: UUID) -> None:
    async def read() -> tuple[Any, Any]:
        return await readings.read_served(asked("nobody")), await readings.read_states({0: model_id})

    assert asyncio.run(read()) == ({}, {})


def test_closing_twice_is_harmless(readings: Readings) -> None:
    asyncio.run(readings.read_served(asked("nobody")))
    readings.close()
    readings.close()
    assert asyncio.run(readings.read_served(asked("nobody"))) == {}
