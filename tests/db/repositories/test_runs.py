"""Runs: claimed, kept alive, recorded and ended by those who hold the lease."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import inf, nan
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from db.base import utc_now
from db.errors import (
    LeaseLost,
)
from db.lifecycle import ExperimentStatus
from db.models import Experiment
from db.repositories import experiments, runs
from tests.builders import OWNER, make_experiment, make_running

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, PRUNED = ExperimentStatus
TERMINAL = [SUCCEEDED, FAILED, CANCELLED, PRUNED]


class TestClaim:
    def test_starts_the_run(self, session: Session) -> None:
        now = utc_now()
        made = make_experiment(session)
        claimed = runs.claim(session, made.id, OWNER, lease_seconds=60, now=now)
        assert claimed is made
        assert (made.status, made.attempt, made.lease_owner) == (RUNNING, 1, OWNER)
        assert made.lease_expires_at == now + timedelta(seconds=60)
        assert made.started_at == made.heartbeat_at == now
        assert made.dataset.name == "classroom"

    def test_second_message_finds_nothing_to_do(self, session: Session) -> None:
        running = make_running(session)
        assert runs.claim(session, running.id, "worker-2", lease_seconds=60) is None
        assert running.lease_owner == OWNER

    @pytest.mark.parametrize("status", TERMINAL)
    def test_finished_experiments_are_left_alone(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        assert runs.claim(session, made.id, OWNER, lease_seconds=60) is None

    def test_unknown_id_gives_none(self, session: Session) -> None:
        assert runs.claim(session, uuid4(), OWNER, lease_seconds=60) is None

    def test_expired_lease_is_taken_over_as_a_new_attempt(self, session: Session) -> None:
        running = make_running(session)
        first_start = running.started_at
        later = utc_now() + timedelta(seconds=61)
        assert runs.claim(session, running.id, "worker-2", lease_seconds=60, now=later) is not None
        assert (running.attempt, running.lease_owner) == (2, "worker-2")
        assert running.started_at == first_start

    def test_last_attempt_is_not_exceeded(self, session: Session) -> None:
        running = make_running(session, max_attempts=1)
        later = utc_now() + timedelta(seconds=61)
        assert runs.claim(session, running.id, "worker-2", lease_seconds=60, now=later) is None

    def test_run_that_was_to_be_cancelled_is_not_taken_over(self, session: Session) -> None:
        running = make_running(session, cancel_requested=False)
        experiments.request_cancel(session, running.id)
        later = utc_now() + timedelta(seconds=61)
        assert runs.claim(session, running.id, "worker-2", lease_seconds=60, now=later) is None


class TestRenewLease:
    def test_moves_the_expiry_and_the_progress(self, session: Session) -> None:
        running = make_running(session)
        now = utc_now() + timedelta(seconds=30)
        asked = runs.renew_lease(session, running.id, OWNER, lease_seconds=60, progress=0.4, now=now)
        assert asked is False
        assert (running.lease_expires_at, running.progress) == (now + timedelta(seconds=60), 0.4)

    def test_says_when_the_run_is_to_stop(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        assert runs.renew_lease(session, running.id, OWNER, lease_seconds=60) is True

    def test_late_renewal_counts_while_nobody_took_over(self, session: Session) -> None:
        running = make_running(session, lease_seconds=-1)
        runs.renew_lease(session, running.id, OWNER, lease_seconds=60)
        assert runs.requeue_expired(session) == []


class TestRecordEnvironment:
    def test_notes_what_the_worker_runs_on(self, session: Session) -> None:
        running = make_running(session)
        runs.record_environment(
            session,
            running.id,
            OWNER,
            device_used="cpu",
            code_version="abc",
            package_versions={"torch": "2.13.0"},
        )
        session.refresh(running)
        assert (running.device, running.device_used, running.code_version) == ("auto", "cpu", "abc")
        assert running.package_versions == {"torch": "2.13.0"}

    def test_a_later_attempt_replaces_the_warnings(self, session: Session) -> None:
        running = make_running(session)
        for warnings in (["one", "two"], ["three"]):
            runs.record_warnings(session, running.id, OWNER, warnings=warnings)
            session.refresh(running)
            assert running.warnings == warnings


class TestRecordEpoch:
    def test_stores_metrics_and_counts_the_epoch(self, session: Session) -> None:
        running = make_running(session)
        asked = _record(session, running, 1, auc=0.7)
        assert asked is False
        assert running.epochs_done == 1
        assert [row.metrics for row in experiments.list_epoch_metrics(session, running.id)] == [{"auc": 0.7}]

    def test_repeated_epoch_replaces_the_first(self, session: Session) -> None:
        running = make_running(session)
        _record(session, running, 1, auc=0.7)
        experiments.list_epoch_metrics(session, running.id)
        _record(session, running, 1, auc=0.8)
        assert [row.metrics for row in experiments.list_epoch_metrics(session, running.id)] == [{"auc": 0.8}]

    def test_earlier_epoch_does_not_turn_the_count_back(self, session: Session) -> None:
        running = make_running(session)
        _record(session, running, 2)
        _record(session, running, 1)
        assert running.epochs_done == 2

    def test_numbers_that_are_not_finite_become_null(self, session: Session) -> None:
        running = make_running(session)
        _record(session, running, 1, auc=nan, loss=inf)
        session.expire_all()
        (row,) = experiments.list_epoch_metrics(session, running.id)
        assert row.metrics == {"auc": None, "loss": None}

    def test_says_when_the_run_is_to_stop(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        assert _record(session, running, 1) is True

    def test_only_later_epochs_are_listed(self, session: Session) -> None:
        running = make_running(session)
        for epoch in (2, 1, 3):
            _record(session, running, epoch)
        rows = experiments.list_epoch_metrics(session, running.id, after_epoch=1)
        assert [row.epoch for row in rows] == [2, 3]


class TestEndOfARun:
    def test_finish_keeps_the_final_metrics(self, session: Session) -> None:
        running = make_running(session)
        runs.finish(session, running.id, OWNER, metrics={"auc": 0.73, "p_mastery_pearson": nan})
        session.refresh(running)
        assert (running.status, running.progress) == (SUCCEEDED, 1.0)
        assert running.metrics == {"auc": 0.73, "p_mastery_pearson": None}
        assert (running.lease_owner, running.lease_expires_at) == (None, None)
        assert running.finished_at is not None

    def test_fail_keeps_a_short_reason(self, session: Session) -> None:
        running = make_running(session)
        runs.fail(session, running.id, OWNER, error_type="TrainingDiverged", detail="x" * 10_000)
        assert (running.status, running.error_type) == (FAILED, "TrainingDiverged")
        assert running.error_detail == "x" * runs.DETAIL_LIMIT

    def test_mark_cancelled_ends_the_run(self, session: Session) -> None:
        running = make_running(session)
        runs.mark_cancelled(session, running.id, OWNER)
        assert running.status == CANCELLED

    def test_release_gives_the_attempt_back(self, session: Session) -> None:
        running = make_running(session)
        runs.release(session, running.id, OWNER)
        session.refresh(running)
        assert (running.status, running.attempt, running.lease_owner) == (QUEUED, 0, None)

    def test_release_of_a_run_to_be_cancelled_cancels_it(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        runs.release(session, running.id, OWNER)
        assert running.status == CANCELLED

    def test_interrupt_counts_the_attempt_and_waits_longer_each_time(self, session: Session) -> None:
        running = make_running(session)
        assert runs.interrupt(session, running.id, OWNER, error_type="E", detail="d")
        assert (running.status, running.attempt, running.rings) == (QUEUED, 1, 0)
        assert (running.lease_owner, running.error_type) == (None, None)
        runs.claim(session, running.id, OWNER, lease_seconds=60)
        runs.interrupt(session, running.id, OWNER, error_type="E", detail="d")
        assert (running.attempt, running.rings) == (2, 1)

    def test_interrupt_of_the_last_attempt_fails_with_the_reason(self, session: Session) -> None:
        running = make_running(session, max_attempts=1)
        assert not runs.interrupt(
            session, running.id, OWNER, error_type="OperationalError", detail="database is locked"
        )
        assert (running.status, running.error_type) == (FAILED, "OperationalError")
        assert running.error_detail == "database is locked"
        assert running.finished_at is not None

    def test_interrupt_of_a_run_to_be_cancelled_cancels_it(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        runs.interrupt(session, running.id, OWNER, error_type="E", detail="d")
        assert (running.status, running.error_type) == (CANCELLED, None)


Write = Callable[[Session, UUID, str], object]

WRITES: dict[str, Write] = {
    "renew_lease": lambda s, i, o: runs.renew_lease(s, i, o, lease_seconds=60),
    "record_environment": lambda s, i, o: runs.record_environment(
        s, i, o, device_used="cpu", code_version=None, package_versions={}
    ),
    "record_warnings": lambda s, i, o: runs.record_warnings(s, i, o, warnings=["beware"]),
    "record_epoch": lambda s, i, o: runs.record_epoch(s, i, o, epoch=1, metrics={}, seconds=1.0),
    "finish": lambda s, i, o: runs.finish(s, i, o, metrics={}),
    "fail": lambda s, i, o: runs.fail(s, i, o, error_type="E", detail="d"),
    "mark_cancelled": runs.mark_cancelled,
    "release": runs.release,
    "interrupt": lambda s, i, o: runs.interrupt(s, i, o, error_type="E", detail="d"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
class TestLeaseLost:
    def test_other_worker_can_not_write(self, session: Session, write: Write) -> None:
        running = make_running(session)
        with pytest.raises(LeaseLost, match="worker-2"):
            write(session, running.id, "worker-2")
        session.refresh(running)
        assert (running.status, running.lease_owner) == (RUNNING, OWNER)
        assert experiments.list_epoch_metrics(session, running.id) == []

    def test_former_owner_can_not_write_after_the_end(self, session: Session, write: Write) -> None:
        running = make_running(session)
        runs.fail(session, running.id, OWNER, error_type="First", detail="")
        with pytest.raises(LeaseLost):
            write(session, running.id, OWNER)
        assert running.error_type == "First"


def _record(session: Session, running: Experiment, epoch: int, **metrics: float) -> bool:
    return runs.record_epoch(session, running.id, OWNER, epoch=epoch, metrics=metrics, seconds=1.0)


def test_times_without_a_zone_are_refused(session: Session) -> None:
    made = make_experiment(session)
    made.started_at = datetime(2026, 1, 1)
    with pytest.raises(Exception, match="has no time zone"):
        session.flush()
