"""One pass over the training windows: every step down the losses, and how these pull afterwards."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ikt_model.data.batches import Batch, batch_rows
from ikt_model.gradients import PULLING, gradient_figures
from ikt_model.learner import Learner
from ikt_model.losses import TERMS, Losses, lambda_at, term_weights, total_loss
from ikt_model.run import Run

WARMUP_SHARE = 0.25  # of all steps, over which the one-cycle learning rate rises to its peak
FIRST_RATE, LAST_RATE = 0.04, 1e-4  # of the peak
OF_RANK = 1 << 40  # between the seeds of two ranks, whose dropout is not to be the same
GRADIENT_BATCHES = 4  # batches over which the gradients of each epoch are looked at


class TrainingStopped(Exception):
    """`on_progress` asked to stop; the last finished epoch is in the checkpoint."""


class TrainingDiverged(ArithmeticError):
    """A loss is no longer finite; nothing is stored of the epoch in which that happened."""

    @classmethod
    def to(cls, loss: float) -> "TrainingDiverged":
        return cls(f"the loss became {loss}; lower learning_rate or gradient_clip")


def train_epoch(run: Run, epoch: int, on_progress: Callable[[float], bool]) -> dict[str, float]:
    """The mean of every loss while the weights changed, and how the losses pull afterwards.

    Raises TrainingStopped, TrainingDiverged.
    """
    settings = run.config.training
    # Seeded by (seed, epoch) alone, so that a resumed training draws what an undisturbed one would.
    torch.manual_seed(settings.seed * 1_000_003 + epoch + run.ranks.rank * OF_RANK)
    lambda_ = lambda_at(epoch, run.config.loss)
    run.network.train()

    def tell(done: int) -> None:
        if not on_progress(done / run.total_steps):
            raise TrainingStopped(f"stopped in epoch {epoch} of {settings.epochs}")

    take_steps = _planned_steps if run.is_planned else _steps
    sums, weights = take_steps(run, epoch, lambda_=lambda_, tell=tell)
    means = joined_means(run, sums, weights, lambda_=lambda_)
    means |= {f"factor_{name}": value for name, value in run.balance.factors().items()}
    if run.ranks.is_first:
        means |= _gradient_figures(run)
    return {f"train_{name}": value for name, value in means.items()}


def _steps(run: Run, epoch: int, *, lambda_: float, tell: Callable[[int], None]) -> tuple[Tensor, Tensor]:
    """Batches of about equal length, one by one: sums of TERMS [5], and of how many values each is."""
    settings = run.config.training
    generator = np.random.default_rng([settings.seed, epoch])
    sums, weights = torch.zeros(2, len(TERMS), dtype=torch.float64, device=run.data.device)
    step = (epoch - 1) * run.steps_per_epoch
    for rows in batch_rows(run.training.lengths, batch_tokens=settings.batch_tokens, generator=generator):
        share = run.ranks.share(run.training, rows, run.config.loss) if run.ranks.size > 1 else None
        rate = _rate(run, step)
        terms, weight = train_step(run, _part(run, rows), rate=rate, lambda_=lambda_, share=share)
        sums += terms * weight
        weights += weight
        step += 1
        tell(step)
    sums, weights = run.ranks.total(torch.stack([sums, weights]))
    return sums, weights


def _planned_steps(
    run: Run, epoch: int, *, lambda_: float, tell: Callable[[int], None]
) -> tuple[Tensor, Tensor]:
    """The same from batches of one shape, on a device that may be an epoch behind what is told."""
    generator = np.random.default_rng([run.config.training.seed, epoch])
    steps = range((epoch - 1) * run.steps_per_epoch, epoch * run.steps_per_epoch)
    rates = np.array([_rate(run, step) for step in steps])
    run.planned.begin(run.packing.epoch(generator), rates=rates, lambda_=lambda_)
    for step in steps:
        run.planned.step()
        tell(step + 1)
    return run.planned.sums()


def _rate(run: Run, step: int) -> float:
    settings = run.config.training
    return settings.learning_rate * learning_rate_factor(step / run.total_steps, settings.schedule)


def _part(run: Run, rows: np.ndarray) -> Batch:
    """What this rank learns from; where there are fewer rows than ranks, a row of which nothing counts."""
    mine = run.ranks.part(rows)
    if len(mine):
        return run.data.gather(run.training, mine, least_width=1)
    batch = run.data.gather(run.training, rows[:1], least_width=1)
    nothing = torch.zeros_like(batch.valid)
    return replace(batch, valid=nothing, asked=nothing)


def joined_means(learner: Learner, sums: Tensor, weights: Tensor, *, lambda_: float) -> dict[str, float]:
    """Means of the losses by name, from sums over batches and how many values each is the sum of.

    Raises TrainingDiverged, in time for nothing to be stored: a GPU's steps are not looked at one by one.
    """
    means = dict(zip(TERMS, (sums / weights).tolist(), strict=True))
    means["loss"] = means["l_bce"]
    if learner.network.has_ability:
        own = {name: means[name] for name in TERMS}
        means["loss"] = total_loss(**own, settings=learner.config.loss, lambda_=lambda_)
    if learner.optimizer is not None and not math.isfinite(means["loss"]):
        raise TrainingDiverged.to(means["loss"])
    means["l_align"] = means["l_21"] + means["l_23"]
    return means


def train_step(
    learner: Learner, batch: Batch, *, rate: float, lambda_: float, share: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One step down the losses of a batch: its mean of each of TERMS, and how many values that is of.

    `share` [5] is what a rank's part of a batch counts for. Raises TrainingDiverged.
    """
    losses = learner.losses(learner.forward, batch, total=learner.ranks.total)
    terms = losses.terms()
    if share is not None:
        losses = losses.times(share.to(learner.device))
    if learner.optimizer is not None:
        _descend(learner, learner.optimizer, losses, rate=rate, lambda_=lambda_)
    return terms, term_weights(batch, learner.config.loss)


