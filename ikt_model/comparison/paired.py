"""Two runs' predictions of the same held-out responses, and how surely their figures differ.

Tables are those of `evaluation.predictions_table`: one row per predicted response, named by student and
position.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ikt_model.comparison.bootstrap import (
    Resampled,
    Statistic,
    auc_difference,
    mean_difference,
    pool,
    resample,
)
from ikt_model.comparison.calibration import CLIP
from ikt_model.comparison.statistics import (
    RESAMPLES,
    AucGap,
    Delong,
    Floats,
    Interval,
    Paired,
    delong_of_fold,
    pool_delong,
)

COLUMNS = ("student_id", "position", "response", "probability", "mastery")
"""What a comparison reads of a table."""

AUCS = {
    "auc": ("probability", None),
    "mastery_auc": ("mastery", None),
    "auc_first_5": ("probability", 5),
}
"""The column that an AUC is of, and the last position that counts."""

MEANS = ("accuracy", "l_bce", "brier")
FIGURES = (*AUCS, *MEANS)
"""What has an interval."""


class RowsDiffer(ValueError):
    """Two runs did not predict the same responses, so nothing can be paired."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the candidate less the baseline's."""

    interval: Interval  # student-level bootstrap
    delong: Delong | None = None  # of AUCs only

    @property
    def p_value(self) -> float | None:
        """DeLong's, of no difference."""
        return None if self.delong is None else self.delong.p_value


@dataclass(frozen=True, slots=True, eq=False)
class FoldDifferences:
    """How two runs differ over one fold; `pool` of several folds is cheap."""

    resampled: Resampled  # F figures in the order of FIGURES
    delong: Mapping[str, AucGap]  # of AUCS


def align(baseline: pa.Table, candidate: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The same responses in the same order in both tables. Raises RowsDiffer."""
    if not _same(baseline, candidate, "student_id", "position"):
        baseline, candidate = _sort(baseline), _sort(candidate)
        if not _same(baseline, candidate, "student_id", "position"):
            raise RowsDiffer(_describe(baseline, candidate))
    if not _same(baseline, candidate, "response"):
        right = np.flatnonzero(_column(baseline, "response") != _column(candidate, "response"))
        row = baseline.slice(int(right[0]), 1).to_pylist()[0]
        raise RowsDiffer(
            f"the runs saw {len(right):,} different answers to the same questions, the first of them at "
            f"position {row['position']} of a history; compare runs over one dataset"
        )
    return baseline, candidate


def pair(baseline: pa.Table, candidate: pa.Table, *, column: str = "probability") -> Paired:
    """One column of both runs, row by row. Raises RowsDiffer."""
    baseline, candidate = align(baseline, candidate)
    return Paired(
        student=_students(baseline),
        response=_column(baseline, "response") > 0,
        first=_column(baseline, column),
        second=_column(candidate, column),
    )


def differences(
    folds: Sequence[tuple[pa.Table, pa.Table]], *, n_resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Difference]:
    """FIGURES, candidate less baseline.

    A fold is the baseline's table and the candidate's; figures are means over folds. Raises RowsDiffer.
    """
    return pool_folds(
        [compare_fold(*fold, n_resamples=n_resamples, seed=(seed, place)) for place, fold in enumerate(folds)]
    )


def compare_fold(
    baseline: pa.Table, candidate: pa.Table, *, n_resamples: int = RESAMPLES, seed: Sequence[int] = (0, 0)
) -> FoldDifferences:
    """FIGURES of one fold, candidate less baseline; folds need seeds of their own. Raises RowsDiffer."""
    fold = align(baseline, candidate)
    aucs = {name: _paired(fold, *part) for name, part in AUCS.items()}
    whole = aucs["auc"]
    n_students = whole.n_students  # of a student's first few responses alone there may be none
    figures = [auc_difference(pair, n_students=n_students) for pair in aucs.values()] + _means(whole)
    return FoldDifferences(
        resample(n_students, figures, n_resamples=n_resamples, seed=seed),
        {name: delong_of_fold(pair) for name, pair in aucs.items()},
    )


def pool_folds(folds: Sequence[FoldDifferences]) -> dict[str, Difference]:
    """FIGURES as means over folds."""
    intervals = pool([fold.resampled for fold in folds])
    tests = {name: pool_delong([fold.delong[name] for fold in folds]) for name in AUCS}
    return {
        name: Difference(interval, tests.get(name)) for name, interval in zip(FIGURES, intervals, strict=True)
    }


def _means(fold: Paired) -> list[Statistic]:
    right = fold.response.astype(np.float64)
    rows = [
        ((fold.second > 0.5) == fold.response).astype(np.float64) - ((fold.first > 0.5) == fold.response),
        _cross_entropy(fold.second, right) - _cross_entropy(fold.first, right),
        (fold.second - right) ** 2 - (fold.first - right) ** 2,
    ]
    return [mean_difference(fold.student, difference) for difference in rows]


def _cross_entropy(probability: Floats, right: Floats) -> Floats:
    said = np.clip(probability, CLIP, 1 - CLIP)
    return np.asarray(-(right * np.log(said) + (1 - right) * np.log1p(-said)))


def _paired(fold: tuple[pa.Table, pa.Table], column: str, last: int | None) -> Paired:
    """A column of both runs; students keep their number in the whole fold."""
    first, second = fold
    rows = slice(None) if last is None else np.flatnonzero(_column(first, "position") <= last)
    return Paired(
        _students(first)[rows],
        _column(first, "response")[rows] > 0,
        _column(first, column)[rows],
        _column(second, column)[rows],
    )


def _students(table: pa.Table) -> NDArray[np.int64]:
    encoded = table["student_id"].combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)


def _column(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(), np.float64)


def _same(first: pa.Table, second: pa.Table, *columns: str) -> bool:
    return first.num_rows == second.num_rows and all(first[name].equals(second[name]) for name in columns)


def _sort(table: pa.Table) -> pa.Table:
    order = pc.sort_indices(table, sort_keys=[("student_id", "ascending"), ("position", "ascending")])
    return table.take(order)


def _describe(baseline: pa.Table, candidate: pa.Table) -> str:
    first, second = (
        set(zip(table["student_id"].to_pylist(), table["position"].to_pylist(), strict=True))
        for table in (baseline, candidate)
    )
    # Kept with the comparison: a student who is named here could not be erased.
    _, position = min(first ^ second, default=("", 0))
    return (
        f"the runs did not predict the same responses: {len(first - second):,} of {len(first):,} only the "
        f"baseline, {len(second - first):,} of {len(second):,} only the candidate, among them one at "
        f"position {position} of a history; compare runs over one dataset, fold and model.window"
    )
