"""PostgreSQL through its own driver, in a session's transaction: arrays, binary results and COPY."""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from sqlalchemy.orm import Session


def speaks_postgres(session: Session) -> bool:
    """Whether the session's database is PostgreSQL; the functions below are for no other."""
    return session.get_bind().dialect.name == "postgresql"


def execute(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> None:
    """Run one statement; without values it may be several."""
    with _connection(session).cursor() as cursor:
        cursor.execute(statement, values)


def fetch(session: Session, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    with _connection(session).cursor(binary=True) as cursor:
        return cursor.execute(statement, values).fetchall()


def copy_in(session: Session, statement: str, block: str) -> None:
    """Feed `block` to a COPY … FROM STDIN."""
    with _connection(session).cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(block)


def _connection(session: Session) -> Connection[Any]:
    session.flush()
    connection: Connection[Any] = session.connection().connection.driver_connection  # type: ignore[assignment]
    return connection
