"""What is kept of a history to know the evidence on every skill, and to go on counting when a response comes.

S students, K skills.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.features import DECAY, Entries, read_query
from ikt_model.data.sequences import Sequences

Floats = NDArray[np.float64]

NEVER = -1


@dataclass(frozen=True, slots=True)
class Tally:
    """Evidence on each skill after the whole history of each student."""

    counts: Floats  # [S, K, 4] right, wrong, the same decayed
    last: NDArray[np.int64]  # [S, K] position of the last step on the skill; NEVER
    overall: Floats  # [S, 2] right, wrong
    lengths: NDArray[np.int64]  # [S] steps
    decay: float

    @classmethod
    def of(cls, sequences: Sequences, *, decay: float = DECAY) -> "Tally":
        return cls.of_entries(Entries.of(sequences, decay=decay), sequences, decay=decay)

    @classmethod
    def of_entries(cls, entries: Entries, sequences: Sequences, *, decay: float) -> "Tally":
        """The same from entries that are known already."""
        n_students, n_skills = sequences.n_students, sequences.n_skills
        counts = np.zeros((n_students * n_skills, 4))
        last = np.full(n_students * n_skills, NEVER)
        # Entries stand in the order of their steps, and of several written to one place the last one stays.
        counts[entries.runs] = after(entries.before, sequences.responses[entries.steps], decay=decay)
        last[entries.runs] = entries.position
        right = np.bincount(
            sequences.student_of_step(), weights=sequences.responses, minlength=n_students
        ).astype(np.float64)
        return cls(
            counts=counts.reshape(n_students, n_skills, 4),
            last=last.reshape(n_students, n_skills),
            overall=np.stack([right, sequences.lengths - right], axis=1),
            lengths=sequences.lengths.astype(np.int64),
            decay=decay,
        )

    @property
    def attempts(self) -> NDArray[np.int64]:
        """Steps on each skill [S, K]."""
        return np.asarray(self.counts[:, :, :2].sum(axis=2), np.int64)

    @property
    def query(self) -> NDArray[np.float32]:
        """What is read of every skill when it is asked next [S, K, QUERY_FEATURES]."""
        gap = np.maximum(self.lengths[:, None] - self.last, 1)
        recency = np.where(self.last == NEVER, 0.0, 1 / gap)
        return read_query(np.concatenate([self.counts, recency[:, :, None]], axis=2))

    def add(self, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> "Tally":
        """One more step of each student: which skills it practises [S, K], and the response [S]."""
        added = after(self.counts, responses[:, None], decay=self.decay)
        return replace(
            self,
            counts=np.where(practised[:, :, None], added, self.counts),
            last=np.where(practised, self.lengths[:, None], self.last),
            overall=self.overall + answered(responses),
            lengths=self.lengths + 1,
        )

    def state_after(self, practised: NDArray[np.bool_], responses: NDArray[np.int8]) -> NDArray[np.float32]:
        """What the encoder reads at such a step [S, STATE_FEATURES], asked before `add`."""
        share = practised / practised.sum(axis=1, keepdims=True)
        before = np.einsum("sk,skc->sc", share, self.counts)
        on_skill = after(before, responses, decay=self.decay)
        return np.log1p(np.hstack([on_skill, self.overall + answered(responses)])).astype(np.float32)

    def select(self, students: slice) -> "Tally":
        """Some of them; copied, for a view would keep all the others in memory."""
        return replace(
            self,
            counts=self.counts[students].copy(),
            last=self.last[students].copy(),
            overall=self.overall[students].copy(),
            lengths=self.lengths[students].copy(),
        )

    @staticmethod
    def together(tallies: "list[Tally]") -> "Tally":
        """Several students' as one."""
        return Tally(
            counts=np.concatenate([tally.counts for tally in tallies]),
            last=np.concatenate([tally.last for tally in tallies]),
            overall=np.concatenate([tally.overall for tally in tallies]),
            lengths=np.concatenate([tally.lengths for tally in tallies]),
            decay=tallies[0].decay,
        )


def answered(responses: NDArray[np.int8]) -> Floats:
    """One right or one wrong answer [..., 2]."""
    right = responses.astype(np.float64)
    return np.stack([right, 1 - right], axis=-1)


def after(before: Floats, responses: NDArray[np.int8], *, decay: float) -> Floats:
    """Right, wrong and the same decayed, once a response is counted [..., 4]; what else stands in `before` is
    left out.
    """
    count = answered(responses)
    return np.concatenate([before[..., :2] + count, decay * before[..., 2:4] + count], axis=-1)
