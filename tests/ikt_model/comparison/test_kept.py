from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ikt_model.comparison.kept import KeptBroken, read_kept, write_kept
from ikt_model.comparison.paired import FoldDifferences, compare_fold, pool_folds
from tests.ikt_model.comparison.test_paired import table


@pytest.fixture(scope="module")
def found() -> FoldDifferences:
    return compare_fold(table(quality=0.5), table(), n_resamples=40)


def test_what_was_kept_says_the_same(found: FoldDifferences, tmp_path: Path) -> None:
    write_kept(found, tmp_path / "pair.parquet")
    assert pool_folds([read_kept(tmp_path / "pair.parquet")]) == pool_folds([found])


def test_few_students_stay_few(tmp_path: Path) -> None:
    few = [table(n_students=19, quality=quality) for quality in (0.5, 1.0)]
    write_kept(compare_fold(*few, n_resamples=40), tmp_path / "pair.parquet")
    assert np.isnan(pool_folds([read_kept(tmp_path / "pair.parquet")])["brier"].interval.low)


def test_figures_that_do_not_exist_are_kept_as_such(tmp_path: Path) -> None:
    late = [run.set_column(1, "position", pa.array([9] * len(run), pa.int32())) for run in (table(), table())]
    write_kept(compare_fold(*late, n_resamples=10), tmp_path / "pair.parquet")
    kept = read_kept(tmp_path / "pair.parquet")
    assert np.isnan(kept.resampled.replicates[:, 2]).all()
    assert np.isnan(kept.delong["auc_first_5"].difference)
    assert np.isfinite(kept.delong["auc"].difference)


@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing", b"x" * 400])
def test_a_broken_file_is_told_apart(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "pair.parquet").write_bytes(content)
    with pytest.raises(KeptBroken):
        read_kept(tmp_path / "pair.parquet")


def test_half_a_file_is_told_apart(found: FoldDifferences, tmp_path: Path) -> None:
    path = tmp_path / "pair.parquet"
    write_kept(replace(found), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(KeptBroken):
        read_kept(path)


def test_folds_that_were_kept_are_pooled_like_fresh_ones(tmp_path: Path) -> None:
    folds = [
        compare_fold(table(seed=seed, quality=0.5), table(seed=seed), n_resamples=50, seed=(0, seed))
        for seed in (1, 2)
    ]
    for place, fold in enumerate(folds):
        write_kept(fold, tmp_path / f"{place}.parquet")
    kept = [read_kept(tmp_path / f"{place}.parquet") for place in range(2)]
    assert pool_folds(kept) == pool_folds(folds)
