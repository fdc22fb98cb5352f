"""Baselines as networks: they stand beside iKT in every table, measured by the same protocol.

B sequences, L steps, K skills, D width.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from ikt_model.data.batches import Batch
from ikt_model.recurrence import PairRecurrence
from ikt_model.settings import DktSettings
from ikt_model.tracer import Known, Output, Tracer


class DktNetwork(Tracer):
    """Deep knowledge tracing (Piech et al. 2015, NeurIPS 28): an LSTM over (skill, response) pairs whose
    output k is the logit of a right answer on skill k. It knows no ability and no difficulty; its mastery is
    its prediction.
    """

    has_ability: ClassVar[bool] = False

    def __init__(self, settings: DktSettings, *, n_skills: int) -> None:
        super().__init__()
        self.state_width = settings.d_model
        self.recurrence = PairRecurrence(settings.d_model, n_skills=n_skills, dropout=settings.dropout)
        self.bias = nn.Parameter(torch.zeros(n_skills))
        self.register_buffer("difficulty", torch.full((n_skills,), torch.nan))

    def forward(self, batch: Batch) -> Output:
        states = self.recurrence(batch)
        biases = batch.sets.mean(self.bias[:, None]).squeeze(-1)  # [C]

        def logits(skill_sets: Tensor) -> Tensor:
            return self.recurrence.logits(states, skill_sets, batch.sets) + biases[skill_sets]

        logit = logits(batch.next_skill_sets)
        unknown = torch.full_like(logit, torch.nan)
        return Output(
            states=states,
            logit=logit,
            mastery_logit=logit,
            mastery_after_logit=logits(batch.skill_sets),
            theta=unknown,
            beta=unknown,
        )

    def every_skill(self, known: Known) -> tuple[Tensor, Tensor]:
        logit = known.state @ self.recurrence.key.T + self.bias
        return logit, logit


class ReferenceNetwork(Tracer):
    """The reference itself: p = M = M^ref. It has nothing to learn."""

    has_ability: ClassVar[bool] = True
    reads_history: ClassVar[bool] = False

    def __init__(self, *, difficulty: Tensor) -> None:
        super().__init__()
        self.state_width = 1
        self.register_buffer("difficulty", difficulty)

    def forward(self, batch: Batch) -> Output:
        beta = batch.sets.mean(self.difficulty[:, None]).squeeze(-1)
        return Output(
            states=batch.theta_reference[..., None],
            logit=batch.mastery_reference,
            mastery_logit=batch.mastery_reference,
            mastery_after_logit=batch.mastery_after_reference,
            theta=batch.theta_reference,
            beta=beta[batch.next_skill_sets],
        )

    def every_skill(self, known: Known) -> tuple[Tensor, Tensor]:
        return known.reference, known.reference
