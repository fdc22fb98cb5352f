"""All that stays the same through a training: network, optimiser, data on the device, windows."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ikt_model.balancing import BALANCE_RATE, BALANCES, Balance
from ikt_model.config import ExperimentConfig
from ikt_model.data.batches import SkillSets, WindowedSteps, Windows, batch_rows
from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.losses import ReferenceScale
from ikt_model.networks import build_network
from ikt_model.precision import products_in
from ikt_model.ranks import ALONE, Ranks, in_parallel
from ikt_model.references import Calibration, ReferenceTargets
from ikt_model.settings import TrainingSettings
from ikt_model.tracer import Tracer


class NothingToTrain(ValueError):
    """No training history is long enough."""


@dataclass(frozen=True, kw_only=True)
class Learner:
    """All that a training step needs but its batch."""

    config: ExperimentConfig
    network: Tracer
    forward: nn.Module  # the network as it trains: alone, or with its like in other processes
    balance: Balance
    optimizer: torch.optim.Optimizer | None  # None where nothing is left to train
    reference: ReferenceScale
    calibration: Calibration
    device: str
    products: torch.dtype  # in which matrices are multiplied while training
    ranks: Ranks

    @classmethod
    def of(
        cls,
        config: ExperimentConfig,
        vocabulary: SkillVocabulary,
        *,
        calibration: Calibration,
        target_std: float,
        device: str,
        ranks: Ranks = ALONE,
    ) -> "Learner":
        """A network before its first step; `target_std` is the spread of what l_23 pulls towards."""
        torch.manual_seed(config.training.seed)
        network = build_network(config.model, calibration=calibration).to(device)
        balance = BALANCES[config.loss.balancing]().to(device)
        difficulty = torch.as_tensor(calibration.difficulty, dtype=torch.float32, device=device)
        sets = SkillSets.of(vocabulary, device=device)
        return cls(
            config=config,
            network=network,
            forward=in_parallel(network, ranks),
            balance=balance,
            optimizer=_optimizer(network, balance, config.training),
            reference=ReferenceScale(
                difficulty=sets.mean(difficulty[:, None]).squeeze(-1), target_std=target_std
            ),
            calibration=calibration,
            device=device,
            products=products_in(config.training.precision, device),
            ranks=ranks,
        )

    @property
    def learned(self) -> nn.Module:
        """All that the optimiser changes."""
        return nn.ModuleDict({"network": self.network, "balance": self.balance})


@dataclass(frozen=True, kw_only=True)
class Run(Learner):
    """All that stays the same through a training on data in memory."""

    data: WindowedSteps
    training: Windows
    held_out: Windows
    steps_per_epoch: int

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.training.epochs


def prepare(
    config: ExperimentConfig,
    sequences: Sequences,
    *,
    fold: int,
    calibration: Calibration,
    device: str,
    ranks: Ranks = ALONE,
) -> Run:
    """A training of `config` with `fold` held out, before its first step. Raises NothingToTrain."""
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
        ranks=ranks,
    )
    return Run(
        **vars(learner),
        data=data,
        training=training,
        held_out=Windows.cut(sequences, window=config.model.window, students=held_out),
        steps_per_epoch=sum(
            1 for _ in batch_rows(training.lengths, batch_tokens=config.training.batch_tokens)
        ),
    )


def _optimizer(network: Tracer, balance: Balance, settings: TrainingSettings) -> torch.optim.Optimizer | None:
    """AdamW; decay is for matrices alone, for difficulties, biases and norms have a scale of their own to
    keep.
    """
    matrices = [value for value in network.parameters() if value.ndim > 1]
    vectors = [value for value in network.parameters() if value.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay, "pace": 1.0},
        {"params": vectors, "weight_decay": 0.0, "pace": 1.0},
        {"params": list(balance.parameters()), "weight_decay": 0.0, "pace": BALANCE_RATE},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True) if groups else None


def target_std(
    config: ExperimentConfig, sequences: Sequences, targets: ReferenceTargets, training: np.ndarray
) -> float:
    """Standard deviation over training steps of what l_23 pulls towards."""
    students = sequences.student_of_step()
    dynamic = config.loss.ability_target == "dynamic"
    values = targets.theta if dynamic else targets.theta_static[students]
    return max(float(values[training[students]].std(dtype=np.float64)), 1e-6)
