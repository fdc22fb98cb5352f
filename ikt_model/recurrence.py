"""A recurrent reading of the history, one logit per skill: all of DKT, and the memory beside iKT's attention.

B sequences, L steps, K skills, R width. Deep knowledge tracing (Piech et al. 2015, NeurIPS 28).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from ikt_model.data.batches import Batch, SkillSets
from ikt_model.dropout import Dropout
from ikt_model.tracer import Steps


class PairRecurrence(nn.Module):
    """An LSTM over (skill, response) pairs, read out by a key for every skill."""

    def __init__(self, width: int, *, n_skills: int, dropout: float) -> None:
        super().__init__()
        self.pair = nn.Parameter(torch.randn(2 * n_skills, width))  # (skill, response)
        self.recurrent = nn.LSTM(width, width, batch_first=True)
        self.dropout = Dropout(dropout)
        self.key = nn.Parameter(torch.empty(n_skills, width).uniform_(-1, 1) * width**-0.5)

    def forward(self, batch: Batch) -> Tensor:
        """State after each step, [B, L, R]."""
        pairs = torch.stack([batch.sets.mean(table) for table in self.pair.chunk(2)])  # [2, C, R]
        steps = pairs[batch.responses, batch.skill_sets]
        n_rows = len(steps)
        if n_rows == 1:  # a matrix of one row is multiplied, and rounded, in another way
            steps = steps.expand(2, -1, -1)
        states: Tensor = self.dropout(self.recurrent(steps)[0])
        return states[:n_rows]

    def read_on(self, steps: Steps, memory: Tensor | None) -> Tensor:
        """Hidden and cell state [B, 2, R] after new steps, from those before them; without dropout."""
        rows = steps.sets.pair_rows(self.pair, steps.skill_sets, steps.responses)
        packed = pack_padded_sequence(rows, steps.lengths, batch_first=True, enforce_sorted=False)
        before = None if memory is None else tuple(part[None] for part in memory.unbind(dim=1))
        _, (hidden, cell) = self.recurrent(packed, before)
        return torch.stack([hidden[0], cell[0]], dim=1)

    def logits(self, states: Tensor, skill_sets: Tensor, sets: SkillSets) -> Tensor:
        """The read-out for the skill sets asked, [..., R] -> [...]."""
        return (states * sets.mean(self.key)[skill_sets]).sum(dim=-1)
