"""The losses of the comparison, as pure functions of one batch.

L = (1−λ)·l_bce + c·l_22 + λ·(l_21 + l_23) + λ_scale·l_scale. Every mean is over valid steps only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from ikt_model.data.batches import Batch
from ikt_model.settings import LossSettings
from ikt_model.tracer import Output

Value = TypeVar("Value", float, Tensor)


@dataclass(frozen=True, slots=True)
class ReferenceScale:
    """What the reference looks like over the training students: its difficulties and the spread of its
    target.
    """

    difficulty: Tensor  # [C] β^ref of every skill set
    target_std: float  # of the ability target that l_23 uses, over steps


@dataclass(frozen=True, slots=True)
class Losses:
    """Scalars of one batch; NaN where the network has nothing to align."""

    l_bce: Tensor
    l_21: Tensor
    l_22: Tensor
    l_23: Tensor
    l_scale: Tensor

    def terms(self) -> Tensor:
        """[5], in the order of TERMS, cut from the graph."""
        return torch.stack([self.l_bce, self.l_21, self.l_22, self.l_23, self.l_scale]).detach()

    def times(self, factors: Tensor) -> "Losses":
        """Each term times its own of [5] factors."""
        l_bce, l_21, l_22, l_23, l_scale = factors
        return Losses(
            l_bce=self.l_bce * l_bce,
            l_21=self.l_21 * l_21,
            l_22=self.l_22 * l_22,
            l_23=self.l_23 * l_23,
            l_scale=self.l_scale * l_scale,
        )


TERMS = ("l_bce", "l_21", "l_22", "l_23", "l_scale")


def term_weights(batch: Batch, settings: LossSettings) -> Tensor:
    """[5] how many values each of TERMS is the mean of, to join the means of several batches."""
    asked, valid = batch.asked.sum(), batch.valid.sum()
    is_by_sequence = settings.ability_alignment in ("mean", "per-sequence")
    aligned = batch.begins().sum() if is_by_sequence else valid
    return torch.stack([asked, asked, asked, aligned, valid])


def total_loss(
    *,
    l_bce: Value,
    l_21: Value,
    l_22: Value,
    l_23: Value,
    l_scale: Value,
    settings: LossSettings,
    lambda_: Value | float,
) -> Value:
    """L."""
    total = (1 - lambda_) * l_bce + settings.difficulty_weight * l_22 + lambda_ * (l_21 + l_23)
    return total + settings.scale_weight * l_scale if settings.scale_weight else total


def lambda_at(epoch: int, settings: LossSettings) -> float:
    """λ of an epoch (counted from 1)."""
    if settings.lambda_warmup_epochs == 0 or settings.lambda_schedule == "constant":
        return settings.lambda_target
    share = min(1.0, epoch / settings.lambda_warmup_epochs)
    if settings.lambda_schedule == "cosine":
        share = (1 - math.cos(math.pi * share)) / 2
    return settings.lambda_target * share


def prediction_loss(output: Output, batch: Batch) -> Tensor:
    """l_bce of Head 1."""
    of_response = F.binary_cross_entropy_with_logits(output.logit, batch.next_responses, reduction="none")
    return _mean(of_response, batch.asked)


def compute_losses(
    output: Output,
    batch: Batch,
    *,
    reference: ReferenceScale,
    settings: LossSettings,
    total: Callable[[Tensor], Tensor] = lambda value: value,
) -> Losses:
    """All terms of L on one batch, or on this process's part of it: then `total` sums over all parts, which
    l_scale needs.
    """
    mastery_reference = torch.sigmoid(batch.mastery_reference)
    of_mastery = F.binary_cross_entropy_with_logits(output.mastery_logit, mastery_reference, reduction="none")
    of_difficulty = (output.beta - reference.difficulty[batch.next_skill_sets]) ** 2
    return Losses(
        l_bce=prediction_loss(output, batch),
        l_21=_mean(of_mastery, batch.asked),
        l_22=_mean(of_difficulty, batch.asked),
        l_23=ability_alignment(
            output.theta,
            ability_target(batch, settings),
            batch.valid,
            mode=settings.ability_alignment,
            scale=reference.target_std,
            window=None if batch.place is None else batch.window,
        ),
        l_scale=(_spread(output.theta, batch.valid, total) - reference.target_std) ** 2,
    )


def ability_target(batch: Batch, settings: LossSettings) -> Tensor:
    """θ^ref that l_23 pulls towards, [B, L]: one value per student, or the trajectory."""
    if settings.ability_target == "static":
        return batch.theta_static
    return batch.theta_reference


def ability_alignment(
    theta: Tensor, target: Tensor, valid: Tensor, *, mode: str, scale: float, window: Tensor | None = None
) -> Tensor:
    """l_23 of [B, L] abilities against their target.

    `mean` compares time-means, so it can't see what happens within a sequence; `pointwise` compares every
    step, so a long sequence counts for more; `per-sequence` compares every step and lets each sequence count
    once; `standardized` is pointwise in units of the reference's standard deviation (its mean cancels).
    A sequence is a row, or with `window` [B, L] all steps of the same window.
    """
    if mode in ("mean", "per-sequence") and window is not None:
        counts = _per_window(valid.to(theta.dtype), window)
        error = torch.where(valid, theta - target, 0.0)
        of_windows = _per_window(error if mode == "mean" else error**2, window) / counts.clamp(min=1)
        of_windows = of_windows**2 if mode == "mean" else of_windows
        return of_windows.sum() / (counts > 0).sum().clamp(min=1)
    if mode in ("mean", "per-sequence"):
        weight = valid.to(theta.dtype) / valid.sum(dim=1, keepdim=True).clamp(min=1)
        if mode == "mean":
            return (((theta - target) * weight).sum(dim=1) ** 2).mean()
        return ((theta - target) ** 2 * weight).sum(dim=1).mean()
    error = _mean((theta - target) ** 2, valid)
    return error / scale**2 if mode == "standardized" else error


def _per_window(values: Tensor, window: Tensor) -> Tensor:
    """Sums of [B, L] values, [B·L]: 0 where there is no such window."""
    return values.new_zeros(values.numel()).index_add(0, window.flatten(), values.flatten())


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Over what the mask holds; to choose those values would make a GPU wait for their number."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp(min=1)


def _spread(values: Tensor, mask: Tensor, total: Callable[[Tensor], Tensor]) -> Tensor:
    """Their standard deviation over all parts, each of which tells at once of its own mean and the squares
    about it (Chan, Golub & LeVeque 1983, equation 1.5).
    """
    mean = _mean(values, mask)
    squares = torch.where(mask, (values - mean) ** 2, 0.0).sum().double()
    count, mean = mask.sum().double(), mean.double()  # squares of means cancel out below
    count, summed, within, of_means = total(torch.stack([count, count * mean, squares, count * mean**2]))
    between = (of_means - summed**2 / count).clamp(min=0.0)
    spread: Tensor = ((within + between) / count).sqrt().to(values.dtype)
    return spread
