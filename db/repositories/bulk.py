"""Interactions of many students by the hundred thousand.

A load only gathers at first. Students are added and locked, and events compared with those that are known, in
one go at the end: whoever locks students chunk by chunk, in the order of a client's file, meets another load
halfway, and keeps students locked for as long as the client takes to send.
"""

import json
import re
from datetime import datetime
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import NamedTuple, Protocol

import numpy as np
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from db.base import from_microseconds, utc_now
from db.postgres import copy_in, execute, fetch, speaks_postgres
from db.tenancy import tenant_of

MOST_IN_MEMORY = 16 * 1024 * 1024  # bytes of a load that SQLite is to store; beyond, they lie in a file


class Chunk(NamedTuple):
    """Columns of equal length."""

    student_ids: list[str]
    event_ids: list[str]
    skills: list[str]
    """JSON lists of names."""
    items: list[str | None]
    correct: list[bool]
    occurred_at: list[int]
    """µs since 1970 in UTC"""


class Loaded(NamedTuple):
    """What became of a load; whether each event was new, where that was asked for."""

    n_students: int
    accepted: int
    is_new: list[bool] | None


class BulkLoad:
    """Takes chunks of columns, and stores what is new of them when its `with` block ends well.

    Unknown students are added, and those with something new marked scoring_due. Of an event given twice the
    first counts. After the block there are `accepted`, `duplicates` and `n_students`, and with `wants_each`
    also `is_new`, of every event as given. One thread may add while another prepares the next chunk.
    """

    def __init__(self, session: Session, *, wants_each: bool = False) -> None:
        staging = _PostgresStaging if speaks_postgres(session) else _SqliteStaging
        self._staging: _Staging = staging(session)
        self._wants_each = wants_each
        self._n_given = 0
        self.accepted = self.duplicates = self.n_students = 0
        self.is_new: list[bool] | None = [] if wants_each else None

    def __enter__(self) -> "BulkLoad":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self._n_given:
                self.n_students, self.accepted, self.is_new = self._staging.store(wants_each=self._wants_each)
        finally:
            self._staging.close()
        self.duplicates = self._n_given - self.accepted

    def add(
        self,
        *,
        student_ids: list[str],
        event_ids: list[str],
        skills: list[str],
        items: list[str | None],
        correct: list[bool],
        occurred_at: list[int],
    ) -> None:
        """One chunk, a list per column; `skills` are JSON lists, `occurred_at` µs since 1970 in UTC."""
        if student_ids:
            self._staging.gather(Chunk(student_ids, event_ids, skills, items, correct, occurred_at))
            self._n_given += len(student_ids)


class _Staging(Protocol):
    def gather(self, chunk: Chunk) -> None: ...

    def store(self, *, wants_each: bool) -> Loaded: ...

    def close(self) -> None: ...


# As the ORM writes them; of an event given twice the row with the least position is kept.
_SQLITE_GATHERED = """
CREATE TEMP TABLE gathered (
    position INTEGER PRIMARY KEY,
    student_id TEXT, event_id TEXT, skills TEXT, item TEXT, correct INTEGER, occurred_at TEXT
)
"""

_SQLITE_GATHER = """
INSERT INTO gathered (student_id, event_id, skills, item, correct, occurred_at) VALUES (?, ?, ?, ?, ?, ?)
"""

_SQLITE_ADD_STUDENTS = """
INSERT INTO students (tenant_pk, student_id, n_interactions, created_at, scoring_due)
SELECT DISTINCT :tenant, student_id, 0, :now, 0 FROM gathered WHERE true
ON CONFLICT (tenant_pk, student_id) DO NOTHING
"""

_SQLITE_FIND_NEW = """
CREATE TEMP TABLE fresh AS
SELECT *, n_before + row_number() OVER (PARTITION BY student_pk ORDER BY position) - 1 AS arrival
FROM (
    SELECT students.id AS student_pk, n_interactions AS n_before, event_id, min(position) AS position,
        skills, item, correct, occurred_at
    FROM gathered CROSS JOIN students USING (student_id)
    WHERE tenant_pk = :tenant
    GROUP BY students.id, event_id
) AS once
WHERE n_before = 0 OR NOT EXISTS (
    SELECT 1 FROM interactions AS known
    WHERE known.student_pk = once.student_pk AND known.event_id = once.event_id
)
"""

_SQLITE_INSERT = """
INSERT INTO interactions (student_pk, event_id, skills, item, correct, occurred_at, arrival, received_at)
SELECT student_pk, event_id, skills, item, correct, occurred_at, arrival, :now FROM fresh
ORDER BY student_pk, event_id
"""

