"""Nothing that is asked while students are served reads a large table from end to end."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.base import to_microseconds
from db.engine import create_engine, create_session_factory, session_scope
from db.lifecycle import ModelStatus
from db.models import DEFAULT_TENANT
from db.postgres import execute, fetch
from db.repositories import cohorts, erasures, interactions, models, readings, scoring, states, students
from db.repositories.bulk import BulkLoad
from db.repositories.interactions import add_interactions
from db.repositories.states import StateBatch
from tests.builders import NOON, make_event, make_model
from tests.stacks import Services

LARGE = {"students", "interactions", "student_states", "cohort_members"}
N_STUDENTS, N_SKILLS, COHORT_SIZE = 30_000, 4, 100
BATCH = 64  # students, the most that one transaction of the service handles together

# Another tenant has students of the same ids.
FILL = """
INSERT INTO tenants (name, created_at) VALUES ('another', now());
INSERT INTO students (tenant_pk, student_id, n_interactions, created_at, last_interaction_at, scoring_due)
SELECT tenants.id, 's' || n, 4, now(), timestamptz '2026-03-02 12:00Z' + n * interval '1 second', n % 100 = 0
FROM generate_series(1, {students}) AS n CROSS JOIN tenants ORDER BY tenants.id, n;
INSERT INTO interactions
    (student_pk, event_id, skills, item, correct, occurred_at, arrival, received_at)
