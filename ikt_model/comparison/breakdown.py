"""AUC of parts of the held-out responses: by how much is known of the student, and by skill.

N predicted responses. Errors are between students (see `statistics.auc_of_students`).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ikt_model.comparison.statistics import auc_of_students

HISTORY_STARTS = (1, 6, 11, 21, 51, 101, 201)
"""Responses that came before, where each part begins; the first part is the cold start."""


@dataclass(frozen=True, slots=True)
class Part:
    """AUC of some of the responses; not-a-number where they are all right or all wrong."""

    auc: float
    standard_error: float
    low: float  # of the 95 % interval
    high: float
    n: int
    n_students: int
    share_right: float


@dataclass(frozen=True, slots=True)
class HistoryPart:
    """Responses whose student had answered `first` to `last` times before (`last` None: or more often)."""

    first: int
    last: int | None
    part: Part


@dataclass(frozen=True, slots=True)
class SkillPart:
    """Responses on one skill; a response on several skills counts for each of them."""

    skill: str
    part: Part


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One column of predictions as arrays."""

    student: NDArray[np.int64]  # [N] 0..S-1
    position: NDArray[np.int64]  # [N] in the student's history, from 0
    response: NDArray[np.bool_]  # [N]
    score: NDArray[np.float64]  # [N]

    def part(self, rows: NDArray[np.intp] | slice = slice(None)) -> Part:
        """AUC of these rows."""
        response = self.response[rows]
        found = auc_of_students(self.student[rows], response, self.score[rows])
        low, high = found.interval
        share = float(response.mean()) if len(response) else float("nan")
        return Part(
            auc=found.value,
            standard_error=found.standard_error,
            low=low,
            high=high,
            n=found.n,
            n_students=found.n_students,
            share_right=share,
        )


def by_history(scores: Scores) -> list[HistoryPart]:
    """One part per stretch of history that somebody has reached."""
    place = np.searchsorted(HISTORY_STARTS, scores.position, side="right") - 1
    ends = [*(start - 1 for start in HISTORY_STARTS[1:]), None]
    return [
        HistoryPart(first, last, scores.part(rows))
        for part, (first, last) in enumerate(zip(HISTORY_STARTS, ends, strict=True))
        if len(rows := np.flatnonzero(place == part))
    ]


def by_skill(scores: Scores, skills: pa.ListArray) -> list[SkillPart]:
    """One part per skill, the most practised first; `skills` names those of each response."""
    names = skills.flatten().dictionary_encode()
    codes = names.indices.to_numpy(zero_copy_only=False)
    owners = skills.value_parent_indices().to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes, minlength=len(names.dictionary))
    stops = np.cumsum(counts)
    words = names.dictionary.to_pylist()
    return [
        SkillPart(words[code], scores.part(owners[order[stops[code] - counts[code] : stops[code]]]))
        for code in np.argsort(-counts, kind="stable").tolist()
        if counts[code]
    ]
