"""Training on shards: so many optimiser steps from a stream of batches, with memory for a few shards."""

from collections.abc import Callable
from contextlib import closing
from itertools import islice

import numpy as np
import torch

from ikt_model.config import ExperimentConfig
from ikt_model.data.shards import Shards
from ikt_model.data.streaming import ShardedBatches
from ikt_model.epochs import TrainingStopped, joined_means, learning_rate_factor, train_step
from ikt_model.learner import Learner
from ikt_model.losses import TERMS
from ikt_model.references import Calibration
from ikt_model.references.sharded import TrainingStudents
from ikt_model.run import target_std


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


def train_streamed(
    learner: Learner,
    shards: Shards,
    *,
    steps: int,
    held_out: int | None,
    on_progress: Callable[[float], bool] = lambda _: True,
) -> dict[str, float]:
    """Train for so many steps on the students outside a fold, and say the mean of every loss meanwhile.

    The learning rate goes its schedule over these steps; λ stands at its target, for an epoch of a stream may
    be longer than the training. `on_progress(share of the steps)` stops the training by returning False.
    Raises TrainingStopped, TrainingDiverged, ValueError where no history is long enough.
    """
    settings, lambda_ = learner.config.training, learner.config.loss.lambda_target
    stream = ShardedBatches(
        shards,
        learner.calibration,
        window=learner.config.model.window,
        batch_tokens=settings.batch_tokens,
        held_out=held_out,
        device=learner.device,
    )
    torch.manual_seed(settings.seed)
    sums, weights = torch.zeros(2, len(TERMS), dtype=torch.float64, device=learner.device)
    learner.network.train()
    with closing(stream.epochs(seed=settings.seed)) as batches:
        for step, batch in enumerate(islice(batches, steps)):
            rate = settings.learning_rate * learning_rate_factor(step / steps, settings.schedule)
            terms, weight = train_step(learner, batch, rate=rate, lambda_=lambda_)
            sums += terms * weight
            weights += weight
            if not on_progress((step + 1) / steps):
                raise TrainingStopped(f"stopped after {step + 1} of {steps} steps")
    return joined_means(learner, sums, weights, lambda_=lambda_)
