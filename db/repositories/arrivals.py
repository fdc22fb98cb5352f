"""How interactions are stored: their students first, locked in one order, then what is new of each.

Whoever stores interactions of a student holds the lock on the student's row until the end of the transaction,
so that arrivals are numbered without gaps, and nobody has to look for events that another is about to store.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from db.base import Base, utc_now
from db.errors import StudentsBusy
from db.models import Interaction, Student
from db.postgres import fetch, speaks_postgres
from db.repositories.upserts import insert_into
from db.tenancy import tenant_of


class Entered(NamedTuple):
    """A student as they were when their row was locked."""

    pk: int
    student_id: str
    created_at: datetime
    n_interactions: int
    last_interaction_at: datetime | None


class Row(NamedTuple):
    """One interaction of a student who is locked; the skills are JSON."""

    student: Entered
    event_id: str
    skills: str
    item: str | None
    correct: bool
    occurred_at: datetime


# New students come first and in the order of their names, then the locks in the order of the keys: two
# transactions that do so never wait for each other in a circle.
_ENTER = """
WITH added AS (
    INSERT INTO students (tenant_pk, student_id, n_interactions, created_at, scoring_due)
    SELECT %(tenant)s, student_id, 0, %(now)s, false
    FROM unnest(%(student_ids)s::text[]) AS asked (student_id)
    WHERE NOT EXISTS (
        SELECT FROM students WHERE tenant_pk = %(tenant)s AND students.student_id = asked.student_id
    )
    ORDER BY student_id COLLATE "C"
    ON CONFLICT (tenant_pk, student_id) DO NOTHING
    RETURNING id, student_id, created_at
), locked AS (
    SELECT id, student_id, created_at, n_interactions, last_interaction_at FROM students
    WHERE tenant_pk = %(tenant)s AND student_id = ANY (%(student_ids)s::text[])
    ORDER BY id FOR NO KEY UPDATE
)
SELECT id, student_id, created_at, 0, NULL FROM added
UNION ALL SELECT id, student_id, created_at, n_interactions, last_interaction_at FROM locked
"""

_ENTER_FREE = _ENTER.replace("FOR NO KEY UPDATE", "FOR NO KEY UPDATE SKIP LOCKED")

_STORE = """
WITH given AS (
    SELECT * FROM unnest(
        %(pks)s::bigint[], %(before)s::integer[], %(event_ids)s::text[], %(skills)s::text[],
        %(items)s::text[], %(correct)s::boolean[], %(times)s::timestamptz[]
    ) WITH ORDINALITY AS given (student_pk, before, event_id, skills, item, correct, occurred_at, position)
), fresh AS MATERIALIZED (
    SELECT given.*, before + row_number() OVER (PARTITION BY student_pk ORDER BY position) - 1 AS arrival
    FROM given WHERE NOT EXISTS (
        SELECT FROM interactions AS known
        WHERE known.student_pk = given.student_pk AND known.event_id = given.event_id
    )
), stored AS (
    INSERT INTO interactions
        (student_pk, event_id, skills, item, correct, occurred_at, arrival, received_at)
    SELECT student_pk, event_id, skills::jsonb, item, correct, occurred_at, arrival, %(now)s
    FROM fresh ORDER BY student_pk, arrival
), counted AS (
    UPDATE students SET
        n_interactions = students.n_interactions + new.n,
        last_interaction_at = greatest(students.last_interaction_at, new.latest),
        scoring_due = students.scoring_due OR %(scoring_due)s
    FROM (SELECT student_pk, count(*) AS n, max(occurred_at) AS latest FROM fresh GROUP BY 1) AS new
    WHERE students.id = new.student_pk AND students.id = ANY (%(pks)s::bigint[])
)
SELECT position FROM fresh
"""


def enter_students(session: Session, student_ids: Iterable[str], *, waits: bool = True) -> dict[str, Entered]:
    """The students with these external ids, added at first sight and locked, by id.

    Raises StudentsBusy unless it `waits` for those whom others have locked.
    """
    wanted = sorted(set(student_ids))
    if not speaks_postgres(session):
        return _enter_sqlite(session, wanted)
    tenant, entered = tenant_of(session), dict[str, Entered]()
    # Twice only where another transaction added, or deleted, one of them at the same moment.
    while missing := [student_id for student_id in wanted if student_id not in entered]:
        statement = _ENTER if waits else _ENTER_FREE
        rows = fetch(session, statement, {"tenant": tenant, "student_ids": missing, "now": utc_now()})
        entered |= {row[1]: Entered(*row) for row in rows}
        if not waits and len(entered) < len(wanted):
            raise StudentsBusy(set(wanted) - entered.keys())
    return entered


def store(session: Session, rows: Sequence[Row], *, scoring_due: bool) -> list[bool]:
    """Insert what is new and count it; whether each was new, in the order given."""
    first: dict[tuple[int, str], int] = {}
    for position, row in enumerate(rows):
        first.setdefault((row.student.pk, row.event_id), position)
    once = list(first.values())
    distinct = [rows[position] for position in once]
    put = _store_postgres if speaks_postgres(session) else _store_sqlite
    is_new = [False] * len(rows)
    for position in put(session, distinct, scoring_due=scoring_due):
        is_new[once[position]] = True
    return is_new


def _store_postgres(session: Session, rows: Sequence[Row], *, scoring_due: bool) -> list[int]:
    students, event_ids, skills, items, correct, times = zip(*rows, strict=True)
    values = {
        "pks": [student.pk for student in students],
        "before": [student.n_interactions for student in students],
        "event_ids": list(event_ids),
        "skills": list(skills),
        "items": list(items),
        "correct": list(correct),
        "times": list(times),
        "now": utc_now(),
        "scoring_due": scoring_due,
    }
    return [position - 1 for (position,) in fetch(session, _STORE, values)]


def _enter_sqlite(session: Session, student_ids: list[str]) -> dict[str, Entered]:
    now = utc_now()
    rows = [
        {"student_id": student_id, "n_interactions": 0, "created_at": now, "scoring_due": False}
        for student_id in student_ids
    ]
    session.execute(
        insert_into(session, Student).on_conflict_do_nothing(index_elements=["tenant_pk", "student_id"]), rows
    )
    asked = text("SELECT value FROM json_each(:ids)").bindparams(ids=json.dumps(student_ids))
    columns = (
        Student.id,
        Student.student_id,
        Student.created_at,
        Student.n_interactions,
        Student.last_interaction_at,
    )
    found = session.execute(select(*columns).where(Student.student_id.in_(asked)))
    return {row.student_id: Entered(*row) for row in found}


_KNOWN = text(
    "SELECT key FROM json_each(:given) JOIN interactions"
    " ON student_pk = json_extract(value, '$[0]') AND event_id = json_extract(value, '$[1]')"
)


def _store_sqlite(session: Session, rows: Sequence[Row], *, scoring_due: bool) -> list[int]:
    given = json.dumps([(row.student.pk, row.event_id) for row in rows])
    known = set(session.scalars(_KNOWN, {"given": given}))
    fresh = [position for position in range(len(rows)) if position not in known]
    received_at = utc_now()
    times: dict[Entered, list[datetime]] = defaultdict(list)
    stored: list[dict[str, Any]] = []
    for row in (rows[position] for position in fresh):
        student = row.student
        stored.append(
            {
                "student_pk": student.pk,
                "event_id": row.event_id,
                "skills": json.loads(row.skills),
                "item": row.item,
                "correct": row.correct,
                "occurred_at": row.occurred_at,
                "arrival": student.n_interactions + len(times[student]),
                "received_at": received_at,
            }
        )
        times[student].append(row.occurred_at)
    if stored:
        session.execute(insert(Interaction), stored)
        _count(session, times, scoring_due=scoring_due)
    return fresh


def _count(session: Session, times: dict[Entered, list[datetime]], *, scoring_due: bool) -> None:
    table = Base.metadata.tables["students"]
    values: dict[str, Any] = {"n_interactions": bindparam("n"), "last_interaction_at": bindparam("last")}
    statement = update(table).where(table.c.id == bindparam("pk"))
    # They are locked, so they are this tenant's: a statement for many rows at once can't say so again.
    session.connection().execute(
        statement.values(**values, **({"scoring_due": True} if scoring_due else {})),
        [
            {
                "pk": student.pk,
                "n": student.n_interactions + len(new),
                "last": max(filter(None, [student.last_interaction_at, *new])),
            }
            for student, new in times.items()
        ],
    )
