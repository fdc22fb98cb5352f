"""What every answer about a student begins with, asked from an event loop.

On PostgreSQL one connection stays open and is waited for without a thread: a thread's turn, a connection out
of the pool and a transaction around each read would cost more than the reads. On SQLite a thread asks.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from db.engine import SessionFactory, read_scope
from db.postgres import NOTICE_LOSS
from db.repositories import states
from db.repositories.models import Serving, find_serving
from db.repositories.states import READ_STATES, STATE_COLUMNS, Head, State, unpack_state
from db.tenancy import EVERY_TENANT

# OFFSET 0, here and below, has PostgreSQL look up each row by an index.
_SERVED = """
SELECT asked.tenant_pk, models.id, models.promoted_at,
    student.id, student.student_id, student.created_at, student.n_interactions,
    student.last_interaction_at, state.n_interactions, state.as_of
FROM unnest(%(tenants)s::bigint[], %(student_ids)s::text[]) AS asked (tenant_pk, student_id)
CROSS JOIN LATERAL (
    SELECT id, student_id, created_at, n_interactions, last_interaction_at FROM students
    WHERE students.tenant_pk = asked.tenant_pk AND students.student_id = asked.student_id OFFSET 0
) AS student
LEFT JOIN models ON models.tenant_pk = asked.tenant_pk AND models.status = 'serving'
LEFT JOIN LATERAL (
    SELECT n_interactions, as_of FROM student_states
    WHERE student_states.model_id = models.id AND student_states.student_pk = student.id OFFSET 0
) AS state ON true
"""

_STATES = f"""
SELECT state.* FROM unnest(%(model_ids)s::uuid[], %(student_pks)s::bigint[]) AS asked (model_id, student_pk)
CROSS JOIN LATERAL (
    SELECT {STATE_COLUMNS} FROM student_states
    WHERE student_states.model_id = asked.model_id AND student_states.student_pk = asked.student_pk OFFSET 0
) AS state
"""  # names of columns, from the class that holds them # nosec B608


class Asked(NamedTuple):
    """A student by the external id that a tenant gave them."""

    tenant_pk: int
    student_id: str


class Served(NamedTuple):
    """A student under the model that serves their tenant, if one does."""

    serving: Serving | None
    head: Head


class Readings:
    """Reads of one event loop, one at a time; each sees the database as it is at that moment."""

    def __init__(self, factory: SessionFactory) -> None:
        self._factory = factory
        bind = factory.bind
        self._engine: Engine | None = None
        if isinstance(bind, Engine) and bind.dialect.name == "postgresql":
            self._engine = bind
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def read_served(self, asked: Collection[Asked]) -> dict[Asked, Served]:
        """The known ones of these students, of any tenants, under the models that serve them."""
        if self._engine is None:
            return await asyncio.to_thread(self._read_served, asked)
        values = {
            "tenants": [one.tenant_pk for one in asked],
            "student_ids": [one.student_id for one in asked],
        }
        return {
            Asked(row[0], row[4]): Served(None if row[1] is None else Serving(*row[1:3]), Head(*row[3:]))
            for row in await self._fetch(_SERVED, values)
        }

    async def read_states(self, wanted: Mapping[int, UUID]) -> dict[int, State]:
        """The states of those students who were scored, each under the model wanted, by primary key."""
        if self._engine is None:
            return await asyncio.to_thread(self._read_states, wanted)
        model_ids, student_pks = list(wanted.values()), list(wanted)
        if len({*model_ids}) == 1:  # mostly one tenant asks, and half the time will do
            rows = await self._fetch(READ_STATES, {"model_id": model_ids[0], "student_pks": student_pks})
        else:
            rows = await self._fetch(_STATES, {"model_ids": model_ids, "student_pks": student_pks})
        return {row[1]: unpack_state(row) for row in rows}

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    def _read_served(self, asked: Collection[Asked]) -> dict[Asked, Served]:
        by_tenant: dict[int, list[str]] = defaultdict(list)
        for tenant_pk, student_id in asked:
            by_tenant[tenant_pk].append(student_id)
        found: dict[Asked, Served] = {}
        for tenant_pk, student_ids in by_tenant.items():
            with read_scope(self._factory, tenant=tenant_pk) as session:
                serving = find_serving(session)
                heads = states.read_heads(session, None if serving is None else serving.id, student_ids)
            found |= {Asked(tenant_pk, name): Served(serving, head) for name, head in heads.items()}
        return found

    def _read_states(self, wanted: Mapping[int, UUID]) -> dict[int, State]:
        by_model: dict[UUID, list[int]] = defaultdict(list)
        for student_pk, model_id in wanted.items():
            by_model[model_id].append(student_pk)
        found: dict[int, State] = {}
        with read_scope(self._factory, tenant=EVERY_TENANT) as session:
            for model_id, student_pks in by_model.items():
                found |= states.read_states(session, model_id, student_pks)
        return found

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
