"""Folds by student."""

import numpy as np
import pytest

from ikt_model.data.folds import assign_folds


def test_a_fold_depends_on_the_id_alone() -> None:
    alone = [assign_folds([student])[0] for student in ("ann", "bob", "cy", "dée")]
    assert assign_folds(["dée", "cy", "bob", "ann"]).tolist() == alone[::-1]


def test_folds_are_the_same_on_every_machine() -> None:
    assert assign_folds([f"student-{number}" for number in range(10)]).tolist() == [
        0,
        0,
        1,
        0,
        4,
        2,
        3,
        1,
        1,
        2,
    ]


def test_folds_are_of_about_one_size() -> None:
    counts = np.bincount(assign_folds(map(str, range(10_000))), minlength=5)
    assert counts.min() > 1_850
    assert counts.max() < 2_150


def test_no_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="n_folds"):
        assign_folds(["ann"], n_folds=0)
