"""Fit the network to the training folds and measure it on the held-out one.

Knows nothing of queue, database or web: `on_epoch` and `on_progress` are its only windows out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from ikt_model.checkpoint import Progress, load_checkpoint, save_checkpoint, save_model
from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import Sequences
from ikt_model.determinism import deterministic
from ikt_model.epochs import TrainingDiverged, TrainingStopped, train_epoch
from ikt_model.evaluation import predict, predictions_table
from ikt_model.leading import Followers, Job, RankFailed, RankLost, leading
from ikt_model.losses import lambda_at
from ikt_model.metrics import HeldOut, evaluate_predictions
from ikt_model.references import Calibration
from ikt_model.run import NothingToTrain, Run

__all__ = [
    "EpochReport",
    "NothingToTrain",
    "RankFailed",
    "RankLost",
    "TrainingDiverged",
    "TrainingResult",
    "TrainingStopped",
    "train",
]


@dataclass(frozen=True, slots=True)
class EpochReport:
    """One finished epoch; held-out metrics by name, training losses under `train_`."""

    epoch: int  # from 1
    epochs: int
    seconds: float
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a finished training leaves."""

    metrics: dict[str, float]
    model_folder: Path
    predictions_path: Path


def train(
    config: ExperimentConfig,
    sequences: Sequences,
    *,
    fold: int,
    calibration: Calibration,
    device: str,
    folder: Path,
    on_epoch: Callable[[EpochReport], None],
    on_progress: Callable[[float], bool],
    devices: int = 1,
    is_planned: bool | None = None,
) -> TrainingResult:
    """Train with `fold` held out, going on from the folder's checkpoint when it is of the same run.

    `on_progress(share of all steps)` is called after every optimiser step and stops the training by
    returning False. The model is the last epoch's: the schedule is fixed beforehand, and held-out students
    choose nothing. With `devices` so many processes of this machine share every batch (`leading.py`).
    `is_planned` says whether epochs are laid out on the device beforehand (`planned.py`), which on CUDA they
    are wherever they can be; then `on_progress` may be called before the device has taken that step.
    Raises TrainingStopped, TrainingDiverged, NothingToTrain, NothingToEvaluate, RankLost,
    RankFailed, NotForSeveral, NotDeterministic, ValueError where a training can't be planned.
    """
    job = Job(config=config, fold=fold, device=device, sequences=sequences, calibration=calibration)
    with (
        deterministic(config.training.deterministic, device),
        leading(job, folder, size=devices) as followers,
    ):
        run = job.prepare(followers.ranks)
        run = run if is_planned is None else replace(run, is_planned=is_planned)
        return _train(job, run, followers, folder, on_epoch=on_epoch, on_progress=on_progress)


def _train(
    job: Job,
    run: Run,
    followers: Followers,
    folder: Path,
    *,
    on_epoch: Callable[[EpochReport], None],
    on_progress: Callable[[float], bool],
) -> TrainingResult:
    def goes_on(share: float) -> bool:
        followers.check()
        return on_progress(share)

    config, name = job.config, job.name
    progress = load_checkpoint(folder / "checkpoint", run.learned, run.optimizer, run=name)
    progress = progress or Progress(epoch=0, run=name)
    seen = None
    for epoch in range(progress.epoch + 1, config.training.epochs + 1):
        started = time.perf_counter()
        losses = train_epoch(run, epoch, goes_on)
        seen = _held_out(run)
        metrics = {**_measure(run, seen, epoch), **losses}
        save_checkpoint(folder / "checkpoint", run.learned, run.optimizer, Progress(epoch, name))
        on_epoch(EpochReport(epoch, config.training.epochs, time.perf_counter() - started, metrics))
    if seen is None:  # nothing was left to train
        seen = _held_out(run)
    save_model(
        folder / "model",
        run.network,
        config=config,
        vocabulary=job.sequences.vocabulary,
        calibration=job.calibration,
        target_std=run.reference.target_std,
    )
    predictions = folder / "predictions.parquet"
    pq.write_table(predictions_table(seen, job.sequences), predictions)
    return TrainingResult(_measure(run, seen, config.training.epochs), folder / "model", predictions)


def _held_out(run: Run) -> HeldOut:
    with run.eagerly():
        return predict(
            run.network,
            run.data,
            run.held_out,
            loss=run.config.loss,
            difficulty_reference=run.calibration.difficulty,
        )


def _measure(run: Run, seen: HeldOut, epoch: int) -> dict[str, float]:
    loss = run.config.loss
    return evaluate_predictions(
        seen, loss=loss, lambda_=lambda_at(epoch, loss), target_std=run.reference.target_std
    )
