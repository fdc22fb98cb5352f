"""Real training jobs in this process, on both stacks."""

from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from db.artifacts import open_artifacts
from db.engine import SessionFactory, session_scope
from db.models import Calibration, Dataset
from db.repositories import experiments, models
from ikt_model.config import resolve_config
from ikt_model.inference import Predictor
from ikt_model.settings import REFERENCE_VERSIONS
from tests.stacks import Stack
from tests.worker.support import (
    TINY,
    classroom,
    look,
    queue_experiment,
    receive,
    run_to_the_end,
    settings_of,
    store_dataset,
)
from worker.devices import DeviceUnavailable, require_devices
from worker.enqueue import run_training_here
from worker.settings import WorkerSettings
from worker.training import run_experiment

EPOCHS = 4


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


def steal(sessions: SessionFactory, experiment_id: UUID) -> None:
    """Another worker holds the lease from now on."""
    with session_scope(sessions) as session:
        experiments.get_experiment(session, experiment_id).lease_owner = "another"


def drain_after(last_epoch: int, experiment_id: UUID, settings: WorkerSettings) -> None:
    """Run until the worker is asked to shut down, in the epoch after `last_epoch`."""
    stop = Event()

    def drain(epoch: int, _: dict[str, Any]) -> None:
        if epoch == last_epoch:
            stop.set()

    run_experiment(experiment_id, settings=settings, stop=stop, on_epoch=drain)


