"""How surely an AUC is known, and how far two of them differ by more than chance.

N responses that both runs predicted, S students who gave them, m right and n wrong ones.

- `auc_of_students` and `auc_gap_of_students` take students as clusters: a student's responses hang together,
  and errors that take them for independent are too small.
- `delong` is the usual test of two correlated AUCs (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44,
  837-845) by the midranks of Sun & Xu (2014, IEEE Signal Processing Letters 21, 1389-1393), O(N log N). It
  takes responses as independent, so its p-value is too small where students differ; it is given because
  reviewers know it.

What resamples students stands in `bootstrap.py`. Runs over several folds count as one: the difference is the
mean of the folds' differences.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Paired:
    """What two runs said of the same responses of one fold's held-out students."""

    student: NDArray[np.int64]  # [N] 0..S-1
    response: NDArray[np.bool_]  # [N]
    first: Floats  # [N] score of the baseline
    second: Floats  # [N] score of the candidate

    @property
    def n_students(self) -> int:
        return int(self.student.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its interval."""

    value: float
    low: float
    high: float
    standard_error: float

    @property
    def holds_zero(self) -> bool:
        """Whether the figure may as well be 0."""
        return self.low <= 0.0 <= self.high


@dataclass(frozen=True, slots=True)
class Delong:
    """A difference of two AUCs by DeLong: second less first, as if responses were independent."""

    interval: Interval
    p_value: float  # two-sided, of no difference


@dataclass(frozen=True, slots=True)
class Auc:
    """An AUC with the error that comes from having seen these students and no others."""

    value: float
    standard_error: float  # between students; NaN with fewer than two
    n: int
    n_students: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % normal interval, within [0, 1]."""
        reach = float(ndtri((1 + LEVEL) / 2)) * self.standard_error
        low, high = self.value - reach, self.value + reach
        return (max(low, 0.0), min(high, 1.0)) if math.isfinite(reach) else (math.nan, math.nan)


def auc_of_students(student: NDArray[np.int64], response: NDArray[np.bool_], score: NDArray[Any]) -> Auc:
    """AUC and its standard error with students as clusters (Obuchowski 1997, Biometrics 53, 567-578): the
    placement values of a student's responses are summed before they are squared.
    """
    value, influence = _influence(response, score)
    return Auc(value, _error_between(student, influence), len(score), len(np.unique(student)))


def auc_gap_of_students(fold: Paired, *, level: float = LEVEL) -> Interval:
    """Second run's AUC less the first's with students as clusters: what `bootstrap_auc` finds, in one pass
    and with a normal interval.
    """
    (first, of_first), (second, of_second) = (
        _influence(fold.response, score) for score in (fold.first, fold.second)
    )
    error = _error_between(fold.student, of_second - of_first)
    reach = float(ndtri((1 + level) / 2)) * error
    value = second - first
    return Interval(value, value - reach, value + reach, error)


def _influence(response: NDArray[np.bool_], score: NDArray[Any]) -> tuple[float, Floats]:
    """AUC, and how much each response moves it [N]; NaN with one kind of answer only."""
    right, wrong = _placements(response, score)
    if not len(right) or not len(wrong):
        return math.nan, np.full(len(score), math.nan)
    value = float(right.mean())
    influence = np.empty(len(score))
    influence[response] = (right - value) / len(right)
    influence[~response] = (wrong - value) / len(wrong)
    return value, influence


def _error_between(student: NDArray[np.int64], influence: Floats) -> float:
    """Standard error of the sum of influences when students are drawn, not responses."""
    n_students = len(np.unique(student))
    if n_students < 2:
        return math.nan
    per_student = np.bincount(student, weights=influence)
    return math.sqrt(float((per_student**2).sum()) * n_students / (n_students - 1))


@dataclass(frozen=True, slots=True)
class AucGap:
    """A difference of two AUCs over one fold, and its variance by DeLong; NaN with one kind of answer."""

    difference: float
    variance: float


def delong(folds: Sequence[Paired], *, level: float = LEVEL) -> Delong:
    """Whether the second run's AUC differs from the first's; NaN where a fold has one kind of answer only."""
    return pool_delong([delong_of_fold(fold) for fold in folds], level=level)


def pool_delong(folds: Sequence[AucGap], *, level: float = LEVEL) -> Delong:
    """The same, of folds that were looked at one by one."""
    value = float(np.mean([fold.difference for fold in folds]))
    error = math.sqrt(sum(fold.variance for fold in folds)) / len(folds)
    reach = float(ndtri((1 + level) / 2)) * error
    return Delong(Interval(value, value - reach, value + reach, error), _p_value(value, error))


def _p_value(value: float, error: float) -> float:
    """Two-sided, of a normal variable with this standard error being 0 on average."""
    if error == 0.0:
        return 1.0 if value == 0.0 else 0.0
    return 2 * float(ndtr(-abs(value) / error))


def delong_of_fold(fold: Paired) -> AucGap:
    """What one fold says; NaN where a score is no number."""
    if not (np.isfinite(fold.first).all() and np.isfinite(fold.second).all()):
        return AucGap(math.nan, math.nan)
    right_1, wrong_1 = _placements(fold.response, fold.first)
    right_2, wrong_2 = _placements(fold.response, fold.second)
    right, wrong = right_2 - right_1, wrong_2 - wrong_1
    if len(right) < 2 or len(wrong) < 2:
        return AucGap(math.nan, math.nan)
    variance = right.var(ddof=1) / len(right) + wrong.var(ddof=1) / len(wrong)
    return AucGap(float(right.mean()), float(variance))


def _placements(response: NDArray[np.bool_], score: NDArray[Any]) -> tuple[Floats, Floats]:
    """Of each right response the share of wrong ones below it [m], of each wrong one the share of right ones
    above it [n]; an equal score counts half.
    """
    m, n = int(response.sum()), int((~response).sum())
    if m == 0 or n == 0:
        return np.empty(0), np.empty(0)
    overall = _midranks(score)
    right = (overall[response] - _midranks(score[response])) / n
    wrong = 1.0 - (overall[~response] - _midranks(score[~response])) / m
    return right, wrong


def _midranks(score: NDArray[Any]) -> Floats:
    """Ranks from 1 on, equal scores sharing the middle of theirs."""
    order = np.argsort(score, kind="stable")
    in_order = score[order]
    starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
    ends = np.append(starts[1:], len(score))
    ranks = np.empty(len(score))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks
