"""What every answer about a student begins with, asked from an event loop.

On PostgreSQL one connection stays open and is waited for without a thread: a thread's turn, a connection out
of the pool and a transaction around each read would cost more than the reads. On SQLite a thread asks.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.engine import SessionFactory, read_scope
from db.postgres import NOTICE_LOSS
from db.repositories import states
from db.repositories.models import Serving, find_serving
from db.repositories.states import READ_STATES, Head, State, unpack_state

_SERVED = """
SELECT models.id, models.promoted_at,
    students.id, students.student_id, students.created_at, students.n_interactions,
    students.last_interaction_at, student_states.n_interactions, student_states.as_of
FROM students
LEFT JOIN models ON models.status = 'serving'
LEFT JOIN student_states ON student_states.model_id = models.id
    AND student_states.student_pk = students.id
WHERE students.student_id = ANY (%(student_ids)s::text[])
"""


class Readings:
    """Reads of one event loop, one at a time; each sees the database as it is at that moment."""

    def __init__(self, factory: SessionFactory) -> None:
        self._factory = factory
        bind = factory.kw["bind"]
        self._engine: Engine | None = None
        if isinstance(bind, Engine) and bind.dialect.name == "postgresql":
            self._engine = bind
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def read_served(self, student_ids: Sequence[str]) -> tuple[Serving | None, dict[str, Head]]:
        """The model that serves, and the known ones of these students under it, by external id.

        Where none of them is known, no model may be told.
        """
        if self._engine is None:
            return await asyncio.to_thread(self._in_scope, _read_served, student_ids)
        rows = await self._fetch(_SERVED, {"student_ids": list(student_ids)})
        serving = Serving(*rows[0][:2]) if rows and rows[0][0] is not None else None
        return serving, {row[3]: Head(*row[2:]) for row in rows}

    async def read_states(self, model_id: UUID, student_pks: Sequence[int]) -> dict[int, State]:
        """The states under a model of those students who were scored, by primary key."""
        if self._engine is None:
            return await asyncio.to_thread(self._in_scope, states.read_states, model_id, student_pks)
        values = {"model_id": model_id, "student_pks": list(student_pks)}
        return {row[1]: unpack_state(row) for row in await self._fetch(READ_STATES, values)}

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    def _in_scope(self, question: Any, *asked: Any) -> Any:
        with read_scope(self._factory) as session:
            return question(session, *asked)

    async def _fetch(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Rows of one statement, asked again when the connection was lost since the last one."""
        was_open = self._connection is not None
        try:
            return await self._ask(statement, values)
        except psycopg.OperationalError as error:
            is_lost = self._connection is None or self._connection.closed
            if is_lost:
                self.close()
            if was_open and is_lost:
                return await self._fetch(statement, values)
            raise OperationalError(statement, None, error) from error

    async def _ask(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = await self._connect()
        cursor = self._connection.cursor(binary=True)
        return await (await cursor.execute(statement, values)).fetchall()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        assert self._engine is not None
        parts, options = self._engine.dialect.create_connect_args(self._engine.url)
        connection = await psycopg.AsyncConnection.connect(
            *parts, **{**NOTICE_LOSS, **options}, autocommit=True
        )
        await connection.execute("SET TIME ZONE 'UTC'")
        return connection


def _read_served(session: Session, student_ids: Sequence[str]) -> tuple[Serving | None, dict[str, Head]]:
    serving = find_serving(session)
    return serving, states.read_heads(session, None if serving is None else serving.id, student_ids)
