"""Erasures' leases and waits go by the clock that all processes share, and survive one that is wrong."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.base import utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.models import Erasure
from db.repositories import erasures
from db.repositories.leases import shared_now
from tests.builders import OWNER, make_student
from tests.stacks import Stack

DAY, LEASE_SECONDS = timedelta(days=1), 60.0
LEASE = timedelta(seconds=LEASE_SECONDS)


def claim(session: Session, owner: str = OWNER, *, now: datetime | None = None) -> int | None:
    return erasures.claim_tenant(session, owner, lease_seconds=LEASE_SECONDS, now=now)


def heed(session: Session, now: datetime | None = None) -> int:
    return erasures.heed_clock(session, now or shared_now(session), lease_seconds=LEASE_SECONDS)


def test_the_clock_is_the_databases(
    stack: Stack, sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.repositories.leases.utc_now", lambda: utc_now() + DAY)
    with session_scope(sessions) as session:
        make_student(session, student_id="ben")
        erasures.erase_student(session, "ben")
        erasures.add_erasure(session, "ana")
        assert erasures.is_erasing_wanted(session)
        assert claim(session) is not None
        erasures.renew_lease(session, OWNER, lease_seconds=LEASE_SECONDS)
    with read_scope(sessions) as session:
        rows = session.scalars(select(Erasure)).all()
    shown = [moment for row in rows for moment in (row.requested_at, row.due_at, row.lease_expires_at)]
    expected = utc_now() + (DAY if stack.name == "embedded" else timedelta())
    assert len(rows) == 2
    for moment in shown:
        assert moment is not None
        assert abs(moment - expected) < 2 * LEASE
    with session_scope(sessions) as session:
        erasures.postpone(session, OWNER, timedelta(days=2))
        (due_at,) = {row.due_at for row in session.scalars(select(Erasure))}
        assert abs(due_at - expected - erasures.LONGEST_WAIT) < LEASE
        erasures.forget_remembered(session)
        assert len(erasures.list_remembered(session, since=utc_now() - DAY)) == 1


def test_a_lease_that_a_wrong_clock_gave_ends_soon(session: Session) -> None:
    erasures.add_erasure(session, "ana")
    now = utc_now()
    assert claim(session, "lost", now=now + DAY) is not None
    later = erasures.add_erasure(session, "ben")
    assert heed(session, now) == 1
    assert heed(session, now) == 0
    assert claim(session, now=now + LEASE - timedelta(seconds=1)) is None
    assert claim(session, now=now + LEASE + timedelta(seconds=1)) is not None
    assert later in erasures.list_held(session, OWNER)


def test_moments_that_lie_ahead_are_brought_back(session: Session) -> None:
    now = utc_now()
    fresh, failed, waiting, done = (erasures.add_erasure(session, name) for name in ("a", "b", "c", "d"))
    fresh.requested_at = fresh.due_at = now + timedelta(minutes=5)
    failed.attempt, failed.due_at = 3, now + DAY
    waiting.attempt, waiting.due_at = 3, now + timedelta(minutes=50)
    done.finished_at = now + DAY
    session.flush()
    assert heed(session, now) == 3
    assert (fresh.requested_at, fresh.due_at, failed.due_at, done.finished_at) == (now, now, now, now)
    assert waiting.due_at == now + timedelta(minutes=50)
    assert erasures.find_last_finished(session) == now


def test_what_is_right_is_left_alone(session: Session) -> None:
    erasures.add_erasure(session, "ana")
    assert claim(session) is not None
    erasures.add_erasure(session, "ben")
    assert heed(session) == 0