SELECT id, 'event-' || n, '["add"]', NULL, n % 2 = 0, now() + n * interval '1 hour', n, now()
FROM students CROSS JOIN generate_series(0, 3) AS n WHERE tenant_pk = 1;
INSERT INTO student_states
SELECT models.id, students.id, 0.1, 0.1, 0.5, 4, now(), four, four, four, four, eight, eight
FROM models CROSS JOIN students
CROSS JOIN (
    SELECT decode(repeat('00', 4 * {skills}), 'hex') AS four,
        decode(repeat('00', 8 * {skills}), 'hex') AS eight
) AS arrays WHERE students.tenant_pk = 1;
INSERT INTO cohort_members (tenant_pk, cohort, student_pk)
SELECT tenant_pk, 'class-' || id / {cohort}, id FROM students
"""


@dataclass
class Plans:
    """The plans of every statement that a connection sends, in its order."""

    found: list[tuple[str, Any]] = field(default_factory=list)

    def scanned(self) -> set[tuple[str, str]]:
        """Large tables that a statement reads sequentially."""
        return {(table, text) for text, plan in self.found for table in _scanned(plan) & LARGE}


def _scanned(plan: Any) -> set[str]:
    if isinstance(plan, list):
        return set[str]().union(*map(_scanned, plan))
    if not isinstance(plan, dict):
        return set()
    own = {plan["Relation Name"]} if plan.get("Node Type", "").endswith("Seq Scan") else set()
    return own.union(*map(_scanned, plan.values()))


def _recording(plans: Plans) -> type[psycopg.Cursor[Any]]:
    """A cursor that explains what it is about to run: with the values at hand, and for any values at all.

    The server changes to the latter plan once it has seen a prepared statement a few times.
    """

    class Recording(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            text = query.decode() if isinstance(query, bytes) else str(query)
            if not re.match(
                r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE|CREATE TEMP TABLE \w+ .*\bAS\s+SELECT)", text
            ):
                return super().execute(query, params, **options)
            plain: psycopg.Cursor[Any] = psycopg.Cursor(self.connection)
            plans.found.append((text, _rows(plain.execute(f"EXPLAIN (FORMAT JSON) {text}", params))))
            if params:
                plans.found.append((f"any values: {text}", _explain_any(plain, text, params)))
            return super().execute(query, params, **options)

    return Recording


def _rows(cursor: psycopg.Cursor[Any]) -> Any:
    [(plan,)] = cursor.fetchall()
    return plan


# What the driver calls the values; it leaves the others to the server.
KINDS = {
    bool: "boolean",
    int: "bigint",
    float: "float8",
    bytes: "bytea",
    UUID: "uuid",
    datetime: "timestamptz",
}
_names = map("any_{}".format, count())


def _explain_any(cursor: psycopg.Cursor[Any], text: str, params: Any) -> Any:
    """The plan of a prepared statement for whatever values it may be given."""
    used = list(dict.fromkeys(re.findall(r"%\((\w+)\)[sbt]", text)))
    numbered = re.sub(r"%\((\w+)\)[sbt]", lambda match: f"${used.index(match[1]) + 1}", text)
    kinds = ", ".join(KINDS.get(type(params[name]), "unknown") for name in used)
    name = next(_names)
    cursor.execute(f"PREPARE {name} ({kinds}) AS {numbered}".encode())
    cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {name} ({', '.join(['NULL'] * len(used))})".encode())
    plan = _rows(cursor)
    cursor.execute("RESET plan_cache_mode")
    return plan


@dataclass(frozen=True)
class School:
    """A database of many students, and the model that serves them."""

    engine: Engine
    model_id: UUID


@pytest.fixture(scope="module")
def school(services: Services) -> Iterator[School]:
    with services.fresh_database() as url:
        engine = create_engine(url)
        with session_scope(create_session_factory(engine, tenant=DEFAULT_TENANT)) as session:
            skills = [f"skill-{number}" for number in range(N_SKILLS)]
            model_id = make_model(session, skills=skills, status=ModelStatus.SERVING).id
            fill = FILL.format(students=N_STUDENTS, skills=N_SKILLS, cohort=COHORT_SIZE)
            for statement in (*fill.split(";"), "ANALYZE"):
                execute(session, statement)
        yield School(engine, model_id)
        engine.dispose()


@pytest.fixture
def plans() -> Plans:
    return Plans()


@pytest.fixture
def session(school: School, plans: Plans) -> Iterator[Session]:
    """Everything that it sends is explained, and undone at the end."""
    with create_session_factory(school.engine, tenant=DEFAULT_TENANT)() as session:
        driver: psycopg.Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
        plain, driver.cursor_factory = driver.cursor_factory, _recording(plans)
        yield session
        driver.cursor_factory = plain


IDS = [f"s{number}" for number in range(1, 400 * BATCH, 400)]
PKS = list(range(1, 400 * BATCH, 400))

Ask = Callable[[Session, UUID], object]


def _add(session: Session, n_students: int, **options: Any) -> None:
    known = [make_event(number, student_id=name) for name in IDS[:n_students] for number in (3, 4)]
    add_interactions(session, [*known, make_event(0, student_id="somebody new")], **options)


def _load(session: Session, names: Sequence[str], *, n_each: int) -> None:
    """Of each known student four events are known."""
    events = [(name, f"event-{number}") for name in (*names, "somebody new") for number in range(n_each)]
    with BulkLoad(session, wants_each=True) as load:
        load.add(
            student_ids=[name for name, _ in events],
            event_ids=[event for _, event in events],
            skills=['["add"]'] * len(events),
            items=[None] * len(events),
            correct=[True] * len(events),
            occurred_at=[to_microseconds(NOON)] * len(events),
        )
    assert (load.accepted, load.duplicates) == (len(events) - 4 * len(names), 4 * len(names))


def _store_states(session: Session, model_id: UUID, pks: list[int]) -> None:
    size = len(pks)
    once: Any = np.zeros(size, np.int64)
    each: Any = np.zeros((size, N_SKILLS))
    states.upsert_states(
        session,
        StateBatch(
            model_id=model_id, student_pks=np.array(pks), theta=once, theta_reference=once,
            theta_reference_sd=once, n_interactions=once + 9, as_of=once,
            mastery=each, probability=each, mastery_reference=each, evidence=each, last_practised=each,
            mastered_at=each,
        ),
    )  # fmt: skip


ASKED: dict[str, Ask] = {
    "roles": lambda session, _: models.read_roles(session),
    "serving": lambda session, _: models.find_serving(session),
    "served": lambda session, _: fetch(
        session, readings._SERVED, {"tenants": [DEFAULT_TENANT] * len(IDS), "student_ids": IDS}
    ),
    "states to serve": lambda session, model: fetch(
        session, readings._STATES, {"model_ids": [model] * len(PKS), "student_pks": PKS}
    ),
    "heads of one": lambda session, model: states.read_heads(session, model, IDS[:1]),
    "heads": lambda session, model: states.read_heads(session, model, IDS),
    "states of one": lambda session, model: states.read_states(session, model, PKS[:1]),
    "states": lambda session, model: states.read_states(session, model, PKS),
    "states under every model": lambda session, _: states.list_states(session, PKS[0]),
    "included": lambda session, model: states.read_included(session, model, PKS),
    "store one state": lambda session, model: _store_states(session, model, PKS[:1]),
    "store states": lambda session, model: _store_states(session, model, PKS),
    "student": lambda session, _: students.find_student(session, "s77"),
    "add a student": lambda session, _: students.get_or_add_student(session, "somebody new"),
    "students": lambda session, _: students.list_students(session, limit=50),
    "more students": lambda session, _: students.list_students(
        session, limit=50, cursor=students.list_students(session, limit=50).next_cursor
    ),
    "ingest of one": lambda session, _: _add(session, 1),
    "ingest": lambda session, _: _add(session, BATCH, scoring_due=True),
    "ingest without waiting": lambda session, _: _add(session, BATCH, waits=False),
    "load": lambda session, _: _load(session, IDS, n_each=36),
    "load of many": lambda session, _: _load(session, [f"s{n}" for n in range(1, 5001)], n_each=4),
    "history": lambda session, _: interactions.list_history(session, students.get_student(session, "s77")),
    "history in pieces": lambda session, _: list(interactions.iterate_history(session, 77, chunk=2)),
    "history of one": lambda session, _: interactions.read_histories(session, PKS[:1]),
    "histories": lambda session, _: interactions.read_histories(session, PKS),
    "due": lambda session, _: states.list_due(session, after=5, limit=1000),
    "scored": lambda session, model: states.clear_due(session, model, [(pk, 4) for pk in PKS]),
    "stale": lambda session, _: states.list_students_after(session, 77, limit=1000),
    "is anybody due": lambda session, _: scoring.is_scoring_wanted(session),
    "right to score": lambda session, _: scoring.claim_scoring(session, "worker-1", lease_seconds=60),
    "cohorts": lambda session, _: cohorts.list_cohorts(session, limit=20),
    "more cohorts": lambda session, _: cohorts.list_cohorts(session, after="class-2", limit=20),
    "cohorts of a student": lambda session, _: cohorts.list_cohorts_of(session, PKS[3]),
    "name a cohort": lambda session, _: cohorts.set_members(session, "class-3", IDS),
    "forget a cohort": lambda session, _: cohorts.delete_cohort(session, "class-3"),
    "mastery of all": lambda session, model: next(cohorts.iterate_mastery(session, model)),
    "mastery of a cohort": lambda session, model: list(
        cohorts.iterate_mastery(session, model, cohort="class-3", active_since=NOON)
    ),
    "mastery of some": lambda session, model: list(
        cohorts.iterate_mastery(session, model, cohort="class-0", student_ids=IDS, active_since=NOON)
    ),
    "forget a student": lambda session, _: erasures.erase_student(session, "s77"),
    # What the server does by itself when a student is deleted
    "states of the deleted": lambda session, _: execute(
        session, "DELETE FROM student_states WHERE student_pk = %(pk)s", {"pk": 78}
    ),
    "memberships of the deleted": lambda session, _: execute(
        session, "DELETE FROM cohort_members WHERE student_pk = %(pk)s", {"pk": 78}
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_large_table_is_read_from_end_to_end(
    session: Session, school: School, plans: Plans, name: str
) -> None:
    ASKED[name](session, school.model_id)
    assert plans.found
    assert plans.scanned() == set()


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("SELECT count(*) FROM students WHERE n_interactions = 3", "students"),
        ("UPDATE interactions SET correct = true WHERE item = 'x'", "interactions"),
        ("WITH all_of_it AS MATERIALIZED (SELECT theta FROM student_states) SELECT 1 FROM all_of_it",
         "student_states"),
        ("SELECT FROM models WHERE EXISTS (SELECT FROM cohort_members WHERE student_pk % 7 = 9)",
         "cohort_members"),
    ],
)  # fmt: skip
def test_a_table_read_from_end_to_end_is_noticed(
    session: Session, plans: Plans, statement: str, table: str
) -> None:
    execute(session, statement)
    assert plans.scanned() == {(table, statement)}


def test_a_plan_for_any_values_is_looked_at_too(session: Session, plans: Plans) -> None:
    """With the value at hand the partial index serves; a prepared statement may not rely on it."""
    statement = "SELECT id FROM students WHERE scoring_due = %(due)s"
    execute(session, statement, {"due": True})
    assert plans.scanned() == {("students", f"any values: {statement}")}