_SQLITE_COUNT = """
UPDATE students SET
    n_interactions = n_interactions + new.n,
    last_interaction_at = max(coalesce(last_interaction_at, new.latest), new.latest),
    scoring_due = 1
FROM (
    SELECT student_pk, count(*) AS n, max(occurred_at) AS latest FROM fresh GROUP BY student_pk
) AS new
WHERE id = new.student_pk
"""

_SQLITE_SUMMARY = "SELECT (SELECT count(DISTINCT student_id) FROM gathered), (SELECT count(*) FROM fresh)"


class _SqliteStaging:
    """Keeps the chunks in a file of its own, ready to be inserted: the database has one write lock, which
    nobody should hold while a client sends.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._spool = SpooledTemporaryFile(max_size=MOST_IN_MEMORY)  # noqa: SIM115 - `close` does
        self._n_gathered = 0

    def gather(self, chunk: Chunk) -> None:
        # Many responses have few sets of skills.
        skills = {text: json.dumps(json.loads(text)) for text in set(chunk.skills)}
        columns = (
            chunk.student_ids,
            chunk.event_ids,
            [skills[text] for text in chunk.skills],
            chunk.items,
            chunk.correct,
            [_write_time(from_microseconds(time)) for time in chunk.occurred_at],
        )
        self._spool.write(json.dumps(columns).encode() + b"\n")
        self._n_gathered += len(chunk.student_ids)

    def store(self, *, wants_each: bool) -> Loaded:
        self._session.flush()
        connection = self._session.connection()
        values = {"tenant": tenant_of(self._session), "now": _write_time(utc_now())}
        connection.exec_driver_sql(_SQLITE_GATHERED)
        self._spool.seek(0)
        for line in self._spool:
            connection.exec_driver_sql(_SQLITE_GATHER, list(zip(*json.loads(line), strict=True)))
        connection.exec_driver_sql(_SQLITE_ADD_STUDENTS, values)
        connection.exec_driver_sql(_SQLITE_FIND_NEW, values)
        connection.exec_driver_sql(_SQLITE_INSERT, values)
        connection.exec_driver_sql(_SQLITE_COUNT)
        n_students, accepted = connection.exec_driver_sql(_SQLITE_SUMMARY).one()
        is_new = self._list_new(connection) if wants_each else None
        for table in ("gathered", "fresh"):
            connection.exec_driver_sql(f"DROP TABLE temp.{table}")
        return Loaded(n_students, accepted, is_new)

    def close(self) -> None:
        self._spool.close()

    def _list_new(self, connection: Connection) -> list[bool]:
        is_new = np.zeros(self._n_gathered, np.bool_)
        positions = connection.exec_driver_sql("SELECT position FROM fresh").scalars()
        is_new[np.fromiter(positions, np.int64) - 1] = True
        return is_new.tolist()


def _write_time(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(" ", "microseconds")


# Statistics of the gathered rows need not be fine; sorting them is worth some memory.
_SETTINGS = (
    "SELECT set_config('default_statistics_target', '10', true), set_config('work_mem', '128MB', true)"
)

_GATHERED = """
CREATE TEMP TABLE gathered (
    position bigint GENERATED ALWAYS AS IDENTITY,
    student_id text, event_id text, skills jsonb, item text, correct boolean, time bigint
) ON COMMIT DROP
"""

_COPY = "COPY gathered (student_id, event_id, skills, item, correct, time) FROM STDIN"

_STUDENTS = """
CREATE TEMP TABLE asked ON COMMIT DROP AS SELECT DISTINCT student_id FROM gathered
"""

_LOCKED = "CREATE TEMP TABLE locked (student_pk bigint, student_id text, n_before integer) ON COMMIT DROP"

# OFFSET 0, here and below, has PostgreSQL look up each row by an index: no plan reads a whole large table.
_ADD_STUDENTS = """
INSERT INTO students (tenant_pk, student_id, n_interactions, created_at, scoring_due)
SELECT %(tenant)s, student_id, 0, %(now)s, false FROM asked
WHERE NOT EXISTS (
    SELECT FROM students WHERE tenant_pk = %(tenant)s AND students.student_id = asked.student_id OFFSET 0
)
ORDER BY student_id COLLATE "C"
ON CONFLICT (tenant_pk, student_id) DO NOTHING
"""

_LOCK_STUDENTS = """
WITH found AS (
    SELECT id, student_id, n_interactions FROM students
    WHERE tenant_pk = %(tenant)s AND student_id = ANY (ARRAY(SELECT student_id FROM asked))
    ORDER BY id FOR NO KEY UPDATE
), answered AS (
    DELETE FROM asked USING found WHERE asked.student_id = found.student_id
)
INSERT INTO locked SELECT id, student_id, n_interactions FROM found
"""

# Events are compared with the known ones in the order of the index that is asked.
_FIND_NEW = """
CREATE TEMP TABLE fresh ON COMMIT DROP AS
SELECT *, n_before + row_number() OVER (PARTITION BY student_pk ORDER BY position) - 1 AS arrival
FROM (
    SELECT DISTINCT ON (student_pk, event_id COLLATE "C")
        student_pk, n_before, event_id, position, skills, item, correct,
        timestamptz 'epoch' + interval '1 microsecond' * time AS occurred_at
    FROM gathered JOIN locked USING (student_id)
    ORDER BY student_pk, event_id COLLATE "C", position
) AS once
WHERE n_before = 0 OR NOT EXISTS (
    SELECT FROM interactions AS known
    WHERE known.student_pk = once.student_pk AND known.event_id = once.event_id OFFSET 0
)
"""

_INSERT = """
INSERT INTO interactions (student_pk, event_id, skills, item, correct, occurred_at, arrival, received_at)
SELECT student_pk, event_id, skills, item, correct, occurred_at, arrival, %(now)s FROM fresh
"""

_COUNT = """
WITH new AS MATERIALIZED (
    SELECT student_pk, count(*) AS n, max(occurred_at) AS latest FROM fresh GROUP BY student_pk
)
UPDATE students SET
    n_interactions = n_interactions + new.n,
    last_interaction_at = greatest(last_interaction_at, new.latest),
    scoring_due = true
