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
class SkillEvidence:
    """Evidence on each of K skills after the whole history of each of S students; what is read when every
    skill is asked.
    """

    attempts: NDArray[np.int64]  # [S, K]
    query: Floats  # [S, K, QUERY_FEATURES]


def evidence(sequences: Sequences, *, decay: float = DECAY) -> Evidence:
    """Evidence at every step of every student."""
    steps, skills = expand_steps(sequences.skill_sets, sequences.vocabulary)
    students = sequences.student_of_step()
    position = np.arange(sequences.n_responses) - sequences.offsets[students]
    before = _before(
        runs=students[steps] * sequences.n_skills + skills,
        responses=sequences.responses[steps].astype(np.float64),
        position=position[steps].astype(np.float64),
        decay=decay,
    )
    first = np.searchsorted(steps, np.arange(sequences.n_responses))
    sizes = np.diff(np.append(first, len(steps)))
    on_skill = np.add.reduceat(before, first, axis=0) / sizes[:, None] if len(steps) else before
    right = sequences.responses.astype(np.float64)
    overall = _overall(right, sequences.offsets)
    answered = np.stack([right, 1 - right], axis=1)
    after = np.hstack([on_skill[:, :2] + answered, decay * on_skill[:, 2:4] + answered, overall + answered])
    return Evidence(state=np.log1p(after, dtype=np.float32), query=_query(on_skill))


def evidence_by_skill(sequences: Sequences, *, decay: float = DECAY) -> SkillEvidence:
    """Evidence on every skill after each student's whole history, as `evidence` would give it for one more
    step.
    """
    steps, skills = expand_steps(sequences.skill_sets, sequences.vocabulary)
    students = sequences.student_of_step()
    n_students, n_skills = sequences.n_students, sequences.n_skills
    position = np.arange(sequences.n_responses) - sequences.offsets[students]
    runs = students[steps] * n_skills + skills
    imagined = np.arange(n_students * n_skills)  # one step per student and skill, behind the history
    before = _before(
        runs=np.concatenate([runs, imagined]),
        responses=np.concatenate([sequences.responses[steps], np.zeros(len(imagined))]).astype(np.float64),
        position=np.concatenate([position[steps], np.repeat(sequences.lengths, n_skills)]).astype(np.float64),
        decay=decay,
    )[len(steps) :]
    return SkillEvidence(
        attempts=np.bincount(runs, minlength=len(imagined)).reshape(n_students, n_skills),
        query=_query(before).reshape(n_students, n_skills, QUERY_FEATURES),
    )


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


def _query(before: NDArray[np.float64]) -> Floats:
    untried = (before[:, :2].sum(axis=1, keepdims=True) == 0).astype(np.float64)
    return np.hstack([np.log1p(before[:, :4]), before[:, 4:], untried]).astype(np.float32)
