"""The loop that everybody writes first, kept to hold ours against.

Every history is padded to the window's length, batches are 64 histories in random order, arithmetic is
float32, attention is written out operation by operation, and the loss is read after every step. Network,
losses, optimiser and schedule are ours, so that both learn the same.
"""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ikt_model.data.batches import Batch
from ikt_model.epochs import learning_rate_factor
from ikt_model.losses import compute_losses, lambda_at
from ikt_model.network import DualStreamBlock, IktNetwork
from ikt_model.run import Run

BATCH = 64
OF_STEPS = [field.name for field in fields(Batch) if field.name not in ("sets", "place")]


class PlainBlock(DualStreamBlock):
    """The same block as its formulas stand in `docs/model.md`."""

    def forward(
        self, context: Tensor, value: Tensor, *, distance: Tensor, same: Tensor
    ) -> tuple[Tensor, Tensor]:
        batch, length, width = context.shape
        split = (batch, length, self.n_heads, width // self.n_heads)
        query, key = self.query_key(self.context_norm(context)).chunk(2, dim=-1)
        query, key = query.view(split).transpose(1, 2), key.view(split).transpose(1, 2)
        read = self.value(self.value_norm(value)).view(split).transpose(1, 2)
        seen = distance.masked_fill(distance == torch.inf, 0.0)
        bias = self.same_skill[:, None, None] * same[:, None].float()
        bias = bias - self.log_slope.exp()[:, None, None] * seen
        scores = (query @ key.transpose(-1, -2)) * (width // self.n_heads) ** -0.5 + bias
        weights = scores.masked_fill(distance == torch.inf, -torch.inf).softmax(dim=-1)
        attended = (weights @ read).transpose(1, 2).reshape(batch, length, width)
        to_context, to_value = self.dropout(self.mix(attended)).chunk(2, dim=-1)
        context = context + to_context
        context = context + self.dropout(self.feed(self.feed_norm(context)))
        return context, value + to_value


class PaddedHistories(Dataset[dict[str, Tensor]]):
    """Every window as a row of `window` steps, in the processor's memory whatever the device."""

    def __init__(self, run: Run) -> None:
        windows = run.training
        batch = run.data.gather(windows, np.arange(len(windows.starts)))
        missing = run.config.model.window - batch.valid.shape[1]
        self._sets = batch.sets
        self._rows = {name: _padded(getattr(batch, name), missing).cpu() for name in OF_STEPS}

    def __len__(self) -> int:
        return len(self._rows["valid"])

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: values[index] for name, values in self._rows.items()}

    def batch(self, rows: dict[str, Tensor], device: str | torch.device) -> Batch:
        """As the network wants it."""
        return Batch(sets=self._sets, **{name: value.to(device) for name, value in rows.items()})


def _padded(values: Tensor, missing: int) -> Tensor:
    """Rows [W, L, …] with so many steps more, which are none of the history."""
    return torch.cat([values, values.new_zeros(len(values), missing, *values.shape[2:])], dim=1)


def use_plain_blocks(run: Run) -> None:
    """Let the run's network compute as its formulas stand, with the weights that it has."""
    assert isinstance(run.network, IktNetwork)
    for block in run.network.blocks:
        block.__class__ = PlainBlock


def train_padded_epoch(
    run: Run, histories: PaddedHistories, epoch: int, told: Callable[[float], bool]
) -> list[float]:
    """The loss of every step; `told`, which hears the share that is done, ends the epoch by False."""
    config = run.config
    torch.manual_seed(config.training.seed * 1_000_003 + epoch)
    lambda_ = lambda_at(epoch, config.loss)
    loader = DataLoader(histories, batch_size=BATCH, shuffle=True)
    total_steps, step = len(loader) * config.training.epochs, (epoch - 1) * len(loader)
    run.network.train()
    heard = []
    assert run.optimizer is not None
    for rows in loader:
        batch = histories.batch(rows, run.data.device)
        losses = compute_losses(run.network(batch), batch, reference=run.reference, settings=config.loss)
        loss = run.balance.total(losses, settings=config.loss, lambda_=lambda_)
        rate = config.training.learning_rate
        for group in run.optimizer.param_groups:
            group["lr"] = rate * learning_rate_factor(step / total_steps, config.training.schedule)
        run.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(run.learned.parameters(), config.training.gradient_clip)
        run.optimizer.step()
        heard.append(loss.item())
        step += 1
        if not told(len(heard) / len(loader)):
            break
    return heard
