"""What every network offers, so that training, evaluation and serving never ask which one they have.

B sequences, L steps, K skills, W width of the state. Where students are read on from what is remembered of
them: J new steps, P steps of the present window so far, N blocks, H heads, D width, R recurrent
width.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
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
    """All that is known of B students after their last response."""

    state: Tensor  # [B, W]
    query: Tensor  # [B, K, QUERY_FEATURES] evidence on each skill
    reference: Tensor  # [B, K] the reference's own mastery logits
    prepared: Tensor  # what `prepare` gave


@dataclass(frozen=True, slots=True)
class Steps:
    """J new steps of each of B students; padding stands at the end of a row."""

    sets: SkillSets
    skill_sets: Tensor  # [B, J] int64
    names: Tensor  # [B, J] int64: equal where the skill sets are, also from one call to the next
    responses: Tensor  # [B, J] int64
    state: Tensor  # [B, J, STATE_FEATURES]
    lengths: Tensor  # [B] steps that are none of the padding, 1..J


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of the window that B students are in. P leaves room for the new steps behind each
    student's own: reading writes them there.
    """

    lengths: Tensor  # [B] steps
    names: Tensor  # [B, P] as in `Steps`
    attended: Tensor  # [N, 2, B, H, P, D/H] keys and values of every block and head
    recurrent: Tensor  # [B, 2, R] hidden and cell state of the recurrent layer


@dataclass(frozen=True, slots=True)
class Reading:
    """What a network makes of new steps."""

    knowledge: Tensor  # [B, J, ...] after each of them: what `ability` and `mastery_of` read
    states: Tensor  # [B, W] after the last one
    attended: list[Tensor]  # N of [B, J, 2, D], to be remembered
    recurrent: Tensor  # [B, 2, R] to be remembered


class Tracer(nn.Module, ABC):
    """A network over batches of histories."""

    has_ability: ClassVar[bool]  # whether θ and β are its own, to be aligned to a reference
    reads_history: ClassVar[bool] = True  # else it says what the reference says
    state_width: int  # W
    difficulty: Tensor  # [K] β in logits; NaN for a network that has none

    @abstractmethod
    def forward(self, batch: Batch) -> Output: ...

    @property
    def can_be_packed(self) -> bool:
        """Whether several windows may stand in one row of a batch: a recurrence would carry on from one to
        the next.
        """
        return False

    def repeated_blocks(self) -> list[nn.Module]:
        """Parts of one make, of which a network may have many: compiled once, they serve all."""
        return []

    def shared_parameters(self) -> list[nn.Parameter]:
        """What both heads read; empty for a network with a single head."""
        return []

    def before_any_response(self, reference: Tensor) -> Tensor:
        """Logits of M for every single skill of someone of whom nothing was read [K]: the reference's own,
        where a network has no better say.
        """
        return reference

    def prepare(self) -> Tensor:
        """What `every_skill` needs of the skills whoever is asked about, made once."""
        return torch.zeros(0)

    @abstractmethod
    def every_skill(self, known: Known) -> tuple[Tensor, Tensor]:
        """Logits of p and of M for every single skill, [B, K] each."""

    def read_on(self, steps: Steps, memory: Memory | None = None) -> Reading:
        """Read new steps from what is remembered of the window so far; without it from a window's beginning.

        It says what `forward` would of the whole window, but for rounding. Without dropout. This and what
        follows is offered by networks that know an ability and read histories: others do not serve.
        """
        raise NotImplementedError

    def nothing_read(self) -> tuple[Tensor, Tensor]:
        """What is remembered of a window without a step: `attended` [N, 2, H, 0, D/H], `recurrent` [2, R]."""
        return torch.zeros(0, 2, 1, 0, 0), torch.zeros(2, 0)

    def theta(self, states: Tensor) -> Tensor:
        """Ability in logits [B] of states [B, W]."""
        raise NotImplementedError

    def mastery_of(self, knowledge: Tensor, skills: Tensor, query: Tensor) -> Tensor:
        """Logits of M [E] of single skills [E], from the knowledge after a step [E, ...] and the evidence on
        the skill [E, QUERY_FEATURES].
        """
        raise NotImplementedError
