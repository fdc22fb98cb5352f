"""Alembic without a configuration file: the revisions travel inside the package."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

# Any constant: it keeps two processes that start together from migrating at once.
_ADVISORY_LOCK = 4_951_734_820


def run(engine: Engine, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    """Apply or take back revisions, all of them or none."""
    with engine.connect() as connection, _sole_migrator(connection):
        config = _config(connection)
        (command.upgrade if direction == "upgrade" else command.downgrade)(config, revision)


def is_current(engine: Engine) -> bool:
    """Whether the newest revision is applied, or one of a later release.

    While a release is replaced by the next, the schema is upgraded first and its processes work on.
    """
    with engine.connect() as connection:
        applied = set(MigrationContext.configure(connection).get_current_heads())
        connection.rollback()
    is_newer = any(not is_known(revision) for revision in applied)
    return is_newer or applied == set(_scripts().get_heads())


def is_known(revision: str | None) -> bool:
    """Whether this code knows the revision, to read it or to upgrade from it."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", "db:migrations")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _sole_migrator(connection: Connection) -> Iterator[None]:
    if connection.dialect.name != "sqlite":
        with connection.begin():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            yield
        return
    # Altering a table copies it, and dropping the old copy would cascade. Outside transactions only.
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    try:
        with connection.begin():
            yield
    finally:
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()
