"""The iKT network: a dual-stream causal transformer with a prediction head and an interpretable head.

B sequences, L steps, K skills, C skill sets, D width, H attention heads. Attention with the query and key
from the context stream and the value from the value stream (`docs/model.md`).
"""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ikt_model.attention import attend, distance_bias
from ikt_model.data.batches import Batch, SkillSets
from ikt_model.data.features import QUERY_FEATURES, STATE_FEATURES
from ikt_model.data.gathering import rows_of
from ikt_model.dropout import Dropout
from ikt_model.recurrence import PairRecurrence
from ikt_model.settings import IktSettings
from ikt_model.tracer import Known, Memory, Output, Reading, Steps, Tracer


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

    def __init__(self, settings: IktSettings) -> None:
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
        self.dropout = Dropout(settings.dropout)
        # ALiBi's geometric slopes (Press et al. 2022) as the start of a learned distance bias
        self.log_slope = nn.Parameter(-math.log(2) * torch.arange(1.0, settings.n_heads + 1))
        self.same_skill = nn.Parameter(torch.zeros(settings.n_heads))

    def forward(
        self, context: Tensor, value: Tensor, *, distance: Tensor, same: Tensor
    ) -> tuple[Tensor, Tensor]:
        batch, length, width = context.shape
        query, key = self.query_key(self.context_norm(context)).chunk(2, dim=-1)
        read = self.value(self.value_norm(value))
        attended = attend(
            *(self._split(part).transpose(1, 2) for part in (query, key, read)),
            slope=self.log_slope.exp(),
            same_skill=self.same_skill,
            distance=distance,
            same=same,
        )
        attended = attended.transpose(1, 2).reshape(batch, length, width)
        to_context, to_value = self.dropout(self.mix(attended)).chunk(2, dim=-1)
        context = context + to_context
        context = context + self.dropout(self.feed(self.feed_norm(context)))
        return context, value + to_value

    def read_on(
        self, context: Tensor, value: Tensor, *, bias: Tensor, memory: Tensor | None, place: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """`forward` for J new steps at their `place` [B, J] in windows whose memory [2, B, H, P, D/H] has
        room for them: the context after them, what was attended [B, J, D], and their keys and values [B, J,
        2, D].

        `bias` [B, H, J, P] hides what no step may see; P is J where there is no memory. Without dropout.
        """
        query, key = self.query_key(self.context_norm(context)).chunk(2, dim=-1)
        new = torch.stack([key, self.value(self.value_norm(value))], dim=2)
        if memory is None:
            keys, values = (self._by_head(part) for part in new.unbind(dim=2))
        else:
            rows = torch.arange(len(context))[:, None]
            for kept, part in zip(memory, new.unbind(dim=2), strict=True):
                kept[rows, :, place] = self._split(part)
            keys, values = memory.flatten(1, 2)
        scale = (context.shape[-1] // self.n_heads) ** -0.5
        scores = torch.baddbmm(bias.flatten(0, 1), self._by_head(query), keys.transpose(1, 2), alpha=scale)
        attended = torch.bmm(scores.softmax(dim=-1), values)
        attended = attended.view(len(context), self.n_heads, *attended.shape[1:]).transpose(1, 2).flatten(2)
        width = context.shape[-1]
        context = context + functional.linear(attended, self.mix.weight[:width], self.mix.bias[:width])
        return context + self.feed(self.feed_norm(context)), attended, new

    def carry(self, value: Tensor, attended: Tensor) -> Tensor:
        """The value stream behind the block, from the one before it and what was attended."""
        width = value.shape[-1]
        return value + functional.linear(attended, self.mix.weight[width:], self.mix.bias[width:])

    def distance_bias(self, distance: Tensor, same: Tensor) -> Tensor:
        """What is added to the scores of steps so far back, infinitely where they may not be seen, and on the
        same skill or not: each [B or 1, J, P] -> [B, H, J, P].
        """
        return distance_bias(distance, same, slope=self.log_slope.exp(), same_skill=self.same_skill)

    def _split(self, stream: Tensor) -> Tensor:
        """[B, L, D] -> [B, L, H, D/H]"""
        return stream.view(*stream.shape[:2], self.n_heads, stream.shape[2] // self.n_heads)

    def _by_head(self, stream: Tensor) -> Tensor:
        """[B, L, D] -> [B·H, L, D/H]"""
        return self._split(stream).transpose(1, 2).flatten(0, 1)


class IktNetwork(Tracer):
    """Two heads over one encoder. Head 2 speaks item response theory: M = σ(θ_t − β_k), or with a part of
    its own for every skill M = σ(θ_t + s_{k,t} − β_k), s_{k,t} = u(h_t)·v_k + g_k·e_{k,t}: what the
    encoder knows of the skill, and what the evidence e on it is worth.
    """

    has_ability: ClassVar[bool] = True

    def __init__(self, settings: IktSettings, *, n_skills: int) -> None:
        super().__init__()
        width = settings.d_model
        self.width, self.n_heads = width, settings.n_heads
        self.state_width = 2 * width + settings.recurrent_width
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
            Dropout(settings.dropout),
            nn.Linear(width, width // 2),
            nn.GELU(),
            RowDot(width // 2),
        )
        self.recurrence: PairRecurrence | None = None
        if settings.recurrent_width:
            self.recurrence = PairRecurrence(
                settings.recurrent_width, n_skills=n_skills, dropout=settings.recurrent_dropout
            )
        # Head 2
        self.ability = nn.Sequential(nn.Linear(width, width), nn.GELU(), RowDot(width))
        self.difficulty = nn.Parameter(torch.zeros(n_skills))
        self.is_on_mastery = settings.prediction == "on-mastery"
        self.is_skill_wise = settings.mastery == "skill-wise"
        if self.is_skill_wise:
            self.skill_state = nn.Linear(width, settings.skill_rank)  # u
            self.skill_key = nn.Parameter(torch.randn(n_skills, settings.skill_rank) * 0.05)  # v
            self.slopes = nn.Parameter(torch.zeros(n_skills, QUERY_FEATURES))  # g

    @property
    def can_be_packed(self) -> bool:
        return self.recurrence is None

    def repeated_blocks(self) -> list[nn.Module]:
        return list(self.blocks)

    def shared_parameters(self) -> list[nn.Parameter]:
        """What both heads share."""
        shared = (self.state, self.response, self.blocks, self.context_norm, self.value_norm)
        return [self.pair, self.position, *(value for part in shared for value in part.parameters())]

    def encode(self, batch: Batch) -> Tensor:
        """Knowledge state, value state and recurrent state after each step, [B, L, 2D + R]."""
        time = torch.arange(batch.skill_sets.shape[1], device=batch.skill_sets.device)
        pairs = torch.stack([batch.sets.mean(table) for table in self.pair.chunk(2)])  # [2, C, D]
        place = self.position[: len(time)] if batch.place is None else rows_of(self.position, batch.place)
        answered = batch.responses * pairs.shape[1] + batch.skill_sets
        context = rows_of(pairs.flatten(0, 1), answered) + self.state(batch.state) + place
        value = rows_of(self.response.weight, batch.responses) + place
        distance = (time[:, None] - time[None, :]).to(torch.float32)
        distance = distance.masked_fill(distance < 0, torch.inf)  # what may not be seen
        if batch.place is not None:  # [B, L, L]: nor what lies before the window's first step
            distance = torch.where(distance > batch.place[:, :, None], torch.inf, distance)
        same = batch.skill_sets[:, :, None] == batch.skill_sets[:, None, :]  # [B, L, L]
        for block in self.blocks:
            context, value = block(context, value, distance=distance, same=same)
        states = [self.context_norm(context), self.value_norm(value)]
        if self.recurrence is not None:
            states.append(self.recurrence(batch))
        return torch.cat(states, dim=-1)

    def forward(self, batch: Batch) -> Output:
        states = self.encode(batch)
        knowledge = states[..., : self.width]
        theta = self.ability(knowledge)
        beta = batch.sets.mean(self.difficulty[:, None]).squeeze(-1)  # [C]
        asked = rows_of(beta, batch.next_skill_sets)
        mastery, after = theta - asked, theta - rows_of(beta, batch.skill_sets)
        if self.is_skill_wise:
            of_skills = self.skill_state(knowledge)
            mastery = mastery + self._of_skill(of_skills, batch.next_skill_sets, batch.query, batch.sets)
            after = after + self._of_skill(of_skills, batch.skill_sets, batch.asked_again, batch.sets)
        logit = self._predict(states, batch.next_skill_sets, batch.query, batch.sets)
        return Output(
            states=states,
            logit=logit + mastery if self.is_on_mastery else logit,
            mastery_logit=mastery,
            mastery_after_logit=after,
            theta=theta,
            beta=asked,
        )

    def before_any_response(self, reference: Tensor) -> Tensor:
        return reference if self.is_skill_wise else -self.difficulty  # σ(θ − β) at θ = 0

    def prepare(self) -> Tensor:
        asked: Tensor = self.predict_skill(self.asked)
        return asked

    def every_skill(self, known: Known) -> tuple[Tensor, Tensor]:
        seen, recurrent = known.state[:, : 2 * self.width], known.state[:, 2 * self.width :]
        hidden = self.predict_state(seen)[:, None] + known.prepared + self.predict_query(known.query)
        logit = self.predict(hidden)
        if self.recurrence is not None:
            logit = logit + recurrent @ self.recurrence.key.T
        knowledge = known.state[:, : self.width]
        mastery = self.ability(knowledge)[:, None] - self.difficulty
        if self.is_skill_wise:
            learned = self.skill_state(knowledge) @ self.skill_key.T
            mastery = mastery + learned + (self.slopes * known.query).sum(dim=-1)
        return logit + mastery if self.is_on_mastery else logit, mastery

    def read_on(self, steps: Steps, memory: Memory | None = None) -> Reading:
        length = steps.skill_sets.shape[1]
        place = torch.arange(length)[None]
        if memory is not None:
            place = place + memory.lengths[:, None]
        where = self.position[place]
        context = steps.sets.pair_rows(self.pair, steps.skill_sets, steps.responses)
        context = context + self.state(steps.state) + where
        value = self.response(steps.responses) + where
        distance, same = look_back(steps, memory, place)
        last = (torch.arange(len(context)), steps.lengths - 1)
        kept = []
        for index, block in enumerate(self.blocks):
            assert isinstance(block, DualStreamBlock)
            past = None if memory is None else memory.attended[index]
            bias = block.distance_bias(distance, same)
            context, attended, new = block.read_on(context, value, bias=bias, memory=past, place=place)
            kept.append(new)
            # What the last block carries on is read after the last step alone.
            is_last = index == len(self.blocks) - 1
            value = block.carry(value[last], attended[last]) if is_last else block.carry(value, attended)
        knowledge = self.context_norm(context)
        states = [knowledge[last], self.value_norm(value)]
        recurrent = torch.zeros(len(context), 2, 0)
        if self.recurrence is not None:
            recurrent = self.recurrence.read_on(steps, None if memory is None else memory.recurrent)
            states.append(recurrent[:, 0])
        return Reading(knowledge, torch.cat(states, dim=-1), kept, recurrent)

    def nothing_read(self) -> tuple[Tensor, Tensor]:
        heads = self.n_heads
        attended = torch.zeros(len(self.blocks), 2, heads, 0, self.width // heads)
        return attended, torch.zeros(2, self.state_width - 2 * self.width)

    def theta(self, states: Tensor) -> Tensor:
        ability: Tensor = self.ability(states[..., : self.width])
        return ability

    def mastery_of(self, knowledge: Tensor, skills: Tensor, query: Tensor) -> Tensor:
        mastery: Tensor = self.ability(knowledge) - self.difficulty[skills]
        if self.is_skill_wise:
            learned = (self.skill_state(knowledge) * self.skill_key[skills]).sum(dim=-1)
            mastery = mastery + learned + (self.slopes[skills] * query).sum(dim=-1)
        return mastery

    def _predict(self, states: Tensor, skill_sets: Tensor, query: Tensor, sets: SkillSets) -> Tensor:
        """Head 1 for the skill sets asked, [..., 2D + R] -> [...]."""
        skills = self.predict_skill(sets.mean(self.asked))  # [C, D]
        seen, recurrent = states[..., : 2 * self.width], states[..., 2 * self.width :]
        hidden = self.predict_state(seen) + rows_of(skills, skill_sets) + self.predict_query(query)
        logit: Tensor = self.predict(hidden)
        if self.recurrence is None:
            return logit
        return logit + self.recurrence.logits(recurrent, skill_sets, sets)

    def _of_skill(self, of_skills: Tensor, skill_sets: Tensor, query: Tensor, sets: SkillSets) -> Tensor:
        """s_{k,t} from u(h) [..., R] and the evidence e [..., QUERY_FEATURES] on each step's skills."""
        keys, slopes = (rows_of(sets.mean(table), skill_sets) for table in (self.skill_key, self.slopes))
        return (of_skills * keys).sum(dim=-1) + (slopes * query).sum(dim=-1)


def look_back(steps: Steps, memory: Memory | None, place: Tensor) -> tuple[Tensor, Tensor]:
    """How far back every step of a window lies from each new one, infinitely far where that one may not see
    it, and whether it is on the same skills [B or 1, J, P].

    What is padding lies behind the new steps, where nothing may be seen.
    """
    names = steps.names
    if memory is not None:
        memory.names[torch.arange(len(names))[:, None], place] = names
        names = memory.names
    distance = (place[:, :, None] - torch.arange(names.shape[1])).to(torch.float32)
    same = steps.names[:, :, None] == names[:, None, :]
    return distance.masked_fill(distance < 0, torch.inf), same
