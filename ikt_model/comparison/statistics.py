"""How far a difference between two runs is more than chance.

N responses that both runs predicted, S students who gave them, m right and n wrong ones.

Two answers, for two questions:

- `bootstrap` resamples students, never single responses: a student's responses hang together, and intervals
  that take them for independent are too short. A resample is a count per student (a multinomial draw of S
  from S), and the AUC under those counts is exact: wrong responses are sorted by score once and for all, each
  right one knows its place among them, so that a resample costs one running sum over the wrong responses and
  one product over the right ones, O(N) without sorting. The interval is the percentile interval.
- `delong` is the usual test of two correlated AUCs (DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44,
  837-845) by the midranks of Sun & Xu (2014, IEEE Signal Processing Letters 21, 1389-1393), O(N log N). It
  takes responses as independent, so its p-value is too small where students differ; it is given because
  reviewers know it.

Runs over several folds count as one: the difference is the mean of the folds' differences, and students are
resampled within their fold.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]
"""A figure of one fold, of how often each of its students counts [S]."""

RESAMPLES = 1000
LEVEL = 0.95
FEWEST_DEFINED = 0.9  # share of the resamples in which a figure must exist for an interval to be told


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


def delong(folds: Sequence[Paired], *, level: float = LEVEL) -> Delong:
    """Whether the second run's AUC differs from the first's; NaN where a fold has one kind of answer only."""
    differences, variances = zip(*(_delong_fold(fold) for fold in folds), strict=True)
    value = float(np.mean(differences))
    error = math.sqrt(sum(variances)) / len(folds)
    reach = float(ndtri((1 + level) / 2)) * error
    return Delong(Interval(value, value - reach, value + reach, error), _p_value(value, error))


def _p_value(value: float, error: float) -> float:
    """Two-sided, of a normal variable with this standard error being 0 on average."""
    if error == 0.0:
        return 1.0 if value == 0.0 else 0.0
    return 2 * float(ndtr(-abs(value) / error))


def _delong_fold(fold: Paired) -> tuple[float, float]:
    right_1, wrong_1 = _placements(fold.response, fold.first)
    right_2, wrong_2 = _placements(fold.response, fold.second)
    right, wrong = right_2 - right_1, wrong_2 - wrong_1
    if len(right) < 2 or len(wrong) < 2:
        return math.nan, math.nan
    variance = right.var(ddof=1) / len(right) + wrong.var(ddof=1) / len(wrong)
    return float(right.mean()), float(variance)


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


def bootstrap(
    folds: Sequence[tuple[int, Sequence[Statistic]]],
    *,
    n_resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Interval]:
    """Student-level percentile intervals of some figures, each the mean over folds.

    A fold is its number of students and one statistic per figure, the same figures in every fold. All figures
    see the same resamples. The value is that of the students as they are. An interval is NaN where the figure
    does not exist in a tenth of the resamples (too few students).
    """
    values = np.mean([[of(np.ones(n)) for of in figures] for n, figures in folds], axis=0)
    replicates = np.zeros((n_resamples, len(values)))
    for place, (n_students, figures) in enumerate(folds):
        generator = np.random.default_rng([seed, place])
        for row in replicates:
            drawn = generator.integers(0, n_students, n_students)
            counts = np.bincount(drawn, minlength=n_students).astype(np.float64)
            row += [of(counts) for of in figures]
    return [
        _percentiles(float(value), column / len(folds), level)
        for value, column in zip(values, replicates.T, strict=True)
    ]


def bootstrap_auc(
    folds: Sequence[Paired], *, n_resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> Interval:
    """Student-level interval of the AUC difference, second run less first."""
    parts = [(fold.n_students, [auc_difference(fold)]) for fold in folds]
    return bootstrap(parts, n_resamples=n_resamples, seed=seed, level=level)[0]


def _percentiles(value: float, replicates: Floats, level: float) -> Interval:
    defined = replicates[np.isfinite(replicates)]
    if not math.isfinite(value) or len(defined) < max(2, FEWEST_DEFINED * len(replicates)):
        return Interval(value, math.nan, math.nan, math.nan)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), float(defined.std(ddof=1)))


def auc_difference(fold: Paired) -> Statistic:
    """Second run's AUC less the first's."""
    first, second = (weighted_auc(fold.student, fold.response, score) for score in (fold.first, fold.second))
    return lambda counts: second(counts) - first(counts)


def weighted_auc(student: NDArray[np.int64], response: NDArray[np.bool_], score: NDArray[Any]) -> Statistic:
    """AUC when students count as often as they are said to; scores are sorted here, once."""
    right, wrong = np.flatnonzero(response), np.flatnonzero(~response)
    right, wrong = right[np.argsort(score[right])], wrong[np.argsort(score[wrong])]
    below = np.searchsorted(score[wrong], score[right], side="left")
    not_above = np.searchsorted(score[wrong], score[right], side="right")
    tied = np.flatnonzero(not_above > below)
    tied_below, tied_above = below[tied], not_above[tied]
    of_right, of_wrong = student[right], student[wrong]
    running = np.zeros(len(wrong) + 1)

    def measure(counts: Floats) -> float:
        weight = counts.take(of_right)
        np.cumsum(counts.take(of_wrong), out=running[1:])
        pairs = weight.sum() * running[-1]
        if pairs == 0.0:
            return math.nan
        # Sums of products rather than `@`: the threads of BLAS cost more here than they save.
        won = (weight * running.take(below)).sum()
        if len(tied):
            level = running.take(tied_above) - running.take(tied_below)
            won += (weight.take(tied) * level).sum() / 2
        return float(won / pairs)

    return measure


def mean_difference(student: NDArray[np.int64], difference: Floats) -> Statistic:
    """Mean over responses of a difference between two runs [N]."""
    n_students = int(student.max(initial=-1)) + 1
    sums = np.bincount(student, weights=difference, minlength=n_students)
    sizes = np.bincount(student, minlength=n_students).astype(np.float64)
    return lambda counts: float((counts * sums).sum() / (counts * sizes).sum())
