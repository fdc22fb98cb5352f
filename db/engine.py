"""Engines, sessions and the only place that commits."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from db import migrate, tenancy
from db.folders import make_private
from db.postgres import NOTICE_LOSS
from db.settings import DatabaseSettings
from db.tenancy import TenantScope

logger = logging.getLogger(__name__)

# Longest wait for another process's write transaction; ours are short.
SQLITE_BUSY_SECONDS = 30
# Together as many as the threads that serve synchronous routes, so that no request waits for a connection.
POOL_SIZE, POOL_OVERFLOW = 10, 30

_READ_ONLY = "ikt_read_only"
_CALLBACKS = "ikt_after_commit"


def create_engine(settings: DatabaseSettings | str) -> Engine:
    """An engine for the settings' database, or for a URL."""
    url = _normalised(settings if isinstance(settings, str) else settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _create_sqlite_engine(url)
    # Parameters are students' ids and responses, which have no place in a log.
    engine = sqlalchemy.create_engine(
        url,
        connect_args={name: value for name, value in NOTICE_LOSS.items() if name not in url.query},
        pool_pre_ping=True,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
    )
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def sqlite_file(settings: DatabaseSettings) -> Path | None:
    """Where the settings' database lies, if it is a file."""
    url = _normalised(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _normalised(address: str) -> URL:
    url = make_url(address)
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _prepare_postgres(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:  # noqa: ARG001
    # The driver gives times in the connection's zone.
    connection.autocommit = True
    connection.execute("SET TIME ZONE 'UTC'")
    connection.autocommit = False


def _create_sqlite_engine(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError(f"database URL {url!r} must name a file: sqlite:///path/to/ikt.db")
    make_private(Path(url.database).parent)
    engine = sqlalchemy.create_engine(
        url,
        connect_args={"timeout": SQLITE_BUSY_SECONDS},
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "checkin", _end_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:  # noqa: ARG001
    # The driver's own BEGIN comes late and breaks savepoints; _begin_sqlite emits it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    # What is deleted is overwritten: an erased student can't be read from the file's free pages.
    cursor.execute("PRAGMA secure_delete = ON")
    # Switching needs the file for itself, so ask only when it is not done yet.
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can't wait for its lock (with a stale snapshot SQLite
    # answers "database is locked" at once), so every transaction that may write takes the lock up front.
    read_only = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _end_sqlite(connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:  # noqa: ARG001
    # A COMMIT that SQLite refuses leaves the transaction open, and SQLAlchemy takes it for finished: without
    # this the connection would keep the write lock in the pool.
    if connection is not None and connection.in_transaction:
        connection.rollback()


@dataclass(frozen=True, slots=True)
class SessionFactory:
    """Opens sessions that see the rows of `tenant`; without one they see none."""

    bind: Engine | Connection
    sessions: sessionmaker[Session]
    tenant: TenantScope | None

    def __call__(self, bind: Engine | Connection | None = None) -> Session:
        info = {} if self.tenant is None else {tenancy.INFO_KEY: self.tenant}
        return self.sessions(bind=bind or self.bind, info=info)

    def of(self, tenant: TenantScope | None) -> "SessionFactory":
        """The same for that tenant; unchanged when none is given."""
        return self if tenant is None else replace(self, tenant=tenant)


def create_session_factory(bind: Engine | Connection, *, tenant: TenantScope | None = None) -> SessionFactory:
    """Sessions on an engine; or, for tests, inside one connection's open transaction.

    They are those of `tenant`, unless their scope names another.
    """
    sessions = sessionmaker(expire_on_commit=False, join_transaction_mode="create_savepoint")
    event.listen(sessions, "after_soft_rollback", _drop_callbacks)
    tenancy.watch(sessions)
    return SessionFactory(bind, sessions, tenant)


@contextmanager
def session_scope(factory: SessionFactory, *, tenant: TenantScope | None = None) -> Iterator[Session]:
    """One transaction: committed at the end, rolled back on any exception. Nobody else commits.

    It sees the rows of `tenant`, or of the factory's. On SQLite it holds the write lock from its first
    statement on; keep it short, and use read_scope to read.
    """
    with factory.of(tenant)() as session:
        yield session
        session.commit()
        callbacks = [callback for _, callback in session.info.pop(_CALLBACKS, [])]
    for callback in callbacks:
        try:
            callback()
        except Exception:
            # The commit stands; whoever registered the callback must survive its loss anyway.
            logger.exception("a callback failed after its transaction was committed")


@contextmanager
def read_scope(factory: SessionFactory, *, tenant: TenantScope | None = None) -> Iterator[Session]:
    """One snapshot of the tenant's rows to read from; never waits for writers, and a write in it fails."""
    bind = factory.bind
    if isinstance(bind, Engine):
        bind = bind.execution_options(**_read_only_options(bind))
    with factory.of(tenant)(bind) as session:
        yield session


def _read_only_options(engine: Engine) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {_READ_ONLY: True}
    return {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}


def after_commit(session: Session, callback: Callable[[], object]) -> None:
    """Run `callback` once the session's scope has committed; a rollback discards it."""
    transaction = session.get_nested_transaction() or session.get_transaction() or session.begin()
    session.info.setdefault(_CALLBACKS, []).append((transaction, callback))


def _drop_callbacks(session: Session, rolled_back: SessionTransaction) -> None:
    kept = [entry for entry in session.info.get(_CALLBACKS, []) if not _is_within(entry[0], rolled_back)]
    session.info[_CALLBACKS] = kept


def _is_within(transaction: SessionTransaction | None, ancestor: SessionTransaction) -> bool:
    while transaction is not None:
        if transaction is ancestor:
            return True
        transaction = transaction.parent
    return False


def upgrade(target: Engine | DatabaseSettings | str, revision: str = "head") -> None:
    """Bring the schema to `revision`; several processes may try at once."""
    with _engine_of(target) as engine:
        migrate.run(engine, "upgrade", revision)


def downgrade(target: Engine | DatabaseSettings | str, revision: str = "base") -> None:
    """Take the schema back to `revision`."""
    with _engine_of(target) as engine:
        migrate.run(engine, "downgrade", revision)


def is_up_to_date(engine: Engine) -> bool:
    """Whether the schema is the one this code was written for, or that of a later release."""
    return migrate.is_current(engine.execution_options(**_read_only_options(engine)))


@contextmanager
def _engine_of(target: Engine | DatabaseSettings | str) -> Iterator[Engine]:
    if isinstance(target, Engine):
        yield target
        return
    engine = create_engine(target)
    try:
        yield engine
    finally:
        engine.dispose()
