"""Sweeps advance by themselves, each trial once, on both stacks."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from db.artifacts import checkpoint_key, open_artifacts
from db.base import utc_now
from db.engine import SessionFactory, session_scope
from db.errors import IllegalMove
from db.models import Dataset, EpochMetrics, Experiment, Sweep
from db.repositories import experiments, sweeps
from ikt_model.settings import TrainingSettings
from tests.builders import make_sweep, make_trial
from tests.stacks import Stack
from tests.threads import together
from tests.worker.support import TINY, look, receive, settings_of
from worker.enqueue import run_sweep_here
from worker.janitor import Janitor
from worker.settings import WorkerSettings
from worker.sweeps import advance, advance_after, advance_sweep
from worker.training import run_experiment

QUICK: dict[str, Any] = {**TINY, "training": {"epochs": 3, "batch_tokens": 512}}
GRID: dict[str, Any] = {"method": "grid", "space": {"loss.lambda_target": [0.0, 0.1, 0.2, 0.3]}}
OPTUNA: dict[str, Any] = {
    "method": "optuna",
    "space": {"loss.lambda_target": {"type": "float", "low": 0.0, "high": 1.0, "log": False}},
    "sampler": "tpe",
    "seed": 1,
}


MEDIAN: dict[str, Any] = {"name": "median", "warmup_epochs": 1, "startup_trials": 1}


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


def add_sweep(sessions: SessionFactory, **changes: Any) -> Sweep:
    with session_scope(sessions) as session:
        return make_sweep(session, **{"config": QUICK, "preset": None, "search": GRID, **changes})


def trials_of(sessions: SessionFactory, sweep: Sweep) -> list[Experiment]:
    with session_scope(sessions) as session:
        return list(sweeps.list_trials(session, [sweep.id]))


def status_of(sessions: SessionFactory, sweep: Sweep) -> str:
    with session_scope(sessions) as session:
        return sweeps.get_sweep(session, sweep.id).status


def end_trials(sessions: SessionFactory, sweep: Sweep, status: str = "succeeded", **metrics: Any) -> None:
    """As if workers had run what is in flight."""
    with session_scope(sessions) as session:
        for trial in sweeps.list_trials(session, [sweep.id]):
            if not trial.status.is_terminal:
                trial.status = status  # type: ignore[assignment]
                trial.metrics = metrics


class TestAdvance:
    def test_it_queues_as_many_as_there_is_room_for_and_rings(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        sweep = add_sweep(sessions, parallel=2)
        for _ in range(2):
            advance_sweep(sweep.id, settings=settings)
        trials = trials_of(sessions, sweep)
        assert [trial.trial_settings for trial in trials] == [
            {"loss.lambda_target": 0.0},
            {"loss.lambda_target": 0.1},
        ]
        assert [trial.config["loss"]["lambda_target"] for trial in trials] == [0.0, 0.1]
        assert {trial.config["model"]["d_model"] for trial in trials} == {16}
        assert {(trial.fold, *trial.exclude_folds) for trial in trials} == {(1, 0)}
        rung = [receive(stack, "cpu") for _ in range(3)]
        assert rung == [*(("ikt.train", [str(trial.id)]) for trial in trials), None]

    def test_workers_at_once_queue_each_trial_once(
        self, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        sweep = add_sweep(sessions, parallel=3, search=OPTUNA, n_trials=5)
        together(lambda _: advance(sessions, sweep.id, settings=settings, is_alone=True))
        assert [trial.trial for trial in trials_of(sessions, sweep)] == [0, 1, 2]

    @pytest.mark.parametrize("metric", [0.7, None, float("nan")])
    def test_it_ends_after_the_last_trial_whatever_was_measured(
        self, sessions: SessionFactory, settings: WorkerSettings, metric: float | None
    ) -> None:
        sweep = add_sweep(sessions, parallel=3, search=OPTUNA, n_trials=5)
        for _ in range(3):
            assert status_of(sessions, sweep) == "running"
            advance(sessions, sweep.id, settings=settings, is_alone=True)
            end_trials(sessions, sweep, auc=metric)
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        assert status_of(sessions, sweep) == "succeeded"
        assert len(trials_of(sessions, sweep)) == 5

    def test_equal_sweeps_try_equal_points_one_by_one(
        self, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        both = [add_sweep(sessions, parallel=1, search=OPTUNA, n_trials=4) for _ in range(2)]
        for _ in range(4):
            for sweep in both:
                advance(sessions, sweep.id, settings=settings, is_alone=True)
                end_trials(sessions, sweep, auc=0.7)
        first, second = ([trial.trial_settings for trial in trials_of(sessions, sweep)] for sweep in both)
        assert first == second
        assert len({str(point) for point in first}) == 4

    def test_settings_that_contradict_each_other_fail_their_trial_alone(
        self, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        search = {"method": "grid", "space": {"model.n_heads": [3, 4]}}
        sweep = add_sweep(sessions, parallel=1, search=search, n_trials=2)
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        refused, queued = trials_of(sessions, sweep)
        assert (refused.status, refused.error_type, queued.status) == ("failed", "SettingsRefused", "queued")
        assert "n_heads 3 must divide d_model 16" in (refused.error_detail or "")
        assert refused.config["model"] == {**TINY["model"], "n_heads": 3}
        assert (refused.epochs, refused.config["training"]) == (3, QUICK["training"])
        assert refused.config_fingerprint != queued.config_fingerprint
        with session_scope(sessions) as session, pytest.raises(IllegalMove, match="contradict each other"):
            experiments.retry(session, refused.id)
        end_trials(sessions, sweep, "failed")
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        assert status_of(sessions, sweep) == "failed"

    def test_a_refused_trial_holds_its_presets_settings_too(
        self, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        search = {"method": "grid", "space": {"training.epochs": [2.5, 3]}}
        sweep = add_sweep(sessions, search=search, n_trials=2, preset="small-mean", config={})
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        refused, queued = trials_of(sessions, sweep)
        assert refused.config["loss"].items() <= queued.config["loss"].items()
        assert refused.config["loss"]["ability_alignment"] == "mean"
        assert (refused.config["training"]["epochs"], refused.epochs) == (2.5, TrainingSettings().epochs)

    def test_what_nobody_foresaw_ends_the_sweep_and_is_told(
        self,
        sessions: SessionFactory,
        settings: WorkerSettings,
        dataset: Dataset,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        quick = {**TINY, "training": {"epochs": 1, "batch_tokens": 512}}
        sweep = add_sweep(sessions, dataset_id=dataset.id, parallel=1, search=OPTUNA, config=quick)
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        with session_scope(sessions) as session:
            sweeps.get_sweep(session, sweep.id).search = OPTUNA | {"space": {"loss.lambda_target": {}}}
        (trial,) = trials_of(sessions, sweep)
        assert run_experiment(trial.id, settings=settings, is_alone=True)
        with session_scope(sessions) as session:
            row = sweeps.get_sweep(session, sweep.id)
            assert (row.status, row.error_type) == ("failed", "KeyError")
            assert row.error_detail
            assert row.finished_at is not None
            assert sweeps.list_unrung_sweeps(session, utc_now() + timedelta(days=1)) == []
        assert [one.status for one in trials_of(sessions, sweep)] == ["succeeded"]
        assert "sweep_failed" in caplog.text

    @pytest.mark.parametrize(
        ("search", "pruner", "is_asked"),
        [(GRID, "none", False), (GRID, "median", False), (OPTUNA, "none", False), (OPTUNA, "median", True)],
    )
    def test_epochs_are_read_only_where_the_next_point_depends_on_them(
        self,
        engine: Engine,
        sessions: SessionFactory,
        settings: WorkerSettings,
        search: dict[str, Any],
        pruner: str,
        is_asked: bool,
    ) -> None:
        sweep = add_sweep(sessions, search=search, pruner={**MEDIAN, "name": pruner})
        sent: list[str] = []
        note = lambda *given: sent.append(given[2])  # noqa: E731
        sqlalchemy.event.listen(engine, "before_cursor_execute", note)
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        assert any("epoch_metrics" in statement for statement in sent) == is_asked
        assert len(trials_of(sessions, sweep)) == 2

    def test_trouble_with_the_database_ends_no_sweep(
        self, sessions: SessionFactory, settings: WorkerSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweep = add_sweep(sessions, parallel=1)
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        (trial,) = trials_of(sessions, sweep)

        def fail(*_: Any, **__: Any) -> None:
            raise OperationalError("SELECT", {}, Exception("the disk is full"))

        monkeypatch.setattr("worker.sweeps.next_point", fail)
        end_trials(sessions, sweep, auc=0.7)
        advance_after(sessions, trial, settings=settings)
        assert status_of(sessions, sweep) == "running"

    def test_a_sweep_that_is_gone_or_over_is_left_alone(
        self, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        sweep = add_sweep(sessions)
        with session_scope(sessions) as session:
            sweeps.cancel_sweep(session, sweep.id)
        for sweep_id in (sweep.id, uuid4()):
            advance_sweep(sweep_id, settings=settings)
        assert trials_of(sessions, sweep) == []


class TestJanitor:
    def test_a_sweep_whose_message_was_lost_is_rung_for_once(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        sweep = add_sweep(sessions, device="cuda", rung_at=utc_now() - timedelta(minutes=10))
        for _ in range(2):
            Janitor(settings).look_around()
        assert [receive(stack, "gpu") for _ in range(2)] == [("ikt.advance", [str(sweep.id)]), None]


class TestRealTrials:
    def test_a_trial_far_below_the_others_is_pruned_and_the_sweep_goes_on(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        sweep = add_sweep(sessions, dataset_id=dataset.id, parallel=1, pruner=MEDIAN)
        with session_scope(sessions) as session:
            perfect = make_trial(
                session, sweeps.get_sweep(session, sweep.id), status="succeeded", metrics={"auc": 0.999}
            )
            for epoch in (1, 2, 3):
                session.add(
                    EpochMetrics(experiment_id=perfect.id, epoch=epoch, metrics={"auc": 0.999}, seconds=1.0)
                )
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        (running,) = [trial for trial in trials_of(sessions, sweep) if trial.status == "queued"]

        assert run_experiment(running.id, settings=settings, is_alone=True)

        seen = look(sessions, running.id)
        assert (seen.experiment.status, seen.experiment.epochs_done) == ("pruned", 2)
        assert [row.epoch for row in seen.epochs] == [1, 2]
        assert (seen.experiment.metrics, seen.model, seen.experiment.error_type) == (None, None, None)
        assert not open_artifacts(settings).exists(checkpoint_key(running.id))
        assert [trial.status for trial in trials_of(sessions, sweep)] == ["succeeded", "pruned", "queued"]
        assert receive(stack, "cpu") is None

    def test_a_sweep_runs_here_to_its_end(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        search = {"method": "grid", "space": {"loss.lambda_target": [0.0, 0.5]}}
        quick = {**TINY, "training": {"epochs": 1, "batch_tokens": 512}}
        sweep = add_sweep(sessions, dataset_id=dataset.id, search=search, n_trials=2, config=quick)
        ran: list[UUID] = []
        run_sweep_here(sweep.id, settings=settings, on_trial=ran.append)
        trials = trials_of(sessions, sweep)
        assert [(trial.id, trial.status) for trial in trials] == [(one, "succeeded") for one in ran]
        assert [(trial.metrics or {})["lambda"] for trial in trials] != [0.0, 0.0]
        assert status_of(sessions, sweep) == "succeeded"
        assert receive(stack, "cpu") is None

    def test_a_cancelled_trial_is_a_failed_one_to_its_sweep(
        self, sessions: SessionFactory, settings: WorkerSettings
    ) -> None:
        sweep = add_sweep(sessions, parallel=1, search=OPTUNA, n_trials=2)
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        with session_scope(sessions) as session:
            experiments.request_cancel(session, sweeps.list_trials(session, [sweep.id])[0].id)
        advance(sessions, sweep.id, settings=settings, is_alone=True)
        assert [trial.status for trial in trials_of(sessions, sweep)] == ["cancelled", "queued"]
