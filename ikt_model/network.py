"""The iKT network: a dual-stream causal transformer with a prediction head and an interpretable head.

B sequences, L steps, K skills, C skill sets, D width, H attention heads. Attention with the query and key
from the context stream and the value from the value stream (`docs/model.md`).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ikt_model.config import ModelSettings
from ikt_model.data.batches import Batch, SkillSets
from ikt_model.data.features import QUERY_FEATURES, STATE_FEATURES


@dataclass(frozen=True, slots=True)
class Output:
    """What the network says at step t, having seen the responses 1..t."""

    logit: Tensor  # [B, L] Head 1: of p(next response is right)
    theta: Tensor  # [B, L] Head 2: ability AFTER response t, in logits
    beta: Tensor  # [B, L] Head 2: difficulty of the step asked next, in logits

    @property
    def mastery_logit(self) -> Tensor:
        """θ_t − β of the step asked next [B, L]; its sigmoid is the mastery M."""
        return self.theta - self.beta


class RowDot(nn.Module):
    """A linear layer with one output, [..., D] -> [...].

    Matrix-vector kernels group rows differently for each row count; a plain sum per row gives a student the
    same bits in any batch.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width).uniform_(-1, 1) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, hidden: Tensor) -> Tensor:
        return (hidden * self.weight).sum(dim=-1) + self.bias


class DualStreamBlock(nn.Module):
    """Causal attention whose query and key read the context stream and whose value reads the value stream."""

    def __init__(self, settings: ModelSettings) -> None:
        super().__init__()
        width = settings.d_model
        self.n_heads = settings.n_heads
        self.context_norm = nn.LayerNorm(width)
        self.value_norm = nn.LayerNorm(width)
        self.query_key = nn.Linear(width, 2 * width)
        self.value = nn.Linear(width, width)
        self.mix = nn.Linear(width, 2 * width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, settings.d_ff), nn.GELU(), nn.Linear(settings.d_ff, width))
        self.dropout = nn.Dropout(settings.dropout)
        # ALiBi's geometric slopes (Press et al. 2022) as the start of a learned distance bias
        self.log_slope = nn.Parameter(-math.log(2) * torch.arange(1.0, settings.n_heads + 1))
        self.same_skill = nn.Parameter(torch.zeros(settings.n_heads))

    def forward(
        self, context: Tensor, value: Tensor, *, distance: Tensor, same: Tensor, causal: Tensor
    ) -> tuple[Tensor, Tensor]:
        batch, length, width = context.shape
        split = (batch, length, self.n_heads, width // self.n_heads)
        query, key = self.query_key(self.context_norm(context)).chunk(2, dim=-1)
        query, key = query.view(split).transpose(1, 2), key.view(split).transpose(1, 2)  # [B, H, L, D/H]
        read = self.value(self.value_norm(value)).view(split).transpose(1, 2)
        bias = self.same_skill[:, None, None] * same[:, None] - self.log_slope.exp()[:, None, None] * distance
        scores = (query @ key.transpose(-1, -2)) * (width // self.n_heads) ** -0.5 + bias
        weights = scores.masked_fill(causal, -torch.inf).softmax(dim=-1)
        attended = (weights @ read).transpose(1, 2).reshape(batch, length, width)
        to_context, to_value = self.dropout(self.mix(attended)).chunk(2, dim=-1)
        context = context + to_context
        context = context + self.dropout(self.feed(self.feed_norm(context)))
        return context, value + to_value


class IktNetwork(nn.Module):
    """Two heads over one encoder; Head 2 is the Rasch model with a learned ability and difficulty."""

    def __init__(self, settings: ModelSettings, *, n_skills: int) -> None:
        super().__init__()
        width = settings.d_model
        self.pair = nn.Parameter(torch.randn(2 * n_skills, width) * 0.05)  # (skill, response)
        self.response = nn.Embedding(2, width)
        self.position = nn.Parameter(torch.randn(settings.window, width) * 0.02)
        self.state = nn.Linear(STATE_FEATURES, width)
        self.blocks = nn.ModuleList(DualStreamBlock(settings) for _ in range(settings.n_blocks))
        self.context_norm = nn.LayerNorm(width)
        self.value_norm = nn.LayerNorm(width)
        # Head 1: its first layer is split by source, so that the part of the skill asked is made once per
        # skill set
        self.asked = nn.Parameter(torch.randn(n_skills, width) * 0.05)
        self.predict_state = nn.Linear(2 * width, width)
        self.predict_skill = nn.Linear(width, width, bias=False)
        self.predict_query = nn.Linear(QUERY_FEATURES, width, bias=False)
        self.predict = nn.Sequential(
            nn.GELU(),
            nn.Dropout(settings.dropout),
            nn.Linear(width, width // 2),
            nn.GELU(),
            RowDot(width // 2),
        )
        # Head 2
        self.ability = nn.Sequential(nn.Linear(width, width), nn.GELU(), RowDot(width))
        self.difficulty = nn.Parameter(torch.zeros(n_skills))

    def encode(self, batch: Batch) -> Tensor:
        """Knowledge state and value state after each step, [B, L, 2D]."""
        length = batch.skill_sets.shape[1]
        pairs = torch.stack([batch.sets.mean(table) for table in self.pair.chunk(2)])  # [2, C, D]
        place = self.position[:length]
        context = pairs[batch.responses, batch.skill_sets] + self.state(batch.state) + place
        value = self.response(batch.responses) + place
        time = torch.arange(length, device=context.device)
        distance = (time[:, None] - time[None, :]).clamp(min=0).to(context.dtype)
        same = (batch.skill_sets[:, :, None] == batch.skill_sets[:, None, :]).to(context.dtype)  # [B, L, L]
        causal = time[None, :] > time[:, None]
        for block in self.blocks:
            context, value = block(context, value, distance=distance, same=same, causal=causal)
        return torch.cat([self.context_norm(context), self.value_norm(value)], dim=-1)

    def theta(self, states: Tensor) -> Tensor:
        """Ability from the knowledge state, [..., 2D] -> [...]."""
        theta: Tensor = self.ability(states[..., : states.shape[-1] // 2])
        return theta

    def logits(self, states: Tensor, *, skill_sets: Tensor, query: Tensor, sets: SkillSets) -> Tensor:
        """Head 1 for the skill sets asked, [..., 2D] -> [...]."""
        skills = self.predict_skill(sets.mean(self.asked))  # [C, D]
        hidden = self.predict_state(states) + skills[skill_sets] + self.predict_query(query)
        logit: Tensor = self.predict(hidden)
        return logit

    def set_difficulty(self, sets: SkillSets) -> Tensor:
        """β of every skill set, [C]."""
        return sets.mean(self.difficulty[:, None]).squeeze(-1)

    def forward(self, batch: Batch) -> Output:
        states = self.encode(batch)
        return Output(
            logit=self.logits(states, skill_sets=batch.next_skill_sets, query=batch.query, sets=batch.sets),
            theta=self.theta(states),
            beta=self.set_difficulty(batch.sets)[batch.next_skill_sets],
        )


def build_network(settings: ModelSettings, *, difficulty: NDArray[np.float64]) -> IktNetwork:
    """A fresh network whose difficulties [K] start at the reference's, so that l_22 measures drift from
    there.
    """
    network = IktNetwork(settings, n_skills=len(difficulty))
    with torch.no_grad():
        network.difficulty.copy_(torch.as_tensor(difficulty, dtype=network.difficulty.dtype))
    return network
