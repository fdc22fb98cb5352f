"""The heartbeat of a job."""

from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from db.errors import LeaseLost
from tests.worker.support import wait_until
from worker.leases import Heartbeat, new_owner

ID = uuid4()


class Row:
    """The answers of a row, and what it was told."""

    def __init__(self) -> None:
        self.told: list[float] = []
        self.is_cancelled = False
        self.error: Exception | None = None

    def renew(self, progress: float) -> bool:
        self.told.append(progress)
        if self.error is not None:
            raise self.error
        return self.is_cancelled


@pytest.fixture
def row() -> Row:
    return Row()


def test_progress_is_carried_to_the_row(row: Row) -> None:
    with Heartbeat(ID, row.renew, seconds=0.01) as heartbeat:
        assert heartbeat.report(0.25)
        wait_until(lambda: 0.25 in row.told)


def test_a_cancelled_row_stops_the_job(row: Row) -> None:
    row.is_cancelled = True
    with Heartbeat(ID, row.renew, seconds=0.01) as heartbeat:
        wait_until(lambda: not heartbeat.report(0.5))
    assert heartbeat.is_cancelled
    assert not heartbeat.is_lost


def test_a_lost_lease_stops_the_job_and_the_heartbeat(row: Row) -> None:
    row.error = LeaseLost(ID, owner="somebody")
    with Heartbeat(ID, row.renew, seconds=0.01) as heartbeat:
        wait_until(lambda: not heartbeat.report(0.5))
        told = len(row.told)
        assert not wait_until_more(row, told)
    assert heartbeat.is_lost


def wait_until_more(row: Row, told: int) -> bool:
    try:
        return wait_until(lambda: len(row.told) > told, seconds=0.2)
    except TimeoutError:
        return False


def test_a_database_that_is_away_for_a_moment_does_not_stop_the_job(row: Row) -> None:
    row.error = OperationalError("UPDATE", {}, Exception("connection refused"))
    with Heartbeat(ID, row.renew, seconds=0.01) as heartbeat:
        wait_until(lambda: len(row.told) >= 2)
        row.error = None
        told = len(row.told)
        wait_until(lambda: len(row.told) > told + 1)
        assert heartbeat.report(0.5)


def test_a_worker_that_shuts_down_stops_the_job(row: Row) -> None:
    stop = Event()
    with Heartbeat(ID, row.renew, seconds=60, stop=stop) as heartbeat:
        assert heartbeat.report(0.5)
        stop.set()
        assert not heartbeat.report(0.6)
    assert not heartbeat.is_cancelled


def test_no_two_attempts_have_the_same_name() -> None:
    assert new_owner() != new_owner()
    assert len(new_owner()) <= 255
