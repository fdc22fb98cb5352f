"""Students by the thousand or the million, made inside PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, NullPool, create_engine, text

from db.engine import session_scope
from db.models import StudentState
from db.repositories import models
from tests.benchmarks.serving_stage import Group, Stage
from worker.scoring import score_due

INDEXED_LATER = 100_000  # responses: from there on it pays to build the indexes after the rows

STUDENTS = """
INSERT INTO students
    (id, tenant_pk, student_id, n_interactions, created_at, last_interaction_at, scoring_due)
SELECT :first + number, 1, :prefix || '-' || number, :steps, now() - interval '40 days',
    now() - interval '1 day', :due
FROM generate_series(0, :students - 1) AS number
"""
# A skill is practised four times, then the next one, as in a course; students begin at different skills.
INTERACTIONS = """
INSERT INTO interactions
    (student_pk, event_id, skills, item, correct, occurred_at, arrival, received_at)
SELECT :first + number, gen_random_uuid()::text,
    jsonb_build_array((CAST(:skills AS text[]))[1 + (number * 7 + step / 4) % :n_skills]), NULL,
    random() < 0.7, now() - interval '1 day' - (:steps - 1 - step) * interval '1 minute', step, now()
FROM generate_series(0, :students - 1) AS number, generate_series(0, :steps - 1) AS step
"""
COPIED = ", ".join(column.name for column in StudentState.__table__.columns if column.name != "student_pk")
STATES = f"""
INSERT INTO student_states (student_pk, {COPIED})
SELECT students.id, {", ".join(f"state.{name}" for name in COPIED.split(", "))}
FROM students CROSS JOIN (SELECT * FROM student_states LIMIT 1) AS state
WHERE students.id <> state.student_pk
ORDER BY students.id
"""
CONSTRAINTS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = CAST(:table AS regclass) AND contype IN ('p', 'u', 'f') ORDER BY contype DESC
"""
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = :table
    AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = CAST(:table AS regclass))
"""


def fill(stage: Stage, name: str, groups: Sequence[Group], *, due: bool = False) -> None:
    """Put students and their responses into an empty database; with `due` they wait for scoring."""
    skills = stage.scale.names
    many = sum(group.students * group.steps for group in groups) >= INDEXED_LATER
    with _connection(stage, name) as connection:
        if many:
            with _without_indexes(connection, "interactions"):
                _insert(connection, groups, skills, due=due)
        else:
            _insert(connection, groups, skills, due=due)
        _tidy(connection, "students", "interactions")


def settle_log(stage: Stage, name: str) -> None:
    """Have PostgreSQL keep files of its log to write over, as a server has that has run for a while.

    A new one is filled with zeros and synchronised first, which stops every commit for a tenth of a second.
    """
    with _connection(stage, name) as connection:
        for _ in range(stage.scale.log_megabytes):
            connection.execute(text("SELECT pg_logical_emit_message(false, '', repeat('-', 1000000))"))
        connection.execute(text("CHECKPOINT"))


def serve_at_once(stage: Stage, name: str) -> None:
    """Let the model serve without a state of anybody: a worker's promotion is measured elsewhere."""
    with stage.sessions(name) as sessions, session_scope(sessions) as session:
        models.start_promotion(session, stage.model_id)
        models.flip(session, stage.model_id)


def copy_states(stage: Stage, name: str) -> None:
    """Score the first student as a worker does, and give everybody that state."""
    with _connection(stage, name) as connection:
        connection.execute(text("UPDATE students SET scoring_due = true WHERE id = 1"))
    score_due(settings=stage.settings(name))
    with _connection(stage, name) as connection:
        connection.execute(text(STATES))
        _tidy(connection, "student_states")


def sequential_scans(stage: Stage, name: str) -> int:
    """How often the tables of students were read from end to end so far."""
    counted = (
        "SELECT sum(seq_scan) FROM pg_stat_user_tables "
        "WHERE relname IN ('students', 'interactions', 'student_states')"
    )
    with _connection(stage, name) as connection:
        return int(connection.scalar(text(counted)))


def bytes_of_rows(stage: Stage, name: str) -> dict[str, float]:
    """What a row takes on the disk with its part of the indexes, by table."""
    tables = ("students", "interactions", "student_states")
    with _connection(stage, name) as connection:
        return {
            table: float(
                connection.scalar(text(f"SELECT pg_total_relation_size('{table}') / count(*) FROM {table}"))
            )
            for table in tables
        }


def _insert(connection: Connection, groups: Sequence[Group], skills: list[str], *, due: bool) -> None:
    connection.execute(text("SELECT setseed(0.5)"))
    first = 1
    for group in groups:
        values = {"first": first, "students": group.students, "steps": group.steps}
        connection.execute(text(STUDENTS), values | {"prefix": group.prefix, "due": due})
        connection.execute(text(INTERACTIONS), values | {"skills": skills, "n_skills": len(skills)})
        first += group.students
    connection.execute(text(f"SELECT setval(pg_get_serial_sequence('students', 'id'), {first})"))


def _tidy(connection: Connection, *tables: str) -> None:
    """What autovacuum does sooner or later, and not in the middle of a measurement."""
    for table in tables:
        connection.execute(text(f"VACUUM (ANALYZE) {table}"))
    connection.execute(text("CHECKPOINT"))


@contextmanager
def _without_indexes(connection: Connection, table: str) -> Iterator[None]:
    constraints = connection.execute(text(CONSTRAINTS), {"table": table}).all()
    indexes = connection.execute(text(INDEXES), {"table": table}).all()
    for index, _ in indexes:
        connection.execute(text(f"DROP INDEX {index}"))
    for constraint, _ in constraints:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
    yield
    for constraint, definition in constraints:
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}"))
    for _, definition in indexes:
        connection.execute(text(definition))


@contextmanager
def _connection(stage: Stage, name: str) -> Iterator[Connection]:
    """Every statement is a transaction of its own."""
    url = stage.settings(name).database_url
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
