"""All rows of a database in one file, as they stood at one moment, while others go on writing."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.pool import NullPool

from db.errors import BackupRefused
from db.lifecycle import ExperimentStatus
from db.models import Dataset, Erasure, Experiment, Model

SQLITE_FILE, POSTGRES_FILE = "rows.db", "rows.dump"
SHOWN_CHARACTERS = 500

_TABLES = (Dataset, Erasure, Experiment, Model)
_DATASETS, _ERASURES, _EXPERIMENTS, _MODELS = (table.__table__.c for table in _TABLES)


@dataclass(frozen=True, slots=True)
class Contents:
    """What rows there are, and which files they refer to."""

    revision: str | None
    counts: dict[str, int]
    """Rows by table."""
    required: frozenset[str]
    """Keys of the artifacts without which rows make no sense."""
    experiments: frozenset[UUID]
    unfinished: frozenset[UUID]
    """Experiments that may go on from a checkpoint."""
    erased_at: datetime | None
    """When the last erasure of students was done."""


def dump(engine: Engine, folder: Path) -> tuple[Path, Contents]:
    """Write all rows into a file of `folder`. Raises BackupRefused."""
    if engine.dialect.name == "sqlite":
        return _dump_sqlite(engine, folder / SQLITE_FILE)
    return _dump_postgres(engine, folder / POSTGRES_FILE)


def load(engine: Engine, file: Path) -> Contents:
    """Bring the rows of such a file into a blank database; what is there then. Raises BackupRefused."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(_path(engine))) as target:
            source.backup(target)
    else:
        command = ["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        _run_tool(engine, [*command, "--dbname", _conninfo(engine), str(file)])
    with engine.connect() as connection:
        return describe(connection)


def require_database(engine: Engine, variable: str) -> None:
    """Raise BackupRefused where SQLite has no file yet, which connecting would make; `variable` names it."""
    if engine.dialect.name == "sqlite" and not Path(_path(engine)).is_file():
        raise BackupRefused(f"{_path(engine)} does not exist; name the database in {variable}")


def is_blank(engine: Engine) -> bool:
    """Whether the database has no table yet."""
    with engine.connect() as connection:
        return not inspect(connection).get_table_names()


def describe(connection: Connection) -> Contents:
    """What this connection sees."""
    names = sorted({*inspect(connection).get_table_names()} - {"alembic_version"})
    counted = {name: sa.select(sa.func.count()).select_from(sa.table(name)) for name in names}
    required = sa.union(sa.select(_DATASETS.artifact), sa.select(_MODELS.artifact))
    ended = (ExperimentStatus.SUCCEEDED, ExperimentStatus.PRUNED)
    erased = sa.select(sa.func.max(_ERASURES.finished_at))
    rows = connection.execute(sa.select(_EXPERIMENTS.id, _EXPERIMENTS.status)).all()
    return Contents(
        revision=MigrationContext.configure(connection).get_current_revision(),
        counts={name: connection.scalars(count).one() for name, count in counted.items()},
        required=frozenset(connection.scalars(required)),
        experiments=frozenset(row.id for row in rows),
        unfinished=frozenset(row.id for row in rows if row.status not in ended),
        # Older databases know of none.
        erased_at=connection.scalar(erased) if Erasure.__tablename__ in names else None,
    )


def _dump_sqlite(engine: Engine, file: Path) -> tuple[Path, Contents]:
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(_path(engine))) as source, closing(sqlite3.connect(file)) as target:
        # In one step, which reads one snapshot: in several, a write between two of them starts it all over.
        source.backup(target)
        # A single file, whoever opens it next.
        target.execute("PRAGMA journal_mode = DELETE")
        if (found := target.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise BackupRefused(f"{_path(engine)} is damaged ({found}); restore the last backup")
    copy = sa.create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with copy.connect() as connection:
        return file, describe(connection)


def _dump_postgres(engine: Engine, file: Path) -> tuple[Path, Contents]:
    with _snapshot(engine) as connection:
        # Both read the same snapshot, so that the counts are those of the dump.
        snapshot = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
        contents = describe(connection)
        command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        _run_tool(engine, [*command, "--file", str(file), "--dbname", _conninfo(engine)])
    return file, contents


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    bound = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with bound.connect() as connection:
        yield connection


def _run_tool(engine: Engine, command: list[str]) -> None:
    tool = shutil.which(command[0])
    if tool is None:
        raise BackupRefused(
            f"{command[0]} is not on PATH; install PostgreSQL's client programs, at least as new as the "
            "server, or run them where the server runs (docs/operations.md)"
        )
    password = engine.url.password
    # Arguments are seen by every user of the machine, the environment is not.
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    done = subprocess.run(  # a tool that the operator installed, no shell # nosec B603
        [tool, *command[1:]], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        shown = engine.url.render_as_string(hide_password=True)
        said = done.stderr.strip()[-SHOWN_CHARACTERS:]
        raise BackupRefused(f"{command[0]} ended with exit code {done.returncode} on {shown}: {said}")


def _conninfo(engine: Engine) -> str:
    _, parameters = engine.dialect.create_connect_args(engine.url)
    # Those are the driver's own, or no argument for others to see.
    left_out = {"context", "password"}
    return make_conninfo(**{name: value for name, value in parameters.items() if name not in left_out})


def _path(engine: Engine) -> str:
    return str(engine.url.database)
