"""What people do to experiments, and what a worker may write while it holds the lease."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf, nan
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from db.base import utc_now
from db.errors import (
    DatasetNotFound,
    DuplicateIdempotencyKey,
    ExperimentNotFound,
    IllegalMove,
    LeaseLost,
    ModelInUse,
    StillActive,
)
from db.lifecycle import ExperimentStatus, ModelStatus
from db.models import Experiment, Model
from db.repositories import experiments, models
from tests.builders import OWNER, make_dataset, make_experiment, make_model, make_running

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = ExperimentStatus
TERMINAL = [SUCCEEDED, FAILED, CANCELLED]


class TestAddExperiment:
    def test_starts_queued_with_nothing_done(self, session: Session) -> None:
        experiment = make_experiment(session)
        assert (experiment.status, experiment.attempt, experiment.progress) == (QUEUED, 0, 0.0)
        assert experiment.created_at.tzinfo is UTC

    def test_unknown_dataset_is_named(self, session: Session) -> None:
        missing = uuid4()
        with pytest.raises(DatasetNotFound, match=str(missing)):
            make_experiment(session, dataset_id=missing)

    def test_second_use_of_a_key_is_refused_and_the_first_is_found(self, session: Session) -> None:
        first = make_experiment(session, idempotency_key="k")
        with pytest.raises(DuplicateIdempotencyKey, match="'k'"):
            make_experiment(session, idempotency_key="k")
        found = experiments.find_by_idempotency_key(session, "k")
        assert found is not None
        assert found.id == first.id

    def test_experiments_without_a_key_do_not_collide(self, session: Session) -> None:
        assert make_experiment(session).id != make_experiment(session).id


class TestGetExperiment:
    def test_brings_its_dataset(self, session: Session) -> None:
        made = make_experiment(session, dataset_id=make_dataset(session, name="school").id)
        session.expunge_all()
        assert experiments.get_experiment(session, made.id).dataset.name == "school"

    def test_unknown_id_raises(self, session: Session) -> None:
        with pytest.raises(ExperimentNotFound):
            experiments.get_experiment(session, uuid4())

    def test_nothing_is_loaded_lazily(self, session: Session) -> None:
        made = make_experiment(session)
        session.expunge_all()
        bare = session.get_one(Experiment, made.id)
        with pytest.raises(InvalidRequestError, match="lazy='raise'"):
            _ = bare.dataset


class TestListExperiments:
    def test_newest_come_first(self, session: Session) -> None:
        made = [make_experiment(session).id for _ in range(3)]
        assert [row.id for row in experiments.list_experiments(session).items] == made[::-1]

    @pytest.mark.parametrize("field", ["status", "dataset_id", "preset"])
    def test_filter_keeps_what_matches(self, session: Session, field: str) -> None:
        wanted = make_experiment(session, status=FAILED, preset="l23-mean")
        make_experiment(session)
        page = experiments.list_experiments(session, **{field: getattr(wanted, field)})
        assert [row.id for row in page.items] == [wanted.id]

    def test_filter_holds_on_the_next_page(self, session: Session) -> None:
        wanted = [make_experiment(session, preset="l23-mean").id for _ in range(3)]
        make_experiment(session)
        first = experiments.list_experiments(session, preset="l23-mean", limit=2)
        second = experiments.list_experiments(session, preset="l23-mean", limit=2, cursor=first.next_cursor)
        assert [row.id for row in [*first.items, *second.items]] == wanted[::-1]


class TestClaim:
    def test_starts_the_run(self, session: Session) -> None:
        now = utc_now()
        made = make_experiment(session)
        claimed = experiments.claim(session, made.id, OWNER, lease_seconds=60, now=now)
        assert claimed is made
        assert (made.status, made.attempt, made.lease_owner) == (RUNNING, 1, OWNER)
        assert made.lease_expires_at == now + timedelta(seconds=60)
        assert made.started_at == made.heartbeat_at == now
        assert made.dataset.name == "classroom"

    def test_second_message_finds_nothing_to_do(self, session: Session) -> None:
        running = make_running(session)
        assert experiments.claim(session, running.id, "worker-2", lease_seconds=60) is None
        assert running.lease_owner == OWNER

    @pytest.mark.parametrize("status", TERMINAL)
    def test_finished_experiments_are_left_alone(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        assert experiments.claim(session, made.id, OWNER, lease_seconds=60) is None

    def test_unknown_id_gives_none(self, session: Session) -> None:
        assert experiments.claim(session, uuid4(), OWNER, lease_seconds=60) is None

    def test_expired_lease_is_taken_over_as_a_new_attempt(self, session: Session) -> None:
        running = make_running(session)
        first_start = running.started_at
        later = utc_now() + timedelta(seconds=61)
        assert experiments.claim(session, running.id, "worker-2", lease_seconds=60, now=later) is not None
        assert (running.attempt, running.lease_owner) == (2, "worker-2")
        assert running.started_at == first_start

    def test_last_attempt_is_not_exceeded(self, session: Session) -> None:
        running = make_running(session, max_attempts=1)
        later = utc_now() + timedelta(seconds=61)
        assert experiments.claim(session, running.id, "worker-2", lease_seconds=60, now=later) is None

    def test_run_that_was_to_be_cancelled_is_not_taken_over(self, session: Session) -> None:
        running = make_running(session, cancel_requested=False)
        experiments.request_cancel(session, running.id)
        later = utc_now() + timedelta(seconds=61)
        assert experiments.claim(session, running.id, "worker-2", lease_seconds=60, now=later) is None


class TestRenewLease:
    def test_moves_the_expiry_and_the_progress(self, session: Session) -> None:
        running = make_running(session)
        now = utc_now() + timedelta(seconds=30)
        asked = experiments.renew_lease(session, running.id, OWNER, lease_seconds=60, progress=0.4, now=now)
        assert asked is False
        assert (running.lease_expires_at, running.progress) == (now + timedelta(seconds=60), 0.4)

    def test_says_when_the_run_is_to_stop(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        assert experiments.renew_lease(session, running.id, OWNER, lease_seconds=60) is True

    def test_late_renewal_counts_while_nobody_took_over(self, session: Session) -> None:
        running = make_running(session, lease_seconds=-1)
        experiments.renew_lease(session, running.id, OWNER, lease_seconds=60)
        assert experiments.requeue_expired(session) == []


class TestRecordEnvironment:
    def test_notes_what_the_worker_runs_on(self, session: Session) -> None:
        running = make_running(session)
        experiments.record_environment(
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
        experiments.finish(session, running.id, OWNER, metrics={"auc": 0.73, "p_mastery_pearson": nan})
        session.refresh(running)
        assert (running.status, running.progress) == (SUCCEEDED, 1.0)
        assert running.metrics == {"auc": 0.73, "p_mastery_pearson": None}
        assert (running.lease_owner, running.lease_expires_at) == (None, None)
        assert running.finished_at is not None

    def test_fail_keeps_a_short_reason(self, session: Session) -> None:
        running = make_running(session)
        experiments.fail(session, running.id, OWNER, error_type="TrainingDiverged", detail="x" * 10_000)
        assert (running.status, running.error_type) == (FAILED, "TrainingDiverged")
        assert running.error_detail == "x" * experiments.DETAIL_LIMIT

    def test_mark_cancelled_ends_the_run(self, session: Session) -> None:
        running = make_running(session)
        experiments.mark_cancelled(session, running.id, OWNER)
        assert running.status == CANCELLED

    def test_release_gives_the_attempt_back(self, session: Session) -> None:
        running = make_running(session)
        experiments.release(session, running.id, OWNER)
        session.refresh(running)
        assert (running.status, running.attempt, running.lease_owner) == (QUEUED, 0, None)

    def test_release_of_a_run_to_be_cancelled_cancels_it(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        experiments.release(session, running.id, OWNER)
        assert running.status == CANCELLED

    def test_interrupt_counts_the_attempt_and_waits_longer_each_time(self, session: Session) -> None:
        running = make_running(session)
        assert experiments.interrupt(session, running.id, OWNER, error_type="E", detail="d")
        assert (running.status, running.attempt, running.rings) == (QUEUED, 1, 0)
        assert (running.lease_owner, running.error_type) == (None, None)
        experiments.claim(session, running.id, OWNER, lease_seconds=60)
        experiments.interrupt(session, running.id, OWNER, error_type="E", detail="d")
        assert (running.attempt, running.rings) == (2, 1)

    def test_interrupt_of_the_last_attempt_fails_with_the_reason(self, session: Session) -> None:
        running = make_running(session, max_attempts=1)
        assert not experiments.interrupt(
            session, running.id, OWNER, error_type="OperationalError", detail="database is locked"
        )
        assert (running.status, running.error_type) == (FAILED, "OperationalError")
        assert running.error_detail == "database is locked"
        assert running.finished_at is not None

    def test_interrupt_of_a_run_to_be_cancelled_cancels_it(self, session: Session) -> None:
        running = make_running(session)
        experiments.request_cancel(session, running.id)
        experiments.interrupt(session, running.id, OWNER, error_type="E", detail="d")
        assert (running.status, running.error_type) == (CANCELLED, None)


Write = Callable[[Session, UUID, str], object]

WRITES: dict[str, Write] = {
    "renew_lease": lambda s, i, o: experiments.renew_lease(s, i, o, lease_seconds=60),
    "record_environment": lambda s, i, o: experiments.record_environment(
        s, i, o, device_used="cpu", code_version=None, package_versions={}
    ),
    "record_epoch": lambda s, i, o: experiments.record_epoch(s, i, o, epoch=1, metrics={}, seconds=1.0),
    "finish": lambda s, i, o: experiments.finish(s, i, o, metrics={}),
    "fail": lambda s, i, o: experiments.fail(s, i, o, error_type="E", detail="d"),
    "mark_cancelled": experiments.mark_cancelled,
    "release": experiments.release,
    "interrupt": lambda s, i, o: experiments.interrupt(s, i, o, error_type="E", detail="d"),
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
        experiments.fail(session, running.id, OWNER, error_type="First", detail="")
        with pytest.raises(LeaseLost):
            write(session, running.id, OWNER)
        assert running.error_type == "First"


class TestRequestCancel:
    def test_queued_is_cancelled_at_once(self, session: Session) -> None:
        made = make_experiment(session)
        assert experiments.request_cancel(session, made.id).status == CANCELLED
        assert made.finished_at is not None

    def test_running_is_asked_to_stop(self, session: Session) -> None:
        running = make_running(session)
        assert experiments.request_cancel(session, running.id).status == RUNNING
        assert running.cancel_requested

    def test_asking_again_changes_nothing(self, session: Session) -> None:
        made = make_experiment(session)
        finished_at = experiments.request_cancel(session, made.id).finished_at
        assert experiments.request_cancel(session, made.id).finished_at == finished_at

    @pytest.mark.parametrize("status", [SUCCEEDED, FAILED])
    def test_finished_can_not_be_cancelled(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        with pytest.raises(IllegalMove, match=f"is {status} and can't become cancelled"):
            experiments.request_cancel(session, made.id)

    def test_unknown_id_raises(self, session: Session) -> None:
        with pytest.raises(ExperimentNotFound):
            experiments.request_cancel(session, uuid4())


class TestRetry:
    @pytest.mark.parametrize("status", [FAILED, CANCELLED])
    def test_starts_over_with_all_attempts(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(
            session, status=status, attempt=5, error_type="WorkerLost", cancel_requested=True
        )
        again = experiments.retry(session, made.id)
        assert (again.status, again.attempt, again.error_type) == (QUEUED, 0, None)
        assert experiments.claim(session, made.id, OWNER, lease_seconds=60) is not None

    @pytest.mark.parametrize("status", [QUEUED, RUNNING, SUCCEEDED])
    def test_others_can_not_be_retried(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        with pytest.raises(IllegalMove):
            experiments.retry(session, made.id)


class TestDeleteExperiment:
    def test_takes_epochs_and_model_along(self, session: Session) -> None:
        running = make_running(session)
        _record(session, running, 1)
        experiments.finish(session, running.id, OWNER, metrics={})
        model = make_model(session, experiment_id=running.id)
        experiments.delete_experiment(session, running.id)
        assert experiments.list_epoch_metrics(session, running.id) == []
        assert models.find_model_of_experiment(session, running.id) is None
        assert session.get(Model, model.id, populate_existing=True) is None

    @pytest.mark.parametrize("status", [QUEUED, RUNNING])
    def test_active_ones_stay(self, session: Session, status: ExperimentStatus) -> None:
        made = make_experiment(session, status=status)
        with pytest.raises(StillActive, match="cancel it first"):
            experiments.delete_experiment(session, made.id)

    @pytest.mark.parametrize("status", [ModelStatus.PROMOTING, ModelStatus.SERVING])
    def test_model_in_use_keeps_its_experiment(self, session: Session, status: ModelStatus) -> None:
        model = make_model(session, status=status)
        with pytest.raises(ModelInUse, match=status):
            experiments.delete_experiment(session, model.experiment_id)


def _record(session: Session, running: Experiment, epoch: int, **metrics: float) -> bool:
    return experiments.record_epoch(session, running.id, OWNER, epoch=epoch, metrics=metrics, seconds=1.0)


def test_times_without_a_zone_are_refused(session: Session) -> None:
    made = make_experiment(session)
    made.started_at = datetime(2026, 1, 1)
    with pytest.raises(Exception, match="has no time zone"):
        session.flush()
