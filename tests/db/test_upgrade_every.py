"""Whatever revision a database is at, its rows come through to today's code, and back."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlalchemy.orm import Session

from api.services import cross_validations, experiments, models, sweeps
from db.base import Base
from db.engine import create_engine, create_session_factory, downgrade, read_scope, upgrade
from db.models import DEFAULT_TENANT
from tests.db.revisions import (
    CHANGES,
    NOT_CARRIED_OVER,
    Rows,
    filled,
    in_order,
    insert_rows,
    rows_at,
    stored_rows,
)
from tests.stacks import STACK_NAMES

FIRST_THAT_ROLLS = "0003"
"""From here on a process of the release before works on, unless a revision says `needs_stop`."""


def _revisions() -> dict[str, ModuleType]:
    config = Config()
    config.set_main_option("script_location", "db:migrations")
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return {script.revision: script.module for script in reversed([*scripts])}


REVISIONS = _revisions()
ROLLING = [
    (before, after)
    for before, after in zip(REVISIONS, [*REVISIONS][1:], strict=False)
    if before >= FIRST_THAT_ROLLS and not getattr(REVISIONS[after], "needs_stop", False)
]


@pytest.fixture(params=STACK_NAMES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "embedded":
        yield f"sqlite:///{tmp_path / 'old.db'}"
    else:
        with request.getfixturevalue("services").fresh_database(migrated=False) as url:
            yield url


def _carried_over(revision: str) -> Rows:
    """What upgrades keep of that revision's rows, and downgrades bring back."""
    lost = [name for later in REVISIONS if later > revision for name in NOT_CARRIED_OVER.get(later, ())]
    return rows_at(revision) | {name: [] for name in lost}


def test_every_revision_says_what_its_databases_hold() -> None:
    assert [*CHANGES] == [*REVISIONS]


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_every_revision_are_read_today_and_survive_the_way_back(
    revision: str, empty_url: str
) -> None:
    rows, carried_over = rows_at(revision), _carried_over(revision)
    with filled(empty_url, revision) as engine:
        upgrade(engine)
        with read_scope(create_session_factory(engine, tenant=DEFAULT_TENANT)) as session:
            counts = _counts(session)
            assert counts == dict.fromkeys(counts, 0) | {"tenants": 1} | {
                name: len(kept) for name, kept in carried_over.items()
            }
            _show_everything(session, rows)
        downgrade(engine, revision)

        assert stored_rows(engine, rows) == in_order(carried_over)


def _counts(session: Session) -> dict[str, int]:
    """How many rows of each table today's classes read."""
    mappers = Base.registry.mappers
    return {str(mapper.local_table): len(session.scalars(sa.select(mapper)).all()) for mapper in mappers}


def _show_everything(session: Session, rows: Rows) -> None:
    """As callers are shown it. Raises what today's code can't make of the rows."""
    for row in rows["experiments"]:
        assert experiments.get_experiment(session, row["id"]).status == row["status"]
    for row in rows.get("sweeps", []):
        assert sweeps.get_sweep(session, row["id"]).name == row["name"]
    for row in rows.get("cross_validations", []):
        assert cross_validations.get_cross_validation(session, row["id"]).name == row["name"]
    assert models.get_serving(session).name == rows["models"][0]["name"]


@pytest.mark.parametrize(("before", "after"), ROLLING)
def test_the_release_before_goes_on_writing(before: str, after: str, empty_url: str) -> None:
    """Its statements name the columns that it knew, and for what is there already the keys that it knew."""
    rows = rows_at(before)
    engine = create_engine(empty_url)
    upgrade(engine, before)
    known = _keys(engine, rows)
    upgrade(engine, after)
    with engine.begin() as connection:
        insert_rows(connection, rows)

    assert stored_rows(engine, rows) == in_order(rows)
    assert known <= _keys(engine, rows)
    engine.dispose()


def _keys(engine: Engine, rows: Rows) -> set[tuple[str, frozenset[str]]]:
    """What may be named in ON CONFLICT."""
    schema = inspect(engine)
    return {
        (name, frozenset(columns))
        for name in rows
        for columns in (
            schema.get_pk_constraint(name)["constrained_columns"],
            *(key["column_names"] for key in schema.get_unique_constraints(name)),
        )
    }