def _descend(
    learner: Learner, optimizer: torch.optim.Optimizer, losses: Losses, *, rate: float, lambda_: float
) -> None:
    total = losses.l_bce
    if learner.network.has_ability:
        learner.balance.observe(losses, learner.network.shared_parameters(), lambda_=lambda_)
        total = learner.balance.total(losses, settings=learner.config.loss, lambda_=lambda_)
    # What diverges in another rank does so here a step later; to ask a GPU would be to wait for it.
    if learner.ranks.is_first and not learner.is_on_cuda and not torch.isfinite(total):
        raise TrainingDiverged.to(total.item())
    for group in optimizer.param_groups:
        group["lr"] = rate * group["pace"]
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(total)
    torch.nn.utils.clip_grad_norm_(learner.learned.parameters(), learner.config.training.gradient_clip)
    optimizer.step()


def _gradient_figures(run: Run) -> dict[str, float]:
    """Over a few training batches of every length, the same ones in each epoch, without dropout."""
    shared = run.network.shared_parameters()
    if not shared:
        return {}
    batches = list(batch_rows(run.training.lengths, batch_tokens=run.config.training.batch_tokens))
    chosen = np.unique(np.linspace(0, len(batches) - 1, GRADIENT_BATCHES, dtype=int))
    run.network.eval()
    chosen_batches = (run.data.gather(run.training, batches[index], least_width=1) for index in chosen)
    losses = (run.losses(run.network, batch) for batch in chosen_batches)
    names = (*PULLING, "l_scale") if run.config.loss.scale_weight else PULLING
    with run.eagerly():
        return gradient_figures(losses, shared, names=names)


def learning_rate_factor(progress: float, schedule: str) -> float:
    """Share of the peak rate at a share of the training: one cosine up, one down (Smith 2018), or
    constant.
    """
    if schedule == "constant":
        return 1.0
    if progress < WARMUP_SHARE:
        return _cosine(FIRST_RATE, 1.0, progress / WARMUP_SHARE)
    return _cosine(1.0, LAST_RATE, (progress - WARMUP_SHARE) / (1 - WARMUP_SHARE))


def _cosine(start: float, end: float, share: float) -> float:
    return float(end + (start - end) * (1 + np.cos(np.pi * share)) / 2)
