"""Which consecutive rows of a student are one step: an item that has several skills."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def step_starts(*, same_attempt: NDArray[np.bool_], skills: NDArray[np.int32]) -> NDArray[np.int64]:
    """First row of each step.

    same_attempt[i] says that row i could continue the step of row i-1: same student, item, time and answer.
    Within such a run a step takes rows as long as their skills differ; a skill that comes again is a new
    attempt at the item (A B A B is two steps {A, B}; A A is two steps).
    """
    starts = ~same_attempt
    starts[:1] = True
    lengths = np.diff(np.append(np.flatnonzero(starts), len(starts)))
    rows = np.flatnonzero(np.repeat(lengths > 1, lengths))  # the rows of runs longer than one, [R]
    if len(rows):
        starts[rows] = _first_attempts(starts[rows], skills[rows])
    return np.flatnonzero(starts)


def _first_attempts(run_starts: NDArray[np.bool_], skills: NDArray[np.int32]) -> NDArray[np.bool_]:
    n_rows = len(skills)
    run = np.cumsum(run_starts)
    order = np.lexsort((skills, run))  # stable: equal skills of a run stay in order
    previous = np.full(n_rows, -1, dtype=np.int64)  # the row before with the same skill in the same run
    again = (run[order][1:] == run[order][:-1]) & (skills[order][1:] == skills[order][:-1])
    previous[order[1:][again]] = order[:-1][again]
    if not again.any():
        return run_starts
    # A step that starts at i ends before the first row j with previous[j] >= i, at the latest with its run.
    first_repeat = np.searchsorted(np.maximum.accumulate(previous), np.arange(n_rows))
    run_ends = np.append(np.flatnonzero(run_starts), n_rows)[run]
    return _follow(run_starts, np.minimum(first_repeat, run_ends))


def _follow(first: NDArray[np.bool_], successor: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Marks all that is reached from `first` by following `successor`, doubling the stride each round."""
    reached = np.append(first, False)
    jump = np.append(successor, len(first))
    while True:
        count = np.count_nonzero(reached)
        reached[jump[np.flatnonzero(reached)]] = True
        reached[-1] = False
        if np.count_nonzero(reached) == count:
            return reached[:-1]
        jump = jump[jump]
