"""Fixtures of every room: a stack to run on, and a session that leaves no trace."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import SessionFactory, create_engine, create_session_factory
from db.models import DEFAULT_TENANT
from tests import stacks
from tests.stacks import STACK_NAMES, Services, Stack, StackName

# Tests run beside each other, and threads beyond the cores would wait for each other; read with PyTorch.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
MOST_PROCESSES = 4


def pytest_xdist_auto_num_workers() -> int:
    """One more than cores, for some tests wait."""
    return min((os.cpu_count() or 1) + 1, MOST_PROCESSES)


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """PostgreSQL and Redis, started when the first test asks for them."""
    with stacks.run_services() as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "ikt.db"
    stacks.migrated_sqlite(path).dispose()
    return path


@pytest.fixture(params=STACK_NAMES)
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stack]:
    """A fresh stack, for tests that commit, start processes or use several connections."""
    if request.param == "embedded":
        template = request.getfixturevalue("sqlite_template")
        with stacks.embedded_stack(tmp_path, template) as fresh:
            yield fresh
    else:
        with stacks.services_stack(tmp_path, request.getfixturevalue("services")) as fresh:
            yield fresh


@pytest.fixture
def engine(stack: Stack) -> Iterator[Engine]:
    """An engine on the stack's database."""
    engine = create_engine(stack.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> SessionFactory:
    """Sessions that really commit to the stack's database."""
    return create_session_factory(engine, tenant=DEFAULT_TENANT)


@pytest.fixture(scope="session", params=STACK_NAMES)
def shared_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """One database for all tests that roll back."""
    name: StackName = request.param
    if name == "embedded":
        engine = stacks.migrated_sqlite(tmp_path_factory.mktemp("shared") / "ikt.db")
        yield engine
        engine.dispose()
        return
    services: Services = request.getfixturevalue("services")
    with services.fresh_database() as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def session_factory(shared_engine: Engine) -> Iterator[SessionFactory]:
    """Sessions inside one transaction that is rolled back; what they commit is seen by this test only."""
    with shared_engine.connect() as connection:
        transaction = connection.begin()
        yield create_session_factory(connection, tenant=DEFAULT_TENANT)
        transaction.rollback()


@pytest.fixture
def session(session_factory: SessionFactory) -> Iterator[Session]:
    """The fast way to test a repository, on both databases."""
    with session_factory() as session:
        yield session
