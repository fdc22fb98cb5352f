"""Fit the network to the training folds and measure it on the held-out one.

Knows nothing of queue, database or web: `on_epoch` and `on_progress` are its only windows out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor, nn

from ikt_model.balancing import BALANCE_RATE, BALANCES, Balance
from ikt_model.checkpoint import Progress, load_checkpoint, save_checkpoint, save_model
from ikt_model.config import ExperimentConfig
from ikt_model.data.batches import Batch, WindowedSteps, Windows, batch_rows
from ikt_model.data.sequences import Sequences
from ikt_model.evaluation import predict, predictions_table
from ikt_model.gradients import PULLING, gradient_figures
from ikt_model.losses import (
    TERMS,
    Losses,
    ReferenceScale,
    compute_losses,
    lambda_at,
    prediction_loss,
    term_weights,
    total_loss,
)
from ikt_model.metrics import HeldOut, evaluate_predictions
from ikt_model.networks import build_network
from ikt_model.references import Calibration, ReferenceTargets
from ikt_model.settings import TrainingSettings
from ikt_model.tracer import Tracer

WARMUP_SHARE = 0.25  # of all steps, over which the one-cycle learning rate rises to its peak
FIRST_RATE, LAST_RATE = 0.04, 1e-4  # of the peak
GRADIENT_BATCHES = 4  # batches over which the gradients of each epoch are looked at


class TrainingStopped(Exception):
    """`on_progress` asked to stop; the last finished epoch is in the checkpoint."""


class TrainingDiverged(ArithmeticError):
    """A loss is no longer finite; the optimiser did not take that step."""


class NothingToTrain(ValueError):
    """No training history is long enough."""


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


@dataclass(frozen=True, slots=True)
class _Run:
    """All that stays the same through a training."""

    config: ExperimentConfig
    network: Tracer
    balance: Balance
    optimizer: torch.optim.Optimizer | None  # None where nothing is left to train
    data: WindowedSteps
    training: Windows
    held_out: Windows
    reference: ReferenceScale
    calibration: Calibration
    steps_per_epoch: int

    @property
    def learned(self) -> nn.Module:
        """All that the optimiser changes."""
        return nn.ModuleDict({"network": self.network, "balance": self.balance})

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.config.training.epochs


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
) -> TrainingResult:
    """Train with `fold` held out, going on from the folder's checkpoint when it is of the same run.

    `on_progress(share of all steps)` is called after every optimiser step and stops the training by
    returning False. The model is the last epoch's: the schedule is fixed beforehand, and held-out students
    choose nothing. Raises TrainingStopped, TrainingDiverged, NothingToTrain, NothingToEvaluate.
    """
    run = _prepare(config, sequences, fold=fold, calibration=calibration, device=device)
    name = f"{config.fingerprint()}-{sequences.content_hash[:16]}-{fold}"
    progress = load_checkpoint(folder / "checkpoint", run.learned, run.optimizer, run=name)
    progress = progress or Progress(epoch=0, run=name)
    for epoch in range(progress.epoch + 1, config.training.epochs + 1):
        started = time.perf_counter()
        losses = _train_epoch(run, epoch, on_progress)
        seen = _held_out(run)
        metrics = {**_measure(run, seen, epoch), **losses}
        save_checkpoint(folder / "checkpoint", run.learned, run.optimizer, Progress(epoch, name))
        on_epoch(EpochReport(epoch, config.training.epochs, time.perf_counter() - started, metrics))
    seen = _held_out(run)
    save_model(
        folder / "model",
        run.network,
        config=config,
        vocabulary=sequences.vocabulary,
        calibration=calibration,
        target_std=run.reference.target_std,
    )
    predictions = folder / "predictions.parquet"
    pq.write_table(predictions_table(seen, sequences), predictions)
    return TrainingResult(_measure(run, seen, config.training.epochs), folder / "model", predictions)


def _prepare(
    config: ExperimentConfig, sequences: Sequences, *, fold: int, calibration: Calibration, device: str
) -> _Run:
    held_out = sequences.folds == fold
    targets = calibration.targets(sequences)
    data = WindowedSteps(sequences, targets, decay=calibration.decay, device=device)
    training = Windows.cut(sequences, window=config.model.window, students=~held_out)
    if len(training.starts) == 0:
        raise NothingToTrain("no training history has at least 3 responses; add data or choose another fold")
    torch.manual_seed(config.training.seed)
    network = build_network(config.model, calibration=calibration).to(device)
    balance = BALANCES[config.loss.balancing]().to(device)
    difficulty = torch.as_tensor(calibration.difficulty, dtype=torch.float32, device=device)
    return _Run(
        config=config,
        network=network,
        balance=balance,
        optimizer=_optimizer(network, balance, config.training),
        data=data,
        training=training,
        held_out=Windows.cut(sequences, window=config.model.window, students=held_out),
        reference=ReferenceScale(
            difficulty=data.sets.mean(difficulty[:, None]).squeeze(-1),
            target_std=_target_std(config, sequences, targets, ~held_out),
        ),
        calibration=calibration,
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


def _target_std(
    config: ExperimentConfig, sequences: Sequences, targets: ReferenceTargets, training: np.ndarray
) -> float:
    """Standard deviation over training steps of what l_23 pulls towards."""
    students = sequences.student_of_step()
    dynamic = config.loss.ability_target == "dynamic"
    values = targets.theta if dynamic else targets.theta_static[students]
    return max(float(values[training[students]].std(dtype=np.float64)), 1e-6)


def _train_epoch(run: _Run, epoch: int, on_progress: Callable[[float], bool]) -> dict[str, float]:
    """One pass over the training windows; the mean of every loss while the weights changed, and how the
    losses pull afterwards.
    """
    settings = run.config.training
    # Seeded by (seed, epoch) alone, so that a resumed training draws what an undisturbed one would.
    torch.manual_seed(settings.seed * 1_000_003 + epoch)
    generator = np.random.default_rng([settings.seed, epoch])
    lambda_ = lambda_at(epoch, run.config.loss)
    sums, weights = torch.zeros(2, len(TERMS), dtype=torch.float64, device=run.data.device)
    run.network.train()
    step = (epoch - 1) * run.steps_per_epoch
    for rows in batch_rows(run.training.lengths, batch_tokens=settings.batch_tokens, generator=generator):
        rate = settings.learning_rate * learning_rate_factor(step / run.total_steps, settings.schedule)
        terms, weight = _train_step(run, rows, rate=rate, lambda_=lambda_)
        sums += terms * weight
        weights += weight
        step += 1
        if not on_progress(step / run.total_steps):
            raise TrainingStopped(f"stopped in epoch {epoch} of {settings.epochs}")
    means = dict(zip(TERMS, (sums / weights).tolist(), strict=True))
    means["loss"] = means["l_bce"]
    if run.network.has_ability:
        own = {name: means[name] for name in TERMS}
        means["loss"] = total_loss(**own, settings=run.config.loss, lambda_=lambda_)
    means["l_align"] = means["l_21"] + means["l_23"]
    means |= {f"factor_{name}": value for name, value in run.balance.factors().items()}
    return {f"train_{name}": value for name, value in (means | _gradient_figures(run)).items()}


def _train_step(run: _Run, rows: np.ndarray, *, rate: float, lambda_: float) -> tuple[Tensor, Tensor]:
    """The batch's mean of each term, and how many values each is the mean of."""
    batch = run.data.gather(run.training, rows)
    losses = _losses(run, batch)
    if run.optimizer is not None:
        _descend(run, run.optimizer, losses, rate=rate, lambda_=lambda_)
    return losses.terms(), term_weights(batch, run.config.loss)