FROM new WHERE id = new.student_pk AND id = ANY (ARRAY(SELECT student_pk FROM new))
"""

_SUMMARY = "SELECT (SELECT count(*) FROM locked), (SELECT count(*) FROM fresh)"

_POSITIONS = "SELECT string_agg(int8send(position), '') FROM fresh"


class _PostgresStaging:
    """Sends the chunks into a temporary table by COPY."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._n_gathered = 0

    def gather(self, chunk: Chunk) -> None:
        block = _copy_text(chunk)
        if not self._n_gathered:
            execute(self._session, _SETTINGS)
            execute(self._session, _GATHERED)
        copy_in(self._session, _COPY, block)
        self._n_gathered += len(chunk.student_ids)

    def store(self, *, wants_each: bool) -> Loaded:
        tenant, now = {"tenant": tenant_of(self._session)}, {"now": utc_now()}
        execute(self._session, "ANALYZE gathered")
        execute(self._session, _STUDENTS)
        execute(self._session, _LOCKED)
        # Twice only where another transaction deleted one of them at the same moment.
        while fetch(self._session, "SELECT FROM asked LIMIT 1"):
            execute(self._session, _ADD_STUDENTS, tenant | now)
            execute(self._session, _LOCK_STUDENTS, tenant)
        execute(self._session, "ANALYZE locked")
        execute(self._session, _FIND_NEW)
        execute(self._session, _INSERT, now)
        execute(self._session, _COUNT)
        [(n_students, accepted)] = fetch(self._session, _SUMMARY)
        is_new = self._list_new() if wants_each else None
        execute(self._session, "DROP TABLE gathered, asked, locked, fresh")
        return Loaded(n_students, accepted, is_new)

    def close(self) -> None:
        """The tables of a load that failed go with its transaction."""

    def _list_new(self) -> list[bool]:
        [(positions,)] = fetch(self._session, _POSITIONS)
        is_new = np.zeros(self._n_gathered, np.bool_)
        is_new[np.frombuffer(positions or b"", ">i8") - 1] = True
        return is_new.tolist()


_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def _copy_text(chunk: Chunk) -> str:
    """The chunk as COPY reads it: fields between tabs, rows between line ends."""
    items = _escape([item or "" for item in chunk.items])
    columns = [
        _escape(chunk.student_ids),
        _escape(chunk.event_ids),
        _escape(chunk.skills),
        [r"\N" if given is None else item for given, item in zip(chunk.items, items, strict=True)],
        ["t" if correct else "f" for correct in chunk.correct],
        str(chunk.occurred_at)[1:-1].split(", "),
    ]
    # Every field and separator in its place by slices, and one join: nothing is made row by row.
    width = 2 * len(columns)
    parts = ["\t"] * (width * len(chunk.student_ids))
    parts[width - 1 :: width] = ["\n"] * len(chunk.student_ids)
    for position, column in enumerate(columns):
        parts[2 * position :: width] = column
    return "".join(parts)


def _escape(column: list[str]) -> list[str]:
    if _SPECIAL.search("".join(column)) is None:
        return column
    return [text.translate(_ESCAPES) for text in column]
