"""What every network offers, so that training, evaluation and serving never ask which one they have.

B sequences, L steps, K skills, W width of the state.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from ikt_model.data.batches import Batch, SkillSets


@dataclass(frozen=True, slots=True)
class Output:
    """What a network says at step t, having seen the responses 1..t. NaN where it has no such notion."""

    states: Tensor  # [B, L, W] all that the network keeps of a student after response t
    logit: Tensor  # [B, L] Head 1: of p(next response is right)
    mastery_logit: Tensor  # [B, L] Head 2: of M, the mastery of what is asked next
    mastery_after_logit: Tensor  # [B, L] of the mastery of what was practised at t, AFTER its response
    theta: Tensor  # [B, L] ability AFTER response t, in logits
    beta: Tensor  # [B, L] difficulty of what is asked next, in logits


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one student after the last response."""

    state: Tensor  # [W]
    query: Tensor  # [K, QUERY_FEATURES] evidence on each skill
    reference: Tensor  # [K] the reference's own mastery logits
    sets: SkillSets  # the K singletons alone


class Tracer(nn.Module, ABC):
    """A network over batches of histories."""

    has_ability: ClassVar[bool]  # whether θ and β are its own, to be aligned to a reference
    state_width: int  # W
    difficulty: Tensor  # [K] β in logits; NaN for a network that has none

    @abstractmethod
    def forward(self, batch: Batch) -> Output: ...

    def shared_parameters(self) -> list[nn.Parameter]:
        """What both heads read; empty for a network with a single head."""
        return []

    def before_any_response(self, reference: Tensor) -> Tensor:
        """Logits of M for every single skill of someone of whom nothing was read [K]: the reference's own,
        where a network has no better say.
        """
        return reference

    @abstractmethod
    def every_skill(self, known: Known) -> tuple[Tensor, Tensor]:
        """Logits of p and of M for every single skill, [K] each."""
