"""Running evidence of each student, from the past alone: counts of right and wrong, on the skill and in all.

Evidence on a skill set is the mean over its skills. All arrays are made at once by sorting steps into runs
of one student and skill; there is no loop over responses.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.sequences import Sequences
from ikt_model.data.vocabulary import SkillVocabulary

Floats = NDArray[np.float32]

DECAY = 0.8  # weight of an attempt falls by this factor with each later attempt at the same skill
STATE_FEATURES = (
    6  # what the encoder reads at a step: evidence on its skill and in all, the response included
)
QUERY_FEATURES = 6  # what is read of the skill asked next, in the order of QUERY_NAMES
QUERY_NAMES = ("right", "wrong", "recent right", "recent wrong", "recency", "untried")


@dataclass(frozen=True, slots=True)
class Evidence:
    """N steps. `state` and `asked_again` include the step's own response, `query` stops before it."""

    state: Floats  # [N, STATE_FEATURES]
    query: Floats  # [N, QUERY_FEATURES]

    @property
    def asked_again(self) -> Floats:
        """What `query` would be if the step were asked once more right away [N, QUERY_FEATURES]."""
        ones = np.ones((len(self.state), 1), np.float32)
        return np.hstack([self.state[:, :4], ones, np.zeros_like(ones)])


@dataclass(frozen=True, slots=True)
class Entries:
    """One entry per (step, skill), E of them, in the order of the steps."""

    steps: NDArray[np.int64]  # [E]
    skills: NDArray[np.int64]  # [E]
    runs: NDArray[np.int64]  # [E] student · K + skill
    position: NDArray[np.int64]  # [E] of the step in the student's history
    before: NDArray[np.float64]  # [E, 5] right, wrong, the same decayed, recency: from earlier entries

    @classmethod
    def of(cls, sequences: Sequences, *, decay: float) -> "Entries":
        steps, skills = expand_steps(sequences.skill_sets, sequences.vocabulary)
        students = sequences.student_of_step()
        position = (np.arange(sequences.n_responses) - sequences.offsets[students])[steps]
        runs = students[steps] * sequences.n_skills + skills
        before = _before(
            runs=runs,
            responses=sequences.responses[steps].astype(np.float64),
            position=position.astype(np.float64),
            decay=decay,
        )
        return cls(steps, skills, runs, position, before)


def evidence(sequences: Sequences, *, decay: float = DECAY) -> Evidence:
    """Evidence at every step of every student."""
    return evidence_of(Entries.of(sequences, decay=decay), sequences, decay=decay)


def evidence_of(entries: Entries, sequences: Sequences, *, decay: float) -> Evidence:
    """The same from entries that are known already."""
    steps, before = entries.steps, entries.before
    first = np.searchsorted(steps, np.arange(sequences.n_responses))
    sizes = np.diff(np.append(first, len(steps)))
    on_skill = np.add.reduceat(before, first, axis=0) / sizes[:, None] if len(steps) else before
    right = sequences.responses.astype(np.float64)
    overall = _overall(right, sequences.offsets)
    answered = np.stack([right, 1 - right], axis=1)
    after = np.hstack([on_skill[:, :2] + answered, decay * on_skill[:, 2:4] + answered, overall + answered])
    return Evidence(state=np.log1p(after, dtype=np.float32), query=read_query(on_skill))


def expand_steps(
    skill_sets: NDArray[np.int32], vocabulary: SkillVocabulary
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One entry per (step, skill): the step's index and the skill."""
    sizes = np.diff(vocabulary.set_offsets)[skill_sets]
    steps = np.repeat(np.arange(len(skill_sets)), sizes)
    starts = np.cumsum(sizes) - sizes
    members = vocabulary.set_offsets[skill_sets][steps] + np.arange(len(steps)) - starts[steps]
    return steps, vocabulary.set_members[members].astype(np.int64)


def _before(
    *,
    runs: NDArray[np.int64],
    responses: NDArray[np.float64],
    position: NDArray[np.float64],
    decay: float,
) -> NDArray[np.float64]:
    """Per entry, from earlier entries of its run: right, wrong, decayed right, decayed wrong, recency [E,
    5].
    """
    order = np.argsort(runs, kind="stable")
    sorted_runs, right = runs[order], responses[order]
    starts = np.flatnonzero(np.diff(sorted_runs, prepend=-1))
    lengths = np.diff(np.append(starts, len(order)))
    rank = np.arange(len(order)) - np.repeat(starts, lengths)
    columns = np.zeros((len(order), 5))
    for column, values in enumerate((right, 1 - right)):
        total = np.concatenate([[0.0], np.cumsum(values)])[:-1]
        columns[:, column] = total - np.repeat(total[starts], lengths)
        columns[:, 2 + column] = _decayed(values, starts=starts, lengths=lengths, decay=decay)
    gap = np.diff(position[order], prepend=0.0)
    columns[:, 4] = np.where(rank > 0, 1 / np.maximum(gap, 1.0), 0.0)
    unsorted = np.empty_like(columns)
    unsorted[order] = columns
    return unsorted


def _decayed(
    values: NDArray[np.float64], *, starts: NDArray[np.int64], lengths: NDArray[np.int64], decay: float
) -> NDArray[np.float64]:
    """Exponentially decayed sum of the earlier values of a run.

    All runs move on together, one attempt at a time, so no run can touch another, not even by rounding.
    """
    longest_first = np.argsort(-lengths, kind="stable")
    starts = starts[longest_first]
    still_going = np.searchsorted(-lengths[longest_first], -np.arange(lengths.max(initial=0)), side="left")
    sums = np.empty_like(values)
    running = np.zeros(len(starts))
    for attempt, n_runs in enumerate(still_going):
        at = starts[:n_runs] + attempt
        sums[at] = running[:n_runs]
        running[:n_runs] = decay * running[:n_runs] + values[at]
    return sums


def _overall(right: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Right and wrong answers of the student before each step [N, 2]."""
    lengths = np.diff(offsets)
    columns = []
    for values in (right, 1 - right):
        total = np.concatenate([[0.0], np.cumsum(values)])
        columns.append(total[:-1] - np.repeat(total[offsets[:-1]], lengths))
    return np.stack(columns, axis=1)


def read_query(before: NDArray[np.float64]) -> Floats:
    """What is read of a skill, from right, wrong, the same decayed, and recency: [..., 5] -> [...,
    QUERY_FEATURES].
    """
    untried = (before[..., :2].sum(axis=-1, keepdims=True) == 0).astype(np.float64)
    return np.concatenate([np.log1p(before[..., :4]), before[..., 4:], untried], axis=-1).astype(np.float32)