def _losses(run: _Run, batch: Batch) -> Losses:
    output = run.network(batch)
    if run.network.has_ability:
        return compute_losses(output, batch, reference=run.reference, settings=run.config.loss)
    nothing = torch.full((), torch.nan, device=run.data.device)
    return Losses(prediction_loss(output, batch), nothing, nothing, nothing, nothing)


def _descend(
    run: _Run, optimizer: torch.optim.Optimizer, losses: Losses, *, rate: float, lambda_: float
) -> None:
    total = losses.l_bce
    if run.network.has_ability:
        run.balance.observe(losses, run.network.shared_parameters(), lambda_=lambda_)
        total = run.balance.total(losses, settings=run.config.loss, lambda_=lambda_)
    if not torch.isfinite(total):
        raise TrainingDiverged(f"the loss became {total.item()}; lower learning_rate or gradient_clip")
    for group in optimizer.param_groups:
        group["lr"] = rate * group["pace"]
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(total)
    torch.nn.utils.clip_grad_norm_(run.learned.parameters(), run.config.training.gradient_clip)
    optimizer.step()


def _gradient_figures(run: _Run) -> dict[str, float]:
    """Over a few training batches of every length, the same ones in each epoch, without dropout."""
    shared = run.network.shared_parameters()
    if not shared:
        return {}
    batches = list(batch_rows(run.training.lengths, batch_tokens=run.config.training.batch_tokens))
    chosen = np.unique(np.linspace(0, len(batches) - 1, GRADIENT_BATCHES, dtype=int))
    run.network.eval()
    losses = (_losses(run, run.data.gather(run.training, batches[index])) for index in chosen)
    names = (*PULLING, "l_scale") if run.config.loss.scale_weight else PULLING
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


def _held_out(run: _Run) -> HeldOut:
    return predict(
        run.network,
        run.data,
        run.held_out,
        loss=run.config.loss,
        difficulty_reference=run.calibration.difficulty,
    )


def _measure(run: _Run, seen: HeldOut, epoch: int) -> dict[str, float]:
    loss = run.config.loss
    return evaluate_predictions(
        seen, loss=loss, lambda_=lambda_at(epoch, loss), target_std=run.reference.target_std
    )
