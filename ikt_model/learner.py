"""All that a training step needs but its batch: the network, its losses, and its optimiser."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ikt_model.balancing import BALANCE_RATE, BALANCES, Balance
from ikt_model.config import ExperimentConfig
from ikt_model.data.batches import Batch, SkillSets
from ikt_model.data.sequences import SkillVocabulary
from ikt_model.losses import Losses, ReferenceScale, compute_losses, prediction_loss
from ikt_model.networks import build_network
from ikt_model.precision import products_in
from ikt_model.ranks import ALONE, Ranks, in_parallel
from ikt_model.references import Calibration
from ikt_model.settings import TrainingSettings
from ikt_model.tracer import Tracer


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
        products: torch.dtype | None = None,
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
            optimizer=_optimizer(network, balance, config.training, device=device),
            reference=ReferenceScale(
                difficulty=sets.mean(difficulty[:, None]).squeeze(-1), target_std=target_std
            ),
            calibration=calibration,
            device=device,
            products=products or products_in(config.training.precision, device),
            ranks=ranks,
        )

    @property
    def learned(self) -> nn.Module:
        """All that the optimiser changes."""
        return nn.ModuleDict({"network": self.network, "balance": self.balance})

    @property
    def is_on_cuda(self) -> bool:
        return self.device.startswith("cuda")

    @property
    def can_be_planned(self) -> bool:
        """Whether an epoch can be laid out before it begins (`planned.py`)."""
        is_fixed = self.config.loss.balancing == "fixed"
        has_one_rank = self.ranks.size == 1 and self.optimizer is not None
        return self.network.can_be_packed and is_fixed and has_one_rank

    def losses(
        self,
        network: nn.Module,
        batch: Batch,
        *,
        total: Callable[[Tensor], Tensor] = lambda value: value,
        keeps_casts: bool = True,
    ) -> Losses:
        """Of a batch, in the precision of the training. `total` sums over all ranks; `keeps_casts` lets a
        weight be rounded once for all its uses.
        """
        is_mixed = self.products is not torch.float32
        kind = torch.device(self.device).type
        with torch.autocast(kind, dtype=self.products, enabled=is_mixed, cache_enabled=keeps_casts):
            output = network(batch)
        if self.network.has_ability:
            settings = self.config.loss
            return compute_losses(output, batch, reference=self.reference, settings=settings, total=total)
        nothing = torch.full((), torch.nan, device=self.device)
        return Losses(prediction_loss(output, batch), nothing, nothing, nothing, nothing)


def _optimizer(
    network: Tracer, balance: Balance, settings: TrainingSettings, *, device: str
) -> torch.optim.Optimizer | None:
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
    if not groups:
        return None
    is_on_cuda = device.startswith("cuda")  # where a step may be captured
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True, capturable=is_on_cuda)
