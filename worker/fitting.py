"""The work of a training job: data and calibration in, model, predictions and metrics out.

Importing this imports PyTorch.
"""

import logging
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from db.artifacts import checkpoint_key
from db.engine import read_scope, session_scope
from db.errors import ArtifactNotFound
from db.models import Dataset
from db.repositories import calibrations, contents, models, runs
from db.repositories.models import NewSkill
from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import Sequences
from ikt_model.inference import Engine, Predictor, Scores
from ikt_model.precision import products_in
from ikt_model.references import Calibration, calibrate, calibration_from_dict
from ikt_model.references.quality import assess
from ikt_model.settings import REFERENCE_VERSIONS, ReferenceSettings
from ikt_model.training import EpochReport, TrainingResult, TrainingStopped, train
from worker.devices import choose_device, placed, require_devices
from worker.failures import artifact_access
from worker.jobs import JobPruned, JobStopped, TrainingJob
from worker.logs import event
from worker.provenance import code_version, package_versions
from worker.reading import predictions_of_present, read_dataset
from worker.reporting import write_report
from worker.stores import model_key, predictions_key, report_key
from worker.sweeps import should_prune
from worker.tracing import note_finished, stage

logger = logging.getLogger(__name__)


def fit(job: TrainingJob) -> None:
    """Train the job's experiment and record its success.

    Raises LeaseLost, JobStopped, JobPruned, and whatever went wrong.
    """
    torch.set_num_threads(job.settings.threads_per_job)
    device = choose_device(job.experiment.device, allowed=job.settings.device)
    require_devices(device, job.experiment.devices)
    config = ExperimentConfig.model_validate(job.experiment.config)
    with stage("read", experiment_id=job.id):
        dataset, stored = read_dataset(job)
        sequences = without_folds(stored, job.experiment.exclude_folds)
    with stage("calibrate", experiment_id=job.id):
        calibration = find_or_fit_calibration(job, dataset, sequences, settings=config.reference)
        _record_doubts(job, calibration, sequences.select(sequences.folds != job.experiment.fold))
    with _work_folder(job) as folder:
        with artifact_access():
            _restore_checkpoint(job)
        with placed(job, device, config=config, sequences=sequences) as device_to_use:
            _record_environment(job, device_to_use, config=config)
            try:
                with stage("train", experiment_id=job.id):
                    result = train(
                        config,
                        sequences,
                        fold=job.experiment.fold,
                        calibration=calibration,
                        device=device_to_use,
                        folder=folder,
                        on_epoch=lambda report: _record_epoch(job, report),
                        on_progress=job.report,
                        devices=job.experiment.devices,
                    )
            except TrainingStopped as stopped:
                raise JobStopped(str(stopped)) from stopped
            _finish(job, dataset, result, sequences)


def without_folds(sequences: Sequences, folds: Sequence[int]) -> Sequences:
    """Without these folds' students: neither calibrated, trained nor evaluated on."""
    return sequences.select(~np.isin(sequences.folds, folds)) if folds else sequences


def find_or_fit_calibration(
    job: TrainingJob, dataset: Dataset, sequences: Sequences, *, settings: ReferenceSettings
) -> Calibration:
    """The reference fitted to all folds of `sequences` but the held-out one: stored, or fitted and stored."""
    experiment = job.experiment
    wanted = settings.model_dump(mode="json")
    key = calibrations.calibration_key(
        content_hash=dataset.content_hash,
        fold=experiment.fold,
        exclude_folds=experiment.exclude_folds,
        settings=wanted,
        version=REFERENCE_VERSIONS[settings.name],
    )
    with read_scope(job.stores.sessions) as session:
        stored = calibrations.find_calibration(session, dataset.id, key)
    if stored is None:
        started = time.perf_counter()
        fitted = calibrate(sequences.select(sequences.folds != experiment.fold), settings=settings)
        seconds = time.perf_counter() - started
        with session_scope(job.stores.sessions) as session:
            if contents.hold_content(session, dataset.id).artifact != dataset.artifact:
                # Students were erased meanwhile: what was fitted on them is for this attempt alone.
                return calibration_from_dict(fitted.to_dict())
            stored = calibrations.add_calibration(
                session,
                dataset_id=dataset.id,
                fold=experiment.fold,
                exclude_folds=experiment.exclude_folds,
                reference=settings.name,
                settings=wanted,
                key=key,
                parameters=fitted.to_dict(),
                summary=fitted.summary(),
                seconds=seconds,
            )
        logger.info(event("calibrated", experiment_id=job.id, reference=settings.name, seconds=seconds))
    # From the row in either case, so that whoever fitted it trains on the same numbers as those who read it.
    return calibration_from_dict(stored.parameters)


def _record_doubts(job: TrainingJob, calibration: Calibration, training: Sequences) -> None:
    """Say so where the reference is not fit to be aligned to, before the hours are spent."""
    warnings = list(assess(calibration, training).warnings)
    for warning in warnings:
        logger.warning(event("reference_doubted", experiment_id=job.id, warning=warning))
    with session_scope(job.stores.sessions) as session:
        runs.record_warnings(session, job.id, job.owner, warnings=warnings)


def _record_environment(job: TrainingJob, device: str, *, config: ExperimentConfig) -> None:
    first = device.partition(",")[0]
    versions = package_versions(threads=torch.get_num_threads())
    versions["precision"] = str(products_in(config.training.precision, first)).removeprefix("torch.")
    if first.startswith("cuda"):
        versions["gpu"] = torch.cuda.get_device_name(first)
    with session_scope(job.stores.sessions) as session:
        runs.record_environment(
            session,
            job.id,
            job.owner,
            device_used=device,
            code_version=code_version(),
            package_versions=versions,
        )