class TestRunExperiment:
    def test_everything_about_a_success_is_in_the_row(
        self, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        seen = run_to_the_end(sessions, settings, dataset, epochs=EPOCHS)
        row = seen.experiment
        assert (row.status, row.progress, row.epochs_done, row.attempt) == ("succeeded", 1.0, EPOCHS, 1)
        assert (row.device, row.device_used) == ("auto", "cpu")
        assert row.code_version
        assert row.package_versions is not None
        assert row.package_versions["threads"] == "1"
        assert row.package_versions["precision"] in ("float32", "bfloat16")
        assert row.metrics is not None
        assert {"auc", "l_21_kl", "theta_pearson", "p_mastery_pearson"} <= set(row.metrics)
        assert [epoch.epoch for epoch in seen.epochs] == [1, 2, 3, 4]
        assert row.lease_owner is None

    def test_a_success_leaves_a_candidate_and_files_but_no_checkpoint(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        seen = run_to_the_end(sessions, settings, dataset, epochs=EPOCHS)
        assert seen.model is not None
        assert seen.model.status == "candidate"
        assert seen.model.metrics == seen.experiment.metrics
        artifacts = open_artifacts(stack.database_settings())
        predictor = Predictor.load(artifacts.fetch(seen.model.artifact))
        with session_scope(sessions) as session:
            skills = models.list_skills(session, seen.model.id)
        assert [skill.name for skill in skills] == list(predictor.skills)
        assert [skill.difficulty for skill in skills] == pytest.approx(predictor.difficulty.tolist())
        assert artifacts.exists(f"experiments/{seen.experiment.id}/predictions.parquet")
        assert not artifacts.exists(f"experiments/{seen.experiment.id}/checkpoint")
        assert list(settings.work_folder.iterdir()) == []

    def test_a_second_call_trains_nothing(
        self, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        seen = run_to_the_end(sessions, settings, dataset, epochs=EPOCHS)
        assert not run_experiment(seen.experiment.id, settings=settings)
        assert look(sessions, seen.experiment.id).experiment.attempt == 1

    def test_equal_experiments_end_with_equal_numbers_and_share_a_calibration(
        self, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        first, second = (run_to_the_end(sessions, settings, dataset, epochs=EPOCHS) for _ in range(2))
        assert first.numbers == second.numbers
        with session_scope(sessions) as session:
            assert session.query(Calibration).count() == 1

    def test_another_version_of_the_reference_is_fitted_anew(
        self,
        sessions: SessionFactory,
        settings: WorkerSettings,
        dataset: Dataset,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        run_to_the_end(sessions, settings, dataset, epochs=1)
        monkeypatch.setitem(REFERENCE_VERSIONS, "rasch", 1 + REFERENCE_VERSIONS["rasch"])
        run_to_the_end(sessions, settings, dataset, epochs=1)
        with session_scope(sessions) as session:
            assert session.query(Calibration).count() == 2

    def test_whoever_trains_here_hears_of_progress_and_epochs(
        self, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        experiment_id = queue_experiment(sessions, dataset.id, epochs=2)
        epochs: list[int] = []
        progress: list[float] = []
        run_training_here(
            experiment_id,
            settings=settings,
            on_epoch=lambda epoch, metrics: epochs.append(epoch),  # noqa: ARG005
            on_progress=progress.append,
        )
        assert epochs == [1, 2]
        assert progress == sorted(progress)
        assert progress[-1] == 1.0


class TestInterruption:
    """Every way in which a running job ends early."""

    @pytest.fixture
    def experiment_id(self, sessions: SessionFactory, dataset: Dataset) -> UUID:
        return queue_experiment(sessions, dataset.id, epochs=EPOCHS)

    def test_a_worker_that_shuts_down_gives_the_job_back_and_rings(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings, experiment_id: UUID
    ) -> None:
        drain_after(2, experiment_id, settings)
        seen = look(sessions, experiment_id)
        assert (seen.experiment.status, seen.experiment.attempt) == ("queued", 0)
        assert seen.experiment.epochs_done == 2
        assert receive(stack, "cpu") == ("ikt.train", [str(experiment_id)])
        assert list(settings.work_folder.iterdir()) == []

    def test_a_resumed_job_ends_with_the_numbers_of_an_undisturbed_one(
        self, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset, experiment_id: UUID
    ) -> None:
        drain_after(2, experiment_id, settings)
        epochs: list[int] = []
        run_experiment(experiment_id, settings=settings, on_epoch=lambda epoch, _: epochs.append(epoch))
        assert epochs == [3, 4]
        undisturbed = run_to_the_end(sessions, settings, dataset, epochs=EPOCHS)
        assert look(sessions, experiment_id).numbers == undisturbed.numbers

    def test_another_machine_resumes_from_the_artifact_store(
        self, stack: Stack, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        remote = {"artifacts_url": f"memory://{tmp_path.name}"}
        here, there = (settings_of(stack, data_dir=tmp_path / name, **remote) for name in ("here", "there"))
        dataset = store_dataset(here, sessions, classroom(), tmp_path)
        experiment_id = queue_experiment(sessions, dataset.id, epochs=EPOCHS)
        drain_after(1, experiment_id, here)
        epochs: list[int] = []
        run_experiment(experiment_id, settings=there, on_epoch=lambda epoch, _: epochs.append(epoch))
        assert epochs == [2, 3, 4]
        assert (
            look(sessions, experiment_id).numbers
            == run_to_the_end(sessions, here, dataset, epochs=EPOCHS).numbers
        )

    def test_a_crash_between_row_and_checkpoint_repeats_the_epoch(
        self,
        sessions: SessionFactory,
        settings: WorkerSettings,
        dataset: Dataset,
        experiment_id: UUID,
    ) -> None:
        def crash(epoch: int, _: dict[str, Any]) -> None:
            if epoch == 2:
                raise SystemExit(1)

        with pytest.raises(SystemExit):
            run_experiment(experiment_id, settings=settings, on_epoch=crash)
        epochs: list[int] = []
        run_experiment(experiment_id, settings=settings, on_epoch=lambda epoch, _: epochs.append(epoch))
        assert epochs == [2, 3, 4]
        seen = look(sessions, experiment_id)
        assert [row.epoch for row in seen.epochs] == [1, 2, 3, 4]
        assert seen.numbers == run_to_the_end(sessions, settings, dataset, epochs=EPOCHS).numbers

    def test_a_cancelled_job_stops_before_the_next_epoch(
        self, sessions: SessionFactory, settings: WorkerSettings, experiment_id: UUID
    ) -> None:
        def cancel(epoch: int, _: dict[str, Any]) -> None:
            if epoch == 1:
                with session_scope(sessions) as session:
                    experiments.request_cancel(session, experiment_id)

        run_experiment(experiment_id, settings=settings, on_epoch=cancel)
        seen = look(sessions, experiment_id)
        assert seen.experiment.status == "cancelled"
        assert seen.experiment.epochs_done < EPOCHS
        assert seen.model is None

    def test_ctrl_c_cancels_a_job_that_runs_here(
        self, sessions: SessionFactory, settings: WorkerSettings, experiment_id: UUID
    ) -> None:
        def interrupt(*_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run_training_here(experiment_id, settings=settings, on_epoch=interrupt)
        assert look(sessions, experiment_id).experiment.status == "cancelled"

    def test_a_worker_that_lost_its_lease_writes_nothing(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings, experiment_id: UUID
    ) -> None:
        def lose(epoch: int, _: dict[str, Any]) -> None:
            if epoch == 1:
                steal(sessions, experiment_id)

        run_experiment(experiment_id, settings=settings, on_epoch=lose)
        seen = look(sessions, experiment_id)
        assert (seen.experiment.status, seen.experiment.lease_owner) == ("running", "another")
        assert [row.epoch for row in seen.epochs] == [1]
        assert seen.model is None
        assert not open_artifacts(stack.database_settings()).exists(f"experiments/{experiment_id}/model")

    def test_a_deleted_experiment_ends_quietly(
        self, sessions: SessionFactory, settings: WorkerSettings, experiment_id: UUID
    ) -> None:
        def delete(*_: Any) -> None:
            with session_scope(sessions) as session:
                session.delete(experiments.get_experiment(session, experiment_id))

        assert run_experiment(experiment_id, settings=settings, on_epoch=delete)


def test_two_processes_end_with_the_numbers_of_one(
    sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
) -> None:
    config = resolve_config(None, {**TINY, "training": {"epochs": 2, "precision": "float32"}})
    exact = config.model_copy(update={"model": config.model.model_copy(update={"dropout": 0.0})})
    found = []
    for devices in (1, 2):
        values = {"config": exact.model_dump(mode="json"), "epochs": 2, "devices": devices}
        experiment_id = queue_experiment(sessions, dataset.id, **values)
        assert run_experiment(experiment_id, settings=settings)
        found.append(look(sessions, experiment_id))
    alone, together = (seen.epochs[-1].metrics for seen in found)
    assert [seen.experiment.status for seen in found] == ["succeeded", "succeeded"]
    assert together["train_loss"] == pytest.approx(alone["train_loss"], abs=1e-5)
    assert together["auc"] == pytest.approx(alone["auc"], abs=1e-3)


class TestFailure:
    def test_a_missing_dataset_file_is_told_with_class_and_text(
        self, stack: Stack, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        open_artifacts(stack.database_settings()).delete(dataset.artifact)
        seen = run_to_the_end(sessions, settings, dataset, epochs=EPOCHS)
        assert seen.experiment.status == "failed"
        assert seen.experiment.error_type == "ArtifactNotFound"
        assert dataset.artifact in (seen.experiment.error_detail or "")

    def test_a_device_that_is_not_there_is_told_with_a_remedy(
        self, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        experiment_id = queue_experiment(sessions, dataset.id, device="cuda:99")
        run_experiment(experiment_id, settings=settings)
        row = look(sessions, experiment_id).experiment
        assert (row.status, row.error_type) == ("failed", "DeviceUnavailable")
        assert "device 'cpu'" in (row.error_detail or "")

    def test_gpus_that_are_not_there_are_told_with_a_remedy(self) -> None:
        require_devices("cpu", 8)
        with pytest.raises(DeviceUnavailable, match="99 GPUs are asked for and this machine has 0"):
            require_devices("cuda", 99)

    def test_the_log_has_the_traceback_and_the_row_a_short_text(
        self,
        sessions: SessionFactory,
        settings: WorkerSettings,
        dataset: Dataset,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def break_down(*_: Any) -> None:
            raise RuntimeError("far too long " * 1000)

        experiment_id = queue_experiment(sessions, dataset.id)
        run_experiment(experiment_id, settings=settings, on_epoch=break_down)
        row = look(sessions, experiment_id).experiment
        assert row.error_type == "RuntimeError"
        assert len(row.error_detail or "") == 500
        assert "in break_down" in caplog.text

    def test_a_failed_job_goes_on_from_its_checkpoint_when_it_is_retried(
        self, sessions: SessionFactory, settings: WorkerSettings, dataset: Dataset
    ) -> None:
        def break_down(epoch: int, _: dict[str, Any]) -> None:
            if epoch == 3:
                raise OSError("no space left on device")

        experiment_id = queue_experiment(sessions, dataset.id, epochs=EPOCHS)
        run_experiment(experiment_id, settings=settings, on_epoch=break_down)
        with session_scope(sessions) as session:
            experiments.retry(session, experiment_id)
        epochs: list[int] = []
        run_experiment(experiment_id, settings=settings, on_epoch=lambda epoch, _: epochs.append(epoch))
        assert epochs == [3, 4]
        seen = look(sessions, experiment_id)
        assert seen.experiment.status == "succeeded"
        assert seen.numbers == run_to_the_end(sessions, settings, dataset, epochs=EPOCHS).numbers


def test_logs_name_experiments_and_never_students(
    sessions: SessionFactory,
    settings: WorkerSettings,
    dataset: Dataset,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    seen = run_to_the_end(sessions, settings, dataset, epochs=EPOCHS)
    assert f"event=epoch_recorded experiment_id={seen.experiment.id} epoch=1 " in caplog.text
    assert all(student not in caplog.text for student in classroom().student_ids.to_pylist())
