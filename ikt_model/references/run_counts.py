"""Sufficient statistics of Bayesian knowledge tracing: which runs of answers occurred, and how often.

A run is what one student did on one skill. Its likelihood depends on nothing but the answers in their order,
and practice ends with success, so short runs repeat by the thousand. U distinct runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ikt_model.data.features import expand_steps
from ikt_model.data.sequences import Sequences, offsets_of
from ikt_model.references.knowledge import Runs

Ints = NDArray[np.int64]

LONGEST_CODE = 62  # attempts whose answers fit into one integer
BLOCK_ATTEMPTS = 2**21  # bounds what is computed at a time


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Runs of at most LONGEST_CODE attempts, each distinct one once; longer ones as they are."""

    skills: Ints  # [U]
    lengths: Ints  # [U]
    codes: Ints  # [U] bit t is the answer of attempt t
    counts: Ints  # [U] how many equal runs there were
    long_skills: Ints
    long_lengths: Ints
    long_right: NDArray[np.bool_]  # answers, run after run

    @classmethod
    def of(cls, sequences: Sequences) -> "RunCounts":
        """A step with several skills is an attempt at each of them."""
        steps, skills = expand_steps(sequences.skill_sets, sequences.vocabulary)
        ids = sequences.student_of_step()[steps] * sequences.n_skills + skills
        order = np.argsort(ids, kind="stable")
        starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
        lengths = np.diff(np.append(starts, len(order)))
        right = sequences.responses[steps][order] == 1
        of_run, is_long = skills[order][starts], lengths > LONGEST_CODE
        attempt = np.arange(len(order)) - np.repeat(starts, lengths)
        bits = right.astype(np.int64) << np.minimum(attempt, LONGEST_CODE)
        codes = np.add.reduceat(bits, starts) if len(starts) else starts
        return cls(
            *_distinct(of_run[~is_long], lengths[~is_long], codes[~is_long], np.ones_like(codes[~is_long])),
            long_skills=of_run[is_long],
            long_lengths=lengths[is_long],
            long_right=right[np.repeat(is_long, lengths)],
        )

    @classmethod
    def merged(cls, parts: "Iterable[RunCounts]") -> "RunCounts":
        """Runs of different students, as if they had been counted together.

        Two by two, like the digits of a binary number that is counted up: few parts wait at a time, and each
        is sorted a logarithmic number of times.
        """
        waiting: list[tuple[int, RunCounts]] = []  # by how many parts each holds, the largest first
        for part in parts:
            n_parts = 1
            while waiting and waiting[-1][0] == n_parts:
                part = waiting.pop()[1]._with(part)
                n_parts *= 2
            waiting.append((n_parts, part))
        return reduce(RunCounts._with, (part for _, part in reversed(waiting)))

    def _with(self, other: "RunCounts") -> "RunCounts":
        names = ("skills", "lengths", "codes", "counts", "long_skills", "long_lengths", "long_right")
        both = [np.concatenate([getattr(self, name), getattr(other, name)]) for name in names]
        return RunCounts(*_distinct(*both[:4]), *both[4:])

    def blocks(self, *, by_skill: bool) -> list[Runs]:
        """All distinct runs, weighted, about BLOCK_ATTEMPTS at a time; without `by_skill` all skills are as
        one.
        """
        short = (self.skills, self.lengths, self.codes, self.counts)
        if not by_skill:
            short = _distinct(np.zeros_like(self.skills), *short[1:])
        skills = np.concatenate([short[0], self.long_skills * by_skill])
        lengths = np.concatenate([short[1], self.long_lengths])
        weights = np.concatenate([short[3], np.ones_like(self.long_lengths)]).astype(np.float64)
        right = np.concatenate([_answers(short[1], short[2]), self.long_right])
        offsets = offsets_of(lengths)
        marks = np.arange(BLOCK_ATTEMPTS, offsets[-1], BLOCK_ATTEMPTS)
        cuts = np.unique([0, *np.searchsorted(offsets, marks).tolist(), len(lengths)]).tolist()
        return [
            Runs.lay_out(
                run_ids=np.arange(first, last),
                skills=skills[first:last],
                lengths=lengths[first:last],
                right=right[offsets[first] : offsets[last]],
                entries=np.arange(offsets[first], offsets[last]),
                weights=weights[first:last],
            )
            for first, last in pairwise(cuts)
        ]


def _distinct(skills: Ints, lengths: Ints, codes: Ints, counts: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Equal runs once, in order of skill, length and answers."""
    kinds = skills * (LONGEST_CODE + 1) + lengths
    order = np.lexsort((codes, kinds))
    kinds, codes = kinds[order], codes[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (kinds[1:] != kinds[:-1]) | (codes[1:] != codes[:-1])
    first = np.flatnonzero(is_first)
    summed = np.add.reduceat(counts[order], first) if len(first) else counts
    return (*np.divmod(kinds[first], LONGEST_CODE + 1), codes[first], summed)


def _answers(lengths: Ints, codes: Ints) -> NDArray[np.bool_]:
    """Answers of short runs, run after run."""
    attempt = np.arange(lengths.sum()) - np.repeat(offsets_of(lengths)[:-1], lengths)
    return np.asarray((np.repeat(codes, lengths) >> attempt) & 1, bool)