@contextmanager
def _work_folder(job: TrainingJob) -> Iterator[Path]:
    """An empty folder for this attempt; what earlier attempts left behind on this machine is removed."""
    for left in job.folder.parent.glob(f"{job.id}.*"):
        shutil.rmtree(left, ignore_errors=True)
    job.folder.mkdir(parents=True)
    try:
        yield job.folder
    finally:
        shutil.rmtree(job.folder, ignore_errors=True)


def _restore_checkpoint(job: TrainingJob) -> None:
    try:
        stored = job.stores.artifacts.fetch(checkpoint_key(job.id))
    except ArtifactNotFound:
        return
    shutil.copytree(stored, job.folder / "checkpoint")
    logger.info(event("checkpoint_restored", experiment_id=job.id, epochs_done=job.experiment.epochs_done))


def _record_epoch(job: TrainingJob, report: EpochReport) -> None:
    # The row first: a crash in between repeats the epoch with the same numbers. The other way round it would
    # never be recorded, for training goes on after the checkpoint's epoch.
    with session_scope(job.stores.sessions) as session:
        is_cancelled = runs.record_epoch(
            session, job.id, job.owner, epoch=report.epoch, metrics=report.metrics, seconds=report.seconds
        )
    if is_cancelled:
        job.heartbeat.is_cancelled = True
    auc = report.metrics.get("auc")
    logger.info(
        event("epoch_recorded", experiment_id=job.id, epoch=report.epoch, seconds=report.seconds, auc=auc)
    )
    note_finished("epoch", seconds=report.seconds, experiment_id=job.id, epoch=report.epoch)
    if job.on_epoch is not None:
        job.on_epoch(report.epoch, report.metrics)
    if (
        report.epoch < report.epochs
        and not is_cancelled
        and should_prune(job.stores.sessions, job.experiment)
    ):
        raise JobPruned(f"after epoch {report.epoch} of {report.epochs}")
    try:
        # Asked once more before it counts: who lost the lease overwrites nothing of who has it.
        job.stores.artifacts.put_folder(
            job.folder / "checkpoint", checkpoint_key(job.id), still_wanted=job.heartbeat.beat
        )
    except OSError as error:
        # Losing a checkpoint costs epochs only if the worker dies; failing here would cost them for sure.
        logger.warning(event("checkpoint_not_stored", experiment_id=job.id, epoch=report.epoch, error=error))


def _finish(job: TrainingJob, dataset: Dataset, result: TrainingResult, sequences: Sequences) -> None:
    job.heartbeat.beat()
    artifacts = job.stores.artifacts
    engine = Engine.load(result.model_folder)
    predictor, nobody = engine.predictor, engine.nobody()
    with stage("report", experiment_id=job.id):
        report = write_report(job, result, sequences, predictor)
    with stage("store", experiment_id=job.id):
        with artifact_access():
            artifacts.put_folder(result.model_folder, model_key(job.id), still_wanted=job.heartbeat.beat)
            if report is not None:
                artifacts.put_file(report, report_key(job.id))
        skills, ability_sd = _skills(predictor, nobody), _finite(nobody.theta_reference_sd[0])
        while not _succeed(job, dataset, result, skills=skills, ability_sd=ability_sd):
            logger.info(event("predictions_stored_again", experiment_id=job.id))
    logger.info(event("experiment_succeeded", experiment_id=job.id, auc=result.metrics.get("auc")))
    try:
        artifacts.delete(checkpoint_key(job.id))
    except OSError as error:
        logger.warning(event("checkpoint_not_deleted", experiment_id=job.id, error=error))


def _succeed(
    job: TrainingJob,
    dataset: Dataset,
    result: TrainingResult,
    *,
    skills: Sequence[NewSkill],
    ability_sd: float | None,
) -> bool:
    """Store predictions, success and model; False when students were erased between the first two."""
    try:
        content, predictions = predictions_of_present(job, dataset, result.predictions_path)
    except ArtifactNotFound:
        return False
    with artifact_access():
        job.stores.artifacts.put_file(predictions, predictions_key(job.id))
    with session_scope(job.stores.sessions) as session:
        if contents.hold_content(session, dataset.id) != content:
            return False
        runs.finish(session, job.id, job.owner, metrics=result.metrics)
        model = models.add_model(
            session,
            experiment_id=job.id,
            name=job.experiment.name,
            artifact=model_key(job.id),
            metrics=result.metrics,
            skills=skills,
            ability_sd=ability_sd,
            job_version=job.experiment.job_version,
        )
        model.erased_students = contents.count_erased(session, job.id)
    return True


def _skills(predictor: Predictor, nobody: Scores) -> list[NewSkill]:
    """Every skill with its difficulty, and what is said of somebody without a response."""
    columns = zip(
        predictor.skills,
        predictor.difficulty.tolist(),
        predictor.difficulty_se.tolist(),
        predictor.n_responses_per_skill.tolist(),
        nobody.mastery[0].tolist(),
        nobody.probability[0].tolist(),
        nobody.mastery_reference[0].tolist(),
        strict=True,
    )
    return [
        NewSkill(
            name=name,
            difficulty=difficulty,
            standard_error=_finite(error),  # infinite when nobody practised the skill
            n_responses=n_responses,
            prior_mastery=_finite(mastery),
            prior_probability=_finite(probability),
            prior_mastery_reference=_finite(reference),
        )
        for name, difficulty, error, n_responses, mastery, probability, reference in columns
    ]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
