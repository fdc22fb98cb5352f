"""How much each loss pulls: fixed weights, or weights that are found while training.

The three losses that move the encoder are l_bce, l_21 and l_23, with base weights 1−λ, λ and λ; a balance
multiplies them. l_22 and l_scale keep their own weights.
"""

import torch
from torch import Tensor, nn

from ikt_model.losses import TERMS, Losses, total_loss
from ikt_model.settings import LossSettings

BALANCED = ("l_bce", "l_21", "l_23")
BALANCE_RATE = 10.0  # learned balances move this many times faster than the weights of the network
NORM_EVERY = 10  # optimiser steps between two looks at the gradients' norms
NORM_RATE = 0.05  # by which log-weights move at each look
RESTORING_FORCE = 1.0  # α of GradNorm: how much more a loss may pull that has fallen less than the others


class Balance(nn.Module):
    """Fixed weights: L as it stands."""

    def total(self, losses: Losses, *, settings: LossSettings, lambda_: float | Tensor) -> Tensor:
        """What the optimiser sees."""
        return _total(losses, {}, settings=settings, lambda_=lambda_)

    def observe(self, losses: Losses, shared: list[nn.Parameter], *, lambda_: float) -> None:
        """Look at a batch's losses before its backward pass."""

    def factors(self) -> dict[str, float]:
        """What each balanced loss is multiplied by at the moment."""
        return dict.fromkeys(BALANCED, 1.0)


class UncertaintyBalance(Balance):
    """Each loss l becomes l·exp(−s) + s with a learned log-variance s (after Kendall, Gal & Cipolla 2018,
    CVPR, section 3.2; the factors ½ that tell regression and classification apart there are left out, so all
    three are eased alike).
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_variance = nn.Parameter(torch.zeros(len(BALANCED)))

    def total(self, losses: Losses, *, settings: LossSettings, lambda_: float | Tensor) -> Tensor:
        log_variance = dict(zip(BALANCED, self.log_variance, strict=True))
        eased = {
            name: getattr(losses, name) * torch.exp(-log_variance[name]) + log_variance[name]
            for name in BALANCED
        }
        return _total(losses, eased, settings=settings, lambda_=lambda_)

    def factors(self) -> dict[str, float]:
        return dict(zip(BALANCED, torch.exp(-self.log_variance.detach()).tolist(), strict=True))


class GradientNormBalance(Balance):
    """Weights that let every loss pull equally hard on what the heads share, and harder the less it has
    fallen so far (GradNorm: Chen et al. 2018, ICML, algorithm 1).
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights: Tensor
        self.first: Tensor
        self.steps: Tensor
        self.register_buffer("weights", torch.ones(len(BALANCED)))
        self.register_buffer("first", torch.zeros(len(BALANCED)))  # each loss on the first batch seen
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def total(self, losses: Losses, *, settings: LossSettings, lambda_: float | Tensor) -> Tensor:
        balanced = {
            name: getattr(losses, name) * weight for name, weight in zip(BALANCED, self.weights, strict=True)
        }
        return _total(losses, balanced, settings=settings, lambda_=lambda_)

    def observe(self, losses: Losses, shared: list[nn.Parameter], *, lambda_: float) -> None:
        values = torch.stack([getattr(losses, name) for name in BALANCED])
        if self.steps == 0:
            self.first.copy_(values.detach().clamp(min=1e-8))
        if self.steps % NORM_EVERY == 0 and 0 < lambda_ < 1:
            base = self.weights.new_tensor([1 - lambda_, lambda_, lambda_])
            norms = base * torch.stack([_norm(value, shared) for value in values])
            self.weights.copy_(_gradnorm_step(self.weights, norms, values.detach() / self.first))
        self.steps += 1

    def factors(self) -> dict[str, float]:
        return dict(zip(BALANCED, self.weights.tolist(), strict=True))


BALANCES = {"fixed": Balance, "uncertainty": UncertaintyBalance, "gradient-norm": GradientNormBalance}


def _total(
    losses: Losses, balanced: dict[str, Tensor], *, settings: LossSettings, lambda_: float | Tensor
) -> Tensor:
    terms: dict[str, Tensor] = {name: getattr(losses, name) for name in TERMS} | balanced
    total: Tensor = total_loss(**terms, settings=settings, lambda_=lambda_)
    return total


def _norm(loss: Tensor, shared: list[nn.Parameter]) -> Tensor:
    parts = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
    norm: Tensor = torch.stack([part.norm() for part in parts if part is not None]).norm()
    return norm


def _gradnorm_step(weights: Tensor, norms: Tensor, fallen: Tensor) -> Tensor:
    """One step down Σ|w·G − target|, then back to a sum of one per loss.

    The step is taken in log w: weights stay positive, and losses of any size get their balance equally soon.
    """
    pulls = weights * norms
    target = pulls.mean() * (fallen / fallen.mean()) ** RESTORING_FORCE
    moved = weights * torch.exp(-NORM_RATE * torch.sign(pulls - target))
    balanced: Tensor = moved * len(moved) / moved.sum()
    return balanced
