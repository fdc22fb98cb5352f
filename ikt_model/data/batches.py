"""Windows of histories, cut into batches of about equal length.

B sequences, L steps. Histories are cut into windows of at most `window` responses (the protocol of pyKT:
what is left over counts as a window of its own, one shorter than MINIMUM_WINDOW is dropped). Evidence and
reference abilities run over the whole history, so a later window knows what came before it through them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ikt_model.data.features import DECAY, evidence
from ikt_model.data.gathering import mean_of_bags
from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.references.protocol import ReferenceTargets

MINIMUM_WINDOW = 3
# Steps that a batch is padded to at least where a student must get the same bits in any batch: matrix kernels
# for fewer rows round differently.
MINIMUM_WIDTH = 16


@dataclass(frozen=True, slots=True)
class SkillSets:
    """Members of every skill set, on the device of the batch."""

    members: Tensor  # [M] int64
    starts: Tensor  # [C] int64
    owners: Tensor  # [M] int64 the set that each member is of
    singletons_only: bool

    @classmethod
    def of(cls, vocabulary: SkillVocabulary, *, device: str | torch.device) -> "SkillSets":
        return cls(
            members=torch.as_tensor(vocabulary.set_members.astype(np.int64), device=device),
            starts=torch.as_tensor(vocabulary.set_offsets[:-1].astype(np.int64), device=device),
            owners=torch.as_tensor(
                np.repeat(np.arange(vocabulary.n_sets), np.diff(vocabulary.set_offsets)), device=device
            ),
            singletons_only=vocabulary.n_sets == vocabulary.n_skills,
        )

    def mean(self, table: Tensor) -> Tensor:
        """Mean over each set's skills of their rows, [K, D] -> [C, D]."""
        if self.singletons_only:
            return table
        return mean_of_bags(table, self.members, self.starts, self.owners)

    def pair_rows(self, pairs: Tensor, skill_sets: Tensor, responses: Tensor) -> Tensor:
        """Rows of a table of (skill, response) pairs [2K, D], a set's mean, for steps [...] -> [..., D]."""
        if self.singletons_only:
            return pairs[responses * (len(pairs) // 2) + skill_sets]
        return torch.stack([self.mean(table) for table in pairs.chunk(2)])[responses, skill_sets]


@dataclass(frozen=True, slots=True)
class Batch:
    """Padding stands at the end of a row and repeats a real step; only `valid` steps count.

    The step asked about at t is t + 1, so the last valid step of a row has no question: `asked` leaves it
    out. A row is one window, or several that know nothing of each other (`data/packing.py`): then `place`
    says where in its window each step stands, and what counts are windows, not rows.
    """

    sets: SkillSets
    skill_sets: Tensor  # [B, L] int64
    responses: Tensor  # [B, L] int64
    state: Tensor  # [B, L, STATE_FEATURES]
    next_skill_sets: Tensor  # [B, L]
    next_responses: Tensor  # [B, L] float
    query: Tensor  # [B, L, QUERY_FEATURES] of the step asked about
    asked_again: Tensor  # [B, L, QUERY_FEATURES] of the skills practised at t, after their response
    valid: Tensor  # [B, L] bool
    asked: Tensor  # [B, L] bool
    mastery_reference: Tensor  # [B, L] logit of M^ref of the step asked about
    mastery_after_reference: Tensor  # [B, L] logit of M^ref of what was practised at t, after its response
    theta_reference: Tensor  # [B, L] after response t
    theta_static: Tensor  # [B, L] the one ability of the student
    steps: Tensor  # [B, L] index of step t in the flat arrays
    place: Tensor | None = None  # [B, L] int64 of step t in its window; None where a row is one window

    @property
    def window(self) -> Tensor:
        """[B, L] which window of the batch each step belongs to, of B·L that there could be: the cell that it
        begins in.
        """
        cells = torch.arange(self.steps.numel(), device=self.steps.device).view_as(self.steps)
        time = torch.arange(self.steps.shape[1], device=self.steps.device)
        return cells - (time if self.place is None else self.place)

    def begins(self) -> Tensor:
        """[B, L] where a window begins of which something counts."""
        time = torch.arange(self.steps.shape[1], device=self.steps.device)
        return self.valid & ((time if self.place is None else self.place) == 0)


@dataclass(frozen=True, slots=True)
class Windows:
    """Where each window starts and how long it is, in the flat arrays."""

    starts: NDArray[np.int64]  # [W]
    lengths: NDArray[np.int64]  # [W]
    students: NDArray[np.int64]  # [W]

    @classmethod
    def cut(cls, sequences: Sequences, *, window: int, students: NDArray[np.bool_]) -> "Windows":
        """All windows of the chosen students."""
        chosen = np.flatnonzero(students)
        lengths = sequences.lengths[chosen]
        per_student = -(-lengths // window)
        owner = np.repeat(np.arange(len(chosen)), per_student)
        rank = np.arange(len(owner)) - np.repeat(np.cumsum(per_student) - per_student, per_student)
        starts = sequences.offsets[chosen][owner] + rank * window
        sizes = np.minimum(window, lengths[owner] - rank * window)
        kept = sizes >= MINIMUM_WINDOW
        return cls(starts[kept], sizes[kept], chosen[owner][kept])


class WindowedSteps:
    """Every step of a dataset as flat tensors on one device, from which batches are gathered."""

    def __init__(
        self,
        sequences: Sequences,
        targets: ReferenceTargets,
        *,
        decay: float = DECAY,
        device: str | torch.device = "cpu",
    ) -> None:
        known = evidence(sequences, decay=decay)

        def flat(values: NDArray[np.generic], dtype: torch.dtype) -> Tensor:
            return torch.as_tensor(np.array(values), dtype=dtype, device=device)

        first_steps = np.repeat(sequences.offsets[:-1], sequences.lengths)
        self.position = np.arange(sequences.n_responses) - first_steps  # [N] in the student's history
        self.sets = SkillSets.of(sequences.vocabulary, device=device)
        self.skill_sets = flat(sequences.skill_sets, torch.int64)
        self.responses = flat(sequences.responses, torch.int64)
        self.state = flat(known.state, torch.float32)
        self.query = flat(known.query, torch.float32)
        self.mastery_reference = flat(targets.mastery_logit, torch.float32)
        self.mastery_after_reference = flat(targets.mastery_after_logit, torch.float32)
        self.theta_reference = flat(targets.theta, torch.float32)
        self.theta_static = flat(targets.theta_static, torch.float32)
        self.students = flat(sequences.student_of_step(), torch.int32)
        self.n_steps = sequences.n_responses
        self.device = device

    def gather(
        self,
        windows: Windows,
        rows: NDArray[np.int64],
        *,
        looks_on: bool = False,
        least_width: int = MINIMUM_WIDTH,
    ) -> Batch:
        """One padded batch of these windows; with `looks_on` the last step of a window, too, is asked about
        the step that follows it in the flat arrays. To train takes no `least_width`.
        """
        starts = torch.as_tensor(windows.starts[rows], device=self.device)[:, None]
        lengths = torch.as_tensor(windows.lengths[rows], device=self.device)[:, None]
        width = max(least_width, int(windows.lengths[rows].max()))
        time = torch.arange(width, device=self.device)[None, :]
        last = starts + lengths - 1
        steps = torch.minimum(starts + time, last)
        following = torch.minimum(steps + 1, torch.full_like(last, self.n_steps - 1) if looks_on else last)
        return self._batch(steps, following, valid=time < lengths, asked=time < lengths - 1)

    def gather_packed(self, packed: Tensor) -> Batch:
        """One batch of rows that hold several windows each, from [2, B, L] of `data/packing.py`: which step
        stands where, -1 for none, and its place in its window. Waits for nothing that the device computes.
        """
        steps, place = packed.to(torch.int64)
        valid = steps >= 0
        asked = valid & functional.pad(place[:, 1:] > 0, (0, 1))
        steps = steps.clamp(min=0)
        return self._batch(steps, steps + asked, valid=valid, asked=asked, place=place)

    def _batch(
        self, steps: Tensor, following: Tensor, *, valid: Tensor, asked: Tensor, place: Tensor | None = None
    ) -> Batch:
        return Batch(
            sets=self.sets,
            skill_sets=self.skill_sets[steps],
            responses=self.responses[steps],
            state=self.state[steps],
            next_skill_sets=self.skill_sets[following],
            next_responses=self.responses[following].float(),
            query=self.query[following],
            asked_again=asked_again(self.state[steps]),
            valid=valid,
            asked=asked,
            mastery_reference=self.mastery_reference[following],
            mastery_after_reference=self.mastery_after_reference[steps],
            theta_reference=self.theta_reference[steps],
            theta_static=self.theta_static[self.students[steps]],
            steps=steps,
            place=place,
        )


def asked_again(state: Tensor) -> Tensor:
    """The evidence that would be read if the skill practised were asked again right away, from that after its
    response: [..., STATE_FEATURES] -> [..., QUERY_FEATURES].
    """
    ones = torch.ones_like(state[..., :1])
    return torch.cat([state[..., :4], ones, torch.zeros_like(ones)], dim=-1)


def batch_rows(
    lengths: NDArray[np.int64], *, batch_tokens: int, generator: np.random.Generator | None = None
) -> Iterator[NDArray[np.int64]]:
    """Rows of each batch: neighbours in length, as many as the token budget holds, in random order with a
    generator.

    A row longer than the budget makes a batch of its own.
    """
    jitter = generator.random(len(lengths)) if generator else np.zeros(len(lengths))
    order = np.lexsort((jitter, lengths))
    cuts = _budget_cuts(lengths[order], batch_tokens)
    batches = list(pairwise(cuts))
    if generator:
        generator.shuffle(batches)
    for first, last in batches:
        yield order[first:last]


def _budget_cuts(sorted_lengths: NDArray[np.int64], batch_tokens: int) -> list[int]:
    cuts = [len(sorted_lengths)]
    while cuts[-1] > 0:  # from the longest down: the longest of a batch is its width
        cuts.append(max(0, cuts[-1] - max(1, batch_tokens // int(sorted_lengths[cuts[-1] - 1]))))
    return cuts[::-1]
