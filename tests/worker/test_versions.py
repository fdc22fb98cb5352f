"""A rolling upgrade: processes of two releases at once, and nothing fails of what they leave each other.

The other release is this one with its version changed before anything reads it. Real processes run on Redis
and PostgreSQL alone: the embedded stack is one machine's, whose processes are upgraded together.
"""

import logging
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

import worker.tasks  # noqa: F401
from db.base import utc_now
from db.engine import SessionFactory, create_engine, create_session_factory, session_scope
from db.models import DEFAULT_TENANT, Dataset, Experiment
from db.repositories.experiments import get_experiment
from db.repositories.sweeps import get_sweep, list_trials
from tests.builders import make_sweep
from tests.stacks import Services, Stack, services_stack
from tests.worker.support import (
    LONG_AGO,
    classroom,
    look,
    queue_experiment,
    running_worker,
    settings_of,
    store_dataset,
    wait_for_status,
    wait_until,
)
from worker.celery_app import app, create_celery
from worker.enqueue import JOB_VERSION, TRAIN_TASK, VERSION_HEADER, enqueue_training
from worker.sweeps import advance_sweep

NEXT = JOB_VERSION + 1
NEXT_RELEASE = f"""
import worker.enqueue
worker.enqueue.JOB_VERSION = {NEXT}
from worker.__main__ import main
main()
"""


@pytest.fixture
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.env().items():
        monkeypatch.setenv(name, value)


def receive(headers: dict[str, int], *arguments: str, **named: str) -> None:
    """Do in this process what a worker does about a message."""
    task = app.tasks[TRAIN_TASK]
    task.push_request(**headers)
    try:
        task.run(*arguments, **named)
    finally:
        task.pop_request()


@pytest.mark.usefixtures("environment")
class TestMessages:
    def test_a_newer_one_is_dropped_unread(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)

        receive({VERSION_HEADER: NEXT}, "no id of ours")

        assert f"event=left_to_newer_worker task=ikt.train needed={NEXT} known={JOB_VERSION}" in caplog.text

    @pytest.mark.parametrize("headers", [{}, {VERSION_HEADER: JOB_VERSION}])
    def test_what_is_not_known_of_one_is_ignored(
        self, sessions: SessionFactory, dataset: Dataset, headers: dict[str, int]
    ) -> None:
        row_id = queue_experiment(sessions, dataset.id, config={"not": "ours"})

        receive(headers, str(row_id), "more", why="later")

        assert look(sessions, row_id).experiment.attempt == 1


def test_a_newer_sweep_is_neither_advanced_nor_ended(stack: Stack, sessions: SessionFactory) -> None:
    with session_scope(sessions) as session:
        full = make_sweep(session, job_version=NEXT, n_created=4)
        fresh = make_sweep(session, job_version=NEXT, search={"method": "of the next release"})

    for sweep in (full, fresh):
        advance_sweep(sweep.id, settings=settings_of(stack))

    with session_scope(sessions) as session:
        assert [get_sweep(session, row.id).status.value for row in (full, fresh)] == ["running"] * 2
        assert list_trials(session, [full.id, fresh.id]) == []


def queue_as_first_release(sessions: SessionFactory, dataset_id: UUID) -> UUID:
    """A row that names no version, as that release inserts it."""
    like = queue_experiment(sessions, dataset_id, epochs=1)
    with session_scope(sessions) as session:
        row = get_experiment(session, like)
        columns = [column for column in Experiment.__table__.columns if column.name != "job_version"]
        values = {column.name: getattr(row, column.name) for column in columns}
        session.delete(row)
        session.flush()
        table = sa.table(
            Experiment.__tablename__, *(sa.column(column.name, column.type) for column in columns)
        )
        session.execute(sa.insert(table), values)
    return like


def ring_as_first_release(stack: Stack, experiment_id: UUID) -> None:
    create_celery(lambda: settings_of(stack)).send_task(TRAIN_TASK, args=(str(experiment_id),), queue="cpu")


def test_two_releases_share_rows_and_messages(services: Services, tmp_path: Path) -> None:
    with services_stack(tmp_path, services) as stack:
        engine = create_engine(stack.database_url)
        sessions = create_session_factory(engine, tenant=DEFAULT_TENANT)
        settings = settings_of(stack)
        dataset = store_dataset(settings, sessions, classroom(n_students=20), tmp_path).id
        newer = queue_experiment(sessions, dataset, epochs=1, job_version=NEXT)
        with running_worker(stack, tmp_path) as old:
            # By a message that says so, by one that does not, and by no message at all.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("worker.enqueue.JOB_VERSION", NEXT)
                enqueue_training(newer, settings=settings)
            ring_as_first_release(stack, newer)
            with session_scope(sessions) as session:
                get_experiment(session, newer).rung_at = utc_now() - LONG_AGO
            wait_until(lambda: "left_to_newer_worker" in old.logged() and "not_claimed" in old.logged())
            mine = queue_as_first_release(sessions, dataset)
            ring_as_first_release(stack, mine)
            wait_for_status(sessions, mine, "succeeded")
            assert old.terminate() == 0
            left = look(sessions, newer).experiment
            assert (left.status.value, left.attempt, left.rings) == ("queued", 0, 0)
            assert "Traceback" not in old.logged()
        older = queue_as_first_release(sessions, dataset)
        with running_worker(stack, tmp_path, program=NEXT_RELEASE) as new:
            ring_as_first_release(stack, older)
            done = [wait_for_status(sessions, row, "succeeded").experiment for row in (newer, older)]
            assert [(row.attempt, row.job_version) for row in done] == [(1, NEXT)] * 2
            assert "Traceback" not in new.logged()
        engine.dispose()
