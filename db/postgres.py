"""PostgreSQL through its own driver, in a session's transaction: arrays, binary results and COPY.

A statement costs a quarter of what it does through SQLAlchemy. Errors are SQLAlchemy's all the same.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.tenancy import scope_of

# A peer that vanished without a word must be noticed within seconds: others wait for its connection.
NOTICE_LOSS: dict[str, Any] = {
    "connect_timeout": 10,
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}


def speaks_postgres(session: Session) -> bool:
    """Whether the session's database is PostgreSQL; the functions below are for no other."""
    return session.get_bind().dialect.name == "postgresql"


def execute(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> None:
    """Run one statement. Raises SQLAlchemy's DBAPIError."""
    with _cursor(session, statement) as cursor:
        cursor.execute(statement, values)


def fetch(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of one statement. Raises SQLAlchemy's DBAPIError."""
    with _cursor(session, statement) as cursor:
        return cursor.execute(statement, values).fetchall()


def copy_in(session: Session, statement: str, block: str) -> None:
    """Feed `block` to a COPY … FROM STDIN. Raises SQLAlchemy's DBAPIError."""
    with _cursor(session, statement) as cursor, cursor.copy(statement) as copy:
        copy.write(block)


def is_lock_refused(error: DBAPIError) -> bool:
    """Whether a statement waited too long for a lock, or in a circle: what failed may well succeed again."""
    return isinstance(error.orig, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected)


@contextmanager
def _cursor(session: Session, statement: str) -> Iterator["psycopg.Cursor[Any]"]:
    scope_of(session)  # no statement for nobody
    session.flush()
    connection = session.connection()
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.cursor(binary=True) as cursor:
            yield cursor
    except psycopg.Error as error:
        is_lost = bool(driver.closed)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=is_lost, dialect=connection.dialect
        ) from error
