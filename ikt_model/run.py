"""All that stays the same through a training: learner, data on the device, and how its windows are dealt."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from ikt_model.compiling import is_worth_compiling
from ikt_model.config import ExperimentConfig
from ikt_model.data.batches import WindowedSteps, Windows, batch_rows
from ikt_model.data.packing import Packing
from ikt_model.data.sequences import Sequences
from ikt_model.learner import Learner
from ikt_model.planned import PlannedSteps
from ikt_model.ranks import ALONE, Ranks
from ikt_model.references import Calibration, ReferenceTargets


class NothingToTrain(ValueError):
    """No training history is long enough."""


@dataclass(frozen=True, kw_only=True)
class Run(Learner):
    """All that stays the same through a training on data in memory."""

    data: WindowedSteps
    training: Windows
    held_out: Windows
    is_planned: bool  # whether epochs are laid out on the device, or batches made one by one

    def __post_init__(self) -> None:
        if self.is_planned and not self.can_be_planned:
            raise ValueError(
                f"is_planned: a {self.config.model.type!r} network with loss.balancing "
                f"{self.config.loss.balancing!r} in {self.ranks.size} processes needs batches made one by "
                "one; leave it False"
            )

    @cached_property
    def steps_per_epoch(self) -> int:
        if self.is_planned:
            return self.packing.n_batches
        tokens = self.config.training.batch_tokens
        return sum(1 for _ in batch_rows(self.training.lengths, batch_tokens=tokens))

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.training.epochs

    @cached_property
    def packing(self) -> Packing:
        """How windows share rows in a training that is planned."""
        tokens = self.config.training.batch_tokens
        return Packing.of(self.training, window=self.config.model.window, batch_tokens=tokens)

    @cached_property
    def planned(self) -> PlannedSteps:
        """The steps of a training that is planned; ask first when optimiser and weights are as they start."""
        if self.is_compiled:
            for block in self.network.repeated_blocks():
                block.compile(dynamic=False)
        return PlannedSteps(self, self.data, self.packing)

    @cached_property
    def is_compiled(self) -> bool:
        """Whether blocks are compiled while training. Compiled kernels promise no order of their sums."""
        settings = self.config.training
        if not self.is_planned or settings.deterministic:
            return False
        responses = int(self.training.lengths.sum()) * settings.epochs
        return is_worth_compiling(self.config.model, responses=responses, device=self.device)

    def eagerly(self) -> AbstractContextManager[object]:
        """Where batches are of many shapes, each of which compiled blocks would be compiled for."""
        return torch.compiler.set_stance("force_eager") if self.is_compiled else nullcontext()


def prepare(
    config: ExperimentConfig,
    sequences: Sequences,
    *,
    fold: int,
    calibration: Calibration,
    device: str,
    products: torch.dtype | None = None,
    ranks: Ranks = ALONE,
) -> Run:
    """A training of `config` with `fold` held out, before its first step: planned on CUDA, where it can be.

    `products` is the type that matrices are multiplied in, chosen by the settings where it is None.
    Raises NothingToTrain.
    """
    held_out = sequences.folds == fold
    targets = calibration.targets(sequences)
    data = WindowedSteps(sequences, targets, decay=calibration.decay, device=device)
    training = Windows.cut(sequences, window=config.model.window, students=~held_out)
    if len(training.starts) == 0:
        raise NothingToTrain("no training history has at least 3 responses; add data or choose another fold")
    learner = Learner.of(
        config,
        sequences.vocabulary,
        calibration=calibration,
        target_std=target_std(config, sequences, targets, ~held_out),
        device=device,
        products=products,
        ranks=ranks,
    )
    return Run(
        **vars(learner),
        data=data,
        training=training,
        held_out=Windows.cut(sequences, window=config.model.window, students=held_out),
        is_planned=learner.is_on_cuda and learner.can_be_planned,
    )


def target_std(
    config: ExperimentConfig, sequences: Sequences, targets: ReferenceTargets, training: np.ndarray
) -> float:
    """Standard deviation over training steps of what l_23 pulls towards."""
    students = sequences.student_of_step()
    dynamic = config.loss.ability_target == "dynamic"
    values = targets.theta if dynamic else targets.theta_static[students]
    return max(float(values[training[students]].std(dtype=np.float64)), 1e-6)
