"""Sweeps: their trials are queued once each, and they end when the last one has."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.base import utc_now
from db.engine import SessionFactory, session_scope
from db.errors import DatasetNotFound, DuplicateIdempotencyKey, IllegalMove, SweepNotFound
from db.lifecycle import SweepStatus
from db.models import Experiment, Sweep
from db.repositories import datasets, experiments, runs, sweeps
from db.repositories.submissions import find_submission
from tests.builders import OWNER, make_dataset, make_sweep, make_trial
from tests.threads import together

TRIAL: dict[str, Any] = {
    "trial_settings": {"loss.lambda_target": 0.0},
    "config": {"loss": {"lambda_target": 0.0}},
    "config_fingerprint": "0123456789abcdef",
    "seed": 42,
    "epochs": 2,
}


def end(session: Session, trial: Experiment, status: str = "succeeded", **metrics: float) -> None:
    trial.status = status  # type: ignore[assignment]
    trial.metrics = dict(metrics)
    session.flush()


@contextmanager
def _statements(session: Session) -> Iterator[list[str]]:
    """What is sent to the database."""
    sent: list[str] = []
    connection = session.connection()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)


class TestAddSweep:
    def test_what_was_added_is_read(self, session: Session) -> None:
        added = make_sweep(session, idempotency_key="key")
        row = sweeps.get_sweep(session, added.id)
        assert (row.status, row.n_created, row.exclude_folds, row.finished_at) == ("running", 0, [0], None)
        assert find_submission(session, Sweep, "key") is row

    def test_unknown_ones_raise(self, session: Session) -> None:
        with pytest.raises(SweepNotFound):
            sweeps.get_sweep(session, uuid4())
        with pytest.raises(DatasetNotFound):
            make_sweep(session, dataset_id=uuid4())

    def test_a_key_is_used_once(self, session: Session) -> None:
        make_sweep(session, idempotency_key="key")
        with pytest.raises(DuplicateIdempotencyKey):
            make_sweep(session, idempotency_key="key")

    def test_lists_are_newest_first_by_status_and_dataset(self, session: Session) -> None:
        first, second = make_sweep(session), make_sweep(session)
        sweeps.cancel_sweep(session, first.id)
        assert [row.id for row in sweeps.list_sweeps(session, limit=2).items] == [second.id, first.id]
        cancelled = sweeps.list_sweeps(session, status=SweepStatus.CANCELLED, dataset_id=first.dataset_id)
        assert [row.id for row in cancelled.items] == [first.id]

    def test_it_goes_with_its_dataset(self, session: Session) -> None:
        sweep = make_sweep(session)
        datasets.delete_dataset(session, sweep.dataset_id)
        with pytest.raises(SweepNotFound):
            sweeps.get_sweep(session, sweep.id)


class TestAddTrial:
    def test_it_is_an_experiment_with_the_sweeps_folds(self, session: Session) -> None:
        sweep = make_sweep(session, device="cuda")
        trial = sweeps.add_trial(session, sweep.id, number=0, **TRIAL)
        assert trial is not None
        assert (trial.status, trial.fold, trial.exclude_folds, trial.device) == ("queued", 1, [0], "cuda")
        assert (trial.sweep_id, trial.trial, trial.trial_settings) == (sweep.id, 0, TRIAL["trial_settings"])
        assert sweeps.get_sweep(session, sweep.id).n_created == 1

    @pytest.mark.parametrize("number", [0, 2, 4])
    def test_only_the_next_number_has_its_turn(self, session: Session, number: int) -> None:
        sweep = make_sweep(session, parallel=10)
        assert sweeps.add_trial(session, sweep.id, number=0, **TRIAL)
        assert sweeps.add_trial(session, sweep.id, number=number, **TRIAL) is None

    def test_no_more_are_in_flight_than_allowed(self, session: Session) -> None:
        sweep = make_sweep(session, parallel=1)
        first = sweeps.add_trial(session, sweep.id, number=0, **TRIAL)
        assert first is not None
        assert sweeps.add_trial(session, sweep.id, number=1, **TRIAL) is None
        end(session, first)
        assert sweeps.add_trial(session, sweep.id, number=1, **TRIAL)

    def test_no_more_are_queued_than_wanted_or_after_a_cancellation(self, session: Session) -> None:
        full, cancelled = make_sweep(session, n_trials=1, parallel=9), make_sweep(session)
        assert sweeps.add_trial(session, full.id, number=0, **TRIAL)
        assert sweeps.add_trial(session, full.id, number=1, **TRIAL) is None
        sweeps.cancel_sweep(session, cancelled.id)
        assert sweeps.add_trial(session, cancelled.id, number=0, **TRIAL) is None

    def test_a_deleted_trial_does_not_come_back(self, session: Session) -> None:
        sweep = make_sweep(session, parallel=1)
        first = sweeps.add_trial(session, sweep.id, number=0, **TRIAL)
        assert first is not None
        experiments.request_cancel(session, first.id)
        experiments.delete_experiment(session, first.id)
        assert sweeps.add_trial(session, sweep.id, number=0, **TRIAL) is None
        assert sweeps.add_trial(session, sweep.id, number=1, **TRIAL)

    def test_workers_at_once_queue_a_trial_once(self, sessions: SessionFactory) -> None:
        with session_scope(sessions) as session:
            sweep_id = make_sweep(session, parallel=10).id

        def add(number: int) -> UUID | None:  # noqa: ARG001
            with session_scope(sessions) as session:
                trial = sweeps.add_trial(session, sweep_id, number=0, **TRIAL)
                return trial.id if trial else None

        assert len([found for found in together(add) if found]) == 1
        with session_scope(sessions) as session:
            assert [trial.trial for trial in sweeps.list_trials(session, [sweep_id])] == [0]

    def test_the_database_itself_refuses_a_number_twice(self, session: Session) -> None:
        sweep = make_sweep(session)
        make_trial(session, sweep, trial=0)
        with pytest.raises(IntegrityError), session.begin_nested():
            make_trial(session, sweep, trial=0)

    def test_settings_that_do_not_go_together_are_a_failed_trial(self, session: Session) -> None:
        sweep = make_sweep(session, parallel=1)
        refused = {"error_type": "SettingsRefused", "detail": "n_heads 3 must divide d_model 16"}
        trial = sweeps.refuse_trial(session, sweep.id, number=0, **refused, **TRIAL)
        assert trial is not None
        assert (trial.status, trial.error_type, trial.error_detail) == ("failed", *refused.values())
        assert trial.finished_at is not None
        assert sweeps.add_trial(session, sweep.id, number=1, **TRIAL)


class TestEpochValues:
    def test_numbers_by_trial_and_epoch_and_nothing_for_what_is_none(self, session: Session) -> None:
        sweep = make_sweep(session)
        first, second = make_trial(session, sweep), make_trial(session, sweep)
        claimed = runs.claim(session, first.id, OWNER, lease_seconds=60)
        assert claimed
        for epoch, auc in enumerate((0.6, float("nan"), 0.7), start=1):
            runs.record_epoch(session, first.id, OWNER, epoch=epoch, metrics={"auc": auc}, seconds=1.0)
        assert dict(sweeps.epoch_values(session, sweep.id, "auc")) == {first.id: {1: 0.6, 3: 0.7}}
        assert second.id not in sweeps.epoch_values(session, sweep.id, "brier")
        other = make_trial(session, make_sweep(session))
        assert other.id not in sweeps.epoch_values(session, sweep.id, "auc")

    def test_one_figure_leaves_the_database_whatever_it_is_like(self, session: Session) -> None:
        sweep = make_sweep(session)
        trial = make_trial(session, sweep)
        assert runs.claim(session, trial.id, OWNER, lease_seconds=60)
        exact = 0.1 + 0.2
        measured = {"l_21_kl": 5e-324, "auc": exact, "lambda": 1, "theta_std": -3.5e300}
        runs.record_epoch(session, trial.id, OWNER, epoch=1, metrics=measured, seconds=1.0)
        with _statements(session) as sent:
            found = {name: sweeps.epoch_values(session, sweep.id, name)[trial.id][1] for name in measured}
        assert found == measured
        assert len(sent) == len(measured)
        assert not any("seconds" in one for one in sent)


class TestEnd:
    @pytest.mark.parametrize(
        ("statuses", "ended"),
        [
            (("succeeded", "failed", "pruned", "cancelled"), "succeeded"),
            (("failed", "pruned", "failed", "cancelled"), "failed"),
            (("succeeded", "succeeded", "succeeded", "running"), "running"),
            (("succeeded", "succeeded", "queued", "failed"), "running"),
            (("succeeded", "succeeded", "succeeded"), "running"),
        ],
    )
    def test_it_is_over_with_its_last_trial(
        self, session: Session, statuses: tuple[str, ...], ended: str
    ) -> None:
        sweep = make_sweep(session)
        for status in statuses:
            make_trial(session, sweep, status=status)
        assert sweeps.finish_if_over(session, sweep.id) == (ended != "running")
        row = sweeps.get_sweep(session, sweep.id)
        assert (row.status, row.finished_at is not None) == (ended, ended != "running")
        assert not sweeps.finish_if_over(session, sweep.id)

    def test_cancelling_stops_what_is_in_flight(self, session: Session) -> None:
        sweep = make_sweep(session)
        done, running, queued = (make_trial(session, sweep) for _ in range(3))
        end(session, done)
        assert runs.claim(session, running.id, OWNER, lease_seconds=60)
        for _ in range(2):
            assert sweeps.cancel_sweep(session, sweep.id).status == "cancelled"
        states = [(trial.status, trial.cancel_requested) for trial in sweeps.list_trials(session, [sweep.id])]
        assert states == [("succeeded", False), ("running", True), ("cancelled", True)]
        assert queued.finished_at is not None

    def test_what_is_over_is_not_cancelled(self, session: Session) -> None:
        sweep = make_sweep(session, status="failed")
        with pytest.raises(IllegalMove, match="is failed and can't become cancelled"):
            sweeps.cancel_sweep(session, sweep.id)


class TestDoorbell:
    @pytest.mark.parametrize(
        ("statuses", "is_waiting"),
        [
            ((), True),
            (("running",), True),
            (("running", "queued"), False),
            (("succeeded", "succeeded", "succeeded", "running"), False),
            (("succeeded", "succeeded", "succeeded", "succeeded"), True),
        ],
    )
    def test_it_rings_where_a_trial_can_be_queued_or_all_have_ended(
        self, session: Session, statuses: tuple[str, ...], is_waiting: bool
    ) -> None:
        sweep = make_sweep(session, rung_at=utc_now() - timedelta(minutes=1))
        for status in statuses:
            make_trial(session, sweep, status=status)
        assert _due(session, sweep) == is_waiting

    def test_it_rings_no_sooner_than_due_and_not_for_what_is_over(self, session: Session) -> None:
        long_ago = utc_now() - timedelta(hours=2)
        fresh, over = make_sweep(session), make_sweep(session, rung_at=long_ago, status="failed")
        assert not _due(session, fresh)
        assert not _due(session, over)

    def test_a_ring_is_counted_and_the_next_trial_begins_anew(self, session: Session) -> None:
        sweep = make_sweep(session, rung_at=utc_now() - timedelta(hours=2))
        sweeps.mark_sweeps_rung(session, [sweep])
        assert sweeps.get_sweep(session, sweep.id).rings == 1
        sweeps.add_trial(session, sweep.id, number=0, **TRIAL)
        assert sweeps.get_sweep(session, sweep.id).rings == 0


def _due(session: Session, sweep: Sweep) -> bool:
    return sweep.id in [row.id for row in sweeps.list_unrung_sweeps(session)]


def test_datasets_of_others_are_not_touched(session: Session) -> None:
    mine, other = make_sweep(session), make_dataset(session)
    datasets.delete_dataset(session, other.id)
    assert sweeps.get_sweep(session, mine.id)
