"""One place commits, callbacks follow the transaction, and readers keep out of the writers' way."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from db import postgres
from db.engine import (
    SessionFactory,
    after_commit,
    create_engine,
    create_session_factory,
    read_scope,
    session_scope,
)
from db.folders import make_private
from db.models import DEFAULT_TENANT, Dataset
from db.settings import DatabaseSettings
from tests.builders import make_dataset
from tests.faults import doom_commit
from tests.stacks import Services, Stack


def _count(sessions: SessionFactory) -> int:
    with read_scope(sessions) as session:
        return session.scalars(select(func.count()).select_from(Dataset)).one()


Step = Callable[[Session], object]

WRITE_TWENTY = """
from db.engine import create_engine, create_session_factory, session_scope
from db.settings import DatabaseSettings
from tests.builders import make_dataset
sessions = create_session_factory(create_engine(DatabaseSettings()), tenant=1)
for _ in range(20):
    with session_scope(sessions) as session:
        make_dataset(session)
"""


def _in_scope(sessions: SessionFactory, *steps: Step) -> None:
    with session_scope(sessions) as session:
        for step in steps:
            step(session)


def _boom(session: Session) -> None:  # noqa: ARG001
    raise RuntimeError("boom")


def _register(calls: list[str], name: str) -> Step:
    return lambda session: after_commit(session, lambda: calls.append(name))


class TestSessionScope:
    def test_end_commits(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            make_dataset(session)
        assert _count(sessions) == 1

    def test_processes_share_the_database(self, stack: Stack, sessions: SessionFactory) -> None:
        command = [sys.executable, "-c", WRITE_TWENTY]
        root, env = Path(__file__).parents[2], {**os.environ, **stack.env()}
        writers = [subprocess.Popen(command, cwd=root, env=env) for _ in range(2)]
        assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
        assert _count(sessions) == 40

    def test_exception_rolls_back(self, sessions: SessionFactory) -> None:
        with pytest.raises(RuntimeError, match="boom"):
            _in_scope(sessions, make_dataset, _boom)
        assert _count(sessions) == 0

    def test_failing_commit_raises_and_stores_nothing(self, sessions: SessionFactory) -> None:
        with pytest.raises(IntegrityError):
            _in_scope(sessions, make_dataset, doom_commit)
        assert _count(sessions) == 0

    def test_rows_stay_readable_after_the_commit(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            dataset = make_dataset(session, name="kept")
        assert dataset.name == "kept"

    def test_writers_wait_for_each_other(self, sessions: SessionFactory) -> None:
        started = threading.Event()

        def hold() -> None:
            with session_scope(sessions) as session:
                make_dataset(session)
                started.set()
                time.sleep(0.3)

        thread = threading.Thread(target=hold)
        thread.start()
        started.wait()
        with session_scope(sessions) as session:
            make_dataset(session)
        thread.join()
        assert _count(sessions) == 2

    def test_failing_commit_does_not_keep_the_lock(self, sessions: SessionFactory) -> None:
        with pytest.raises(IntegrityError):
            _in_scope(sessions, doom_commit)
        _in_scope(sessions, make_dataset)
        assert _count(sessions) == 1

    def test_read_then_write_never_meets_a_locked_database(self, sessions: SessionFactory) -> None:
        failures: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(10):
                    with session_scope(sessions) as session:
                        session.scalars(select(func.count()).select_from(Dataset)).one()
                        make_dataset(session)
            except BaseException as error:
                failures.append(error)

        _run_together([work] * 4)
        assert failures == []
        assert _count(sessions) == 40


class TestAfterCommit:
    def test_callback_sees_the_committed_row(self, sessions: SessionFactory) -> None:
        seen: list[int] = []
        with session_scope(sessions) as session:
            make_dataset(session)
            after_commit(session, lambda: seen.append(_count(sessions)))
            assert seen == []
        assert seen == [1]

    def test_callbacks_run_in_order(self, sessions: SessionFactory) -> None:
        calls: list[str] = []
        with session_scope(sessions) as session:
            after_commit(session, lambda: calls.append("first"))
            after_commit(session, lambda: calls.append("second"))
        assert calls == ["first", "second"]

    def test_exception_drops_the_callback(self, sessions: SessionFactory) -> None:
        calls: list[str] = []
        with pytest.raises(RuntimeError, match="boom"):
            _in_scope(sessions, _register(calls, "lost"), _boom)
        assert calls == []

    def test_failing_commit_drops_the_callback(self, sessions: SessionFactory) -> None:
        calls: list[str] = []
        with pytest.raises(IntegrityError):
            _in_scope(sessions, _register(calls, "lost"), doom_commit)
        assert calls == []

    def test_rollback_in_between_drops_only_what_came_before(self, sessions: SessionFactory) -> None:
        calls: list[str] = []
        with session_scope(sessions) as session:
            make_dataset(session)
            after_commit(session, lambda: calls.append("before"))
            session.rollback()
            after_commit(session, lambda: calls.append("after"))
        assert calls == ["after"]

    def test_savepoint_rolled_back_takes_its_callbacks_along(self, sessions: SessionFactory) -> None:
        calls: list[str] = []
        with session_scope(sessions) as session:
            after_commit(session, lambda: calls.append("outer"))
            savepoint = session.begin_nested()
            after_commit(session, lambda: calls.append("inner"))
            with session.begin_nested():
                after_commit(session, lambda: calls.append("innermost"))
            savepoint.rollback()
        assert calls == ["outer"]

    def test_released_savepoint_keeps_its_callbacks(self, sessions: SessionFactory) -> None:
        calls: list[str] = []
        with session_scope(sessions) as session:
            with session.begin_nested():
                after_commit(session, lambda: calls.append("inner"))
            assert calls == []
        assert calls == ["inner"]

    def test_failing_callback_is_logged_and_stops_nothing(
        self, sessions: SessionFactory, caplog: pytest.LogCaptureFixture
    ) -> None:
        calls: list[str] = []

        def fail() -> None:
            raise ConnectionError("broker down")

        with caplog.at_level(logging.ERROR, "db.engine"), session_scope(sessions) as session:
            make_dataset(session)
            after_commit(session, fail)
            after_commit(session, lambda: calls.append("next"))
        assert calls == ["next"]
        assert "broker down" in caplog.text
        assert _count(sessions) == 1

    def test_works_inside_a_tests_transaction(self, session_factory: SessionFactory) -> None:
        calls: list[str] = []
        with session_scope(session_factory) as session:
            after_commit(session, lambda: calls.append("done"))
        assert calls == ["done"]


class TestReadScope:
    def test_reads_while_a_writer_is_at_work(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            make_dataset(session)
            assert _count(sessions) == 0
        assert _count(sessions) == 1

    def test_does_not_keep_a_writer_waiting(self, sessions: SessionFactory) -> None:
        with read_scope(sessions) as reader:
            reader.scalars(select(Dataset)).all()
            with session_scope(sessions) as session:
                make_dataset(session)
        assert _count(sessions) == 1

    def test_is_one_snapshot(self, sessions: SessionFactory) -> None:
        counting = select(func.count()).select_from(Dataset)
        with read_scope(sessions) as reader:
            assert reader.scalars(counting).one() == 0
            with session_scope(sessions) as session:
                make_dataset(session)
            assert reader.scalars(counting).one() == 0

    def test_refuses_to_write(self, sessions: SessionFactory) -> None:
        with read_scope(sessions) as reader, pytest.raises(DBAPIError, match=r"read-?only"):
            make_dataset(reader)

    def test_leaves_its_connection_fit_to_write(self, sessions: SessionFactory) -> None:
        for _ in range(3):
            _count(sessions)
            with session_scope(sessions) as session:
                make_dataset(session)
        assert _count(sessions) == 3

    def test_works_inside_a_tests_transaction(self, session_factory: SessionFactory) -> None:
        with session_scope(session_factory) as session:
            make_dataset(session)
        assert _count(session_factory) == 1


class TestRollback:
    def test_outer_transaction_undoes_committed_sessions(self, engine: Engine) -> None:
        with engine.connect() as connection:
            transaction = connection.begin()
            with create_session_factory(connection, tenant=DEFAULT_TENANT)() as session:
                make_dataset(session)
                session.commit()
                session.rollback()
                make_dataset(session)
                session.commit()
            transaction.rollback()
        assert _count(create_session_factory(engine, tenant=DEFAULT_TENANT)) == 0


class TestSqlite:
    @pytest.fixture
    def connection(self, tmp_path: Path) -> Callable[[str], object]:
        engine = create_engine(DatabaseSettings(data_dir=tmp_path / "new" / "folder"))

        def ask(pragma: str) -> object:
            with engine.connect() as connection:
                answer = connection.execute(text(f"PRAGMA {pragma}")).scalar()
            engine.dispose()
            return answer

        return ask

    @pytest.mark.parametrize(
        ("pragma", "value"),
        [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1), ("busy_timeout", 30_000)],
    )
    def test_connection_is_prepared(
        self, connection: Callable[[str], object], pragma: str, value: object
    ) -> None:
        assert connection(pragma) == value

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_memory_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match="must name a file"):
            create_engine(url)


class TestPostgres:
    @pytest.fixture
    def stack_engine(self, services: Services) -> Iterator[Engine]:
        """On a database whose times would come back in another zone."""
        with services.fresh_database() as url:
            engine = create_engine(url)
            with engine.begin() as connection:
                connection.execute(text("ALTER ROLE postgres SET timezone = 'Asia/Tokyo'"))
            engine.dispose()
            yield engine
            with engine.begin() as connection:
                connection.execute(text("ALTER ROLE postgres RESET timezone"))
            engine.dispose()

    def test_loss_of_a_connection_is_noticed_soon_unless_the_address_says_otherwise(
        self, stack_engine: Engine
    ) -> None:
        address = stack_engine.url.update_query_dict({"connect_timeout": "3"})
        for engine, patience in ((stack_engine, "10"), (create_engine(str(address)), "3")):
            with create_session_factory(engine, tenant=DEFAULT_TENANT)() as session:
                driver = session.connection().connection.driver_connection
                assert isinstance(driver, psycopg.Connection)
                used = driver.info.get_parameters()
            engine.dispose()
            assert (used["connect_timeout"], used["tcp_user_timeout"]) == (patience, "10000")

    def test_times_come_in_utc(self, stack_engine: Engine) -> None:
        with create_session_factory(stack_engine, tenant=DEFAULT_TENANT)() as session:
            [(now,)] = postgres.fetch(session, "SELECT now()")
        assert now.tzinfo is UTC

    def test_errors_bear_the_names_of_sqlalchemy(self, stack_engine: Engine) -> None:
        with create_session_factory(stack_engine, tenant=DEFAULT_TENANT)() as session:
            with pytest.raises(ProgrammingError, match="no_such_table"):
                postgres.fetch(session, "SELECT * FROM no_such_table")
            session.rollback()
            with pytest.raises(DataError, match="invalid input syntax"):
                postgres.execute(session, "SELECT %(value)s::text::integer", {"value": "one"})
            session.rollback()
            postgres.execute(session, "CREATE TEMP TABLE numbers (number integer)")
            with pytest.raises(DataError, match="invalid input syntax"):
                postgres.copy_in(session, "COPY numbers FROM STDIN", "one\n")

    def test_lost_connection_is_not_used_again(self, stack_engine: Engine) -> None:
        sessions = create_session_factory(stack_engine, tenant=DEFAULT_TENANT)
        with sessions() as session:
            [(pid,)] = postgres.fetch(session, "SELECT pg_backend_pid()")
            with sessions() as other:
                postgres.execute(other, f"SELECT pg_terminate_backend({pid})")
            with pytest.raises(OperationalError) as lost:
                postgres.fetch(session, "SELECT 1")
            assert lost.value.connection_invalidated
            session.rollback()
            assert postgres.fetch(session, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_urls_get_the_installed_driver(scheme: str) -> None:
    assert create_engine(f"{scheme}://somebody@localhost/ikt").driver == "psycopg"


def _run_together(functions: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_new_data_folder_is_closed_to_other_users(tmp_path: Path) -> None:
    create_engine(DatabaseSettings(data_dir=tmp_path / "new" / "state")).dispose()
    make_private(tmp_path / "other" / "logs")
    for folder in ("new", "new/state", "other", "other/logs"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    create_engine(DatabaseSettings(data_dir=tmp_path)).dispose()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
