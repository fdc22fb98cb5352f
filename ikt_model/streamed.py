"""Training on shards: so many optimiser steps from a stream of batches, with memory for a few shards."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from ikt_model.checkpoint import Progress, load_checkpoint, save_checkpoint, save_model
from ikt_model.config import ExperimentConfig
from ikt_model.data.batches import Batch, WindowedSteps, Windows
from ikt_model.data.shards import Shards
from ikt_model.data.streaming import ShardedBatches
from ikt_model.determinism import deterministic
from ikt_model.epochs import TrainingStopped, joined_means, learning_rate_factor, train_step
from ikt_model.evaluation import predict
from ikt_model.learner import Learner
from ikt_model.losses import TERMS
from ikt_model.metrics import evaluate_predictions
from ikt_model.references import Calibration
from ikt_model.references.sharded import TrainingStudents
from ikt_model.run import target_std

STRETCH = 1000  # steps between two checkpoints


def learner_of_shards(
    config: ExperimentConfig,
    shards: Shards,
    *,
    calibration: Calibration,
    held_out: int | None,
    device: str = "cpu",
) -> Learner:
    """A network before its first step. The spread of the abilities is that of the largest shard."""
    sample = TrainingStudents(shards, held_out).sample()
    everyone = np.ones(sample.n_students, bool)
    return Learner.of(
        config,
        shards.vocabulary,
        calibration=calibration,
        target_std=target_std(config, sample, calibration.targets(sample), everyone),
        device=device,
    )


@dataclass(frozen=True, slots=True)
class StretchReport:
    """Some steps of a training, and where it stands after them."""

    step: int  # the last of them, from 1
    steps: int  # of the whole training
    seconds: float
    metrics: dict[str, float]  # of held-out students by name; training losses under `train_`


def train_streamed(
    learner: Learner,
    shards: Shards,
    *,
    steps: int,
    held_out: int | None,
    folder: Path,
    on_report: Callable[[StretchReport], None] = lambda _: None,
    on_progress: Callable[[float], bool] = lambda _: True,
) -> Path:
    """Train for so many steps on the students outside a fold, and say in which folder the model lies.

    After every STRETCH steps the held-out students of the largest shard are looked at, and a checkpoint is
    left in `folder`, from which the same training goes on to the same numbers. The learning rate goes its
    schedule over all steps; λ stands at its target, for an epoch of a stream may be longer than the training.
    `on_progress(share of the steps)` stops the training by returning False. Raises TrainingStopped,
    TrainingDiverged, NotDeterministic, ValueError where no history is long enough.
    """
    name = f"{learner.config.fingerprint()}-{shards.content_hash[:16]}-{held_out}-{steps}"
    found = load_checkpoint(folder / "checkpoint", learner.learned, learner.optimizer, run=name)
    done = found.epoch if found else 0
    settings = learner.config.training
    stream = _stream(learner, shards, held_out).epochs(seed=settings.seed)
    with deterministic(settings.deterministic, learner.device), closing(stream) as batches:
        for _ in islice(batches, done):  # what was learned from before
            pass
        while done < steps:
            started, few = time.perf_counter(), min(STRETCH, steps - done)
            losses = _train_stretch(learner, islice(batches, few), done, steps, on_progress)
            done += few
            save_checkpoint(folder / "checkpoint", learner.learned, learner.optimizer, Progress(done, name))
            metrics = losses if held_out is None else _held_out_figures(learner, shards, held_out) | losses
            on_report(StretchReport(done, steps, time.perf_counter() - started, metrics))
    save_model(
        folder / "model",
        learner.network,
        config=learner.config,
        vocabulary=shards.vocabulary,
        calibration=learner.calibration,
        target_std=learner.reference.target_std,
    )
    return folder / "model"


def _stream(learner: Learner, shards: Shards, held_out: int | None) -> ShardedBatches:
    return ShardedBatches(
        shards,
        learner.calibration,
        window=learner.config.model.window,
        batch_tokens=learner.config.training.batch_tokens,
        held_out=held_out,
        device=learner.device,
    )


def _train_stretch(
    learner: Learner, batches: Iterator[Batch], done: int, steps: int, on_progress: Callable[[float], bool]
) -> dict[str, float]:
    """The mean of every loss while the weights changed."""
    settings, lambda_ = learner.config.training, learner.config.loss.lambda_target
    # Seeded by (seed, step) alone, so that a resumed training draws what an undisturbed one would.
    torch.manual_seed(settings.seed * 1_000_003 + done)
    sums, weights = torch.zeros(2, len(TERMS), dtype=torch.float64, device=learner.device)
    learner.network.train()
    for step, batch in enumerate(batches, start=done):
        rate = settings.learning_rate * learning_rate_factor(step / steps, settings.schedule)
        terms, weight = train_step(learner, batch, rate=rate, lambda_=lambda_)
        sums += terms * weight
        weights += weight
        if not on_progress((step + 1) / steps):
            raise TrainingStopped(f"stopped after {step + 1} of {steps} steps")
    means = joined_means(learner, sums, weights, lambda_=lambda_)
    return {f"train_{name}": value for name, value in means.items()}


def _held_out_figures(learner: Learner, shards: Shards, fold: int) -> dict[str, float]:
    """Of the fold's students in the largest shard, who are as good as drawn by lot."""
    largest = shards.load(int(np.argmax([entry.n_responses for entry in shards.entries])))
    students = largest.select(largest.folds == fold)
    targets = learner.calibration.targets(students)
    data = WindowedSteps(students, targets, decay=learner.calibration.decay, device=learner.device)
    everyone = np.ones(students.n_students, bool)
    seen = predict(
        learner.network,
        data,
        Windows.cut(students, window=learner.config.model.window, students=everyone),
        loss=learner.config.loss,
        difficulty_reference=learner.calibration.difficulty,
    )
    loss = learner.config.loss
    return evaluate_predictions(
        seen, loss=loss, lambda_=loss.lambda_target, target_std=learner.reference.target_std
    )
