"""The revisions build exactly the models' schema, forth and back, on both databases."""

import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from db.base import Base
from db.engine import (
    create_engine,
    create_session_factory,
    downgrade,
    is_up_to_date,
    session_scope,
    upgrade,
)
from db.models import DEFAULT_TENANT
from db.repositories.cohorts import list_cohorts
from db.repositories.states import list_due
from db.repositories.students import list_students
from db.repositories.tenants import add_tenant
from db.tenancy import EVERY_TENANT
from tests.builders import make_dataset
from tests.stacks import STACK_NAMES


@pytest.fixture(params=STACK_NAMES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "embedded":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        with request.getfixturevalue("services").fresh_database(migrated=False) as url:
            yield url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = create_engine(empty_url)
    yield engine
    engine.dispose()


def _differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def _constraints(engine: Engine) -> dict[str, set[str]]:
    inspector = inspect(engine)
    return {
        table: {str(check["name"]) for check in inspector.get_check_constraints(table)}
        for table in ("experiments", "sweeps", "models")
    }


def test_upgrade_builds_the_models(empty: Engine) -> None:
    upgrade(empty)
    assert _differences(empty) == []
    assert _constraints(empty) == {
        "experiments": {"ck_experiments_status"},
        "sweeps": {"ck_sweeps_status"},
        "models": {"ck_models_status"},
    }


def test_down_leaves_nothing_and_up_again_builds_the_models(empty: Engine) -> None:
    upgrade(empty)
    downgrade(empty)
    assert inspect(empty).get_table_names() == ["alembic_version"]
    upgrade(empty)
    assert _differences(empty) == []


def test_upgrading_twice_keeps_the_rows(empty: Engine) -> None:
    upgrade(empty)
    sessions = create_session_factory(empty, tenant=DEFAULT_TENANT)
    with session_scope(sessions) as session:
        dataset = make_dataset(session)
    upgrade(empty)
    with session_scope(sessions) as session:
        assert session.get(type(dataset), dataset.id) is not None


def test_schema_is_up_to_date_only_after_the_upgrade(empty: Engine) -> None:
    before = is_up_to_date(empty)
    upgrade(empty)
    after = is_up_to_date(empty)
    downgrade(empty)
    assert (before, after, is_up_to_date(empty)) == (False, True, False)


def test_a_process_works_on_while_the_next_release_upgrades_the_schema(empty: Engine) -> None:
    upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'next'"))
    assert is_up_to_date(empty)


def test_processes_that_start_together_upgrade_once(empty_url: str) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            upgrade(empty_url)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_foreign_keys_hold_again_after_an_upgrade(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'ikt.db'}")
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


def test_revisions_travel_inside_the_package() -> None:
    versions = resources.files("db") / "migrations" / "versions"
    assert any(entry.name.startswith("0001_") for entry in versions.iterdir())


def test_what_was_there_is_the_default_tenants(empty: Engine) -> None:
    upgrade(empty, "0004")
    with empty.begin() as connection:
        student = "INSERT INTO students (student_id, n_interactions, created_at, scoring_due)"
        connection.execute(text(f"{student} VALUES ('ann', 0, '2026-03-02 12:00:00', true)"))
        connection.execute(text("INSERT INTO cohort_members SELECT 'class-1', id FROM students"))
    upgrade(empty)
    with session_scope(create_session_factory(empty), tenant=DEFAULT_TENANT) as session:
        assert [row.student_id for row in list_students(session).items] == ["ann"]
        assert [pk for pk, _ in list_due(session, limit=5)] == [1]
        assert list_cohorts(session) == [("class-1", 1)]
    downgrade(empty, "0004")
    with empty.connect() as connection:
        assert connection.execute(text("SELECT * FROM cohort_members")).all() == [("class-1", 1)]


def test_a_second_tenant_has_no_place_in_the_older_schema(empty: Engine) -> None:
    upgrade(empty)
    with session_scope(create_session_factory(empty), tenant=EVERY_TENANT) as session:
        add_tenant(session, "another")
    with pytest.raises(RuntimeError, match="besides 'default' there are 'another': delete what is theirs"):
        downgrade(empty, "0004")
    assert is_up_to_date(empty)
