"""The statements of docs/scaling.md partition a database with rows in it; the service goes on as before."""

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from db.engine import create_engine, create_session_factory, read_scope, session_scope
from db.models import DEFAULT_TENANT
from db.repositories import erasures, interactions, states
from db.repositories.bulk import BulkLoad
from docs.scaling.page import PAGE
from tests.builders import NOON, make_event, to_microseconds
from tests.stacks import Services


@pytest.fixture
def engine(services: Services) -> Iterator[Engine]:
    with services.fresh_database() as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


def load(engine: Engine, numbers: range) -> BulkLoad:
    """An event each of ten students in turn."""
    with (
        session_scope(create_session_factory(engine, tenant=DEFAULT_TENANT)) as session,
        BulkLoad(session) as loaded,
    ):
        loaded.add(
            student_ids=[f"learner-{number % 10}" for number in numbers],
            event_ids=[f"event-{number}" for number in numbers],
            skills=['["add"]'] * len(numbers),
            items=[None] * len(numbers),
            correct=[number % 3 > 0 for number in numbers],
            occurred_at=[to_microseconds(NOON) + number for number in numbers],
        )
    return loaded


def test_a_partitioned_database_serves_as_before(engine: Engine) -> None:
    load(engine, range(100))
    (statements,) = re.findall(r"^ *```sql\n(.*?)^ *```", PAGE.read_text("utf-8"), re.M | re.S)
    with engine.begin() as connection:
        connection.connection.cursor().execute(statements)  # as a client does: per cent signs and all
        parts = connection.scalar(
            text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'interactions'::regclass")
        )
    assert parts == 32

    again = load(engine, range(50, 150))
    assert (again.accepted, again.duplicates) == (50, 50)
    sessions = create_session_factory(engine, tenant=DEFAULT_TENANT)
    with session_scope(sessions) as session:
        events = [make_event(number, student_id="learner-3") for number in (200, 200)]
        assert interactions.add_interactions(session, events).is_new == [True, False]
    with read_scope(sessions) as session:
        listed = states.list_students_after(session, 0, limit=100)
        histories = interactions.read_histories(session, [pk for pk, _ in listed])
    assert sum(n for _, n in listed) == histories.offsets[-1] == 151
    with session_scope(sessions) as session:
        erasures.erase_student(session, "learner-3")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM interactions")) == 135
