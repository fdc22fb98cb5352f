import math
import time

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ikt_model.comparison.bootstrap import bootstrap_auc, mean_difference, weighted_auc
from ikt_model.comparison.statistics import Paired
from tests.ikt_model.comparison.simulation import brute_force_auc, simulated


def resampled_rows(student: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Every row as often as its student counts."""
    return np.repeat(np.arange(len(student)), counts[student])


class TestWeightedAuc:
    @pytest.mark.parametrize("digits", [12, 1, 0])
    def test_equals_all_pairs_of_the_resampled_rows(self, digits: int) -> None:
        fold = simulated(25, 9, seed=4, digits=digits)
        measure = weighted_auc(fold.student, fold.response, fold.first, n_students=25)
        counts = np.random.default_rng(0).integers(0, 4, (25, 20))
        found = measure(counts.astype(float))
        for resample, value in zip(counts.T, found, strict=True):
            rows = resampled_rows(fold.student, resample)
            assert value == pytest.approx(brute_force_auc(fold.response[rows], fold.first[rows]), abs=1e-12)

    @pytest.mark.parametrize(
        ("score", "expected"),
        [([0, 0, 1, 1], 1.0), ([1, 1, 0, 0], 0.0), ([0, 0, 0, 0], 0.5), ([0, 1, 0, 1], 0.5)],
    )
    def test_extremes_are_exact(self, score: list[float], expected: float) -> None:
        response = np.array([False, False, True, True])
        measure = weighted_auc(np.arange(4), response, np.array(score, float), n_students=4)
        assert measure(np.ones((4, 2))).tolist() == [expected, expected]

    def test_does_not_exist_without_both_answers(self) -> None:
        fold = simulated(2, 3, seed=5)
        measure = weighted_auc(fold.student, fold.student == 0, fold.first, n_students=2)
        assert np.isnan(measure(np.array([[1.0], [0.0]]))).all()
        nobody = np.zeros(0)
        measure = weighted_auc(nobody.astype(int), nobody > 0, nobody, n_students=2)
        assert np.isnan(measure(np.ones((2, 3)))).all()

    def test_a_score_that_is_no_number_leaves_none(self) -> None:
        fold = simulated(4, 5, seed=5)
        score = np.where(np.arange(20) == 7, np.nan, fold.first)
        measure = weighted_auc(fold.student, fold.response, score, n_students=4)
        assert np.isnan(measure(np.ones((4, 2)))).all()

    def test_nothing_is_rounded_in_a_large_fold(self) -> None:
        fold = simulated(3000, 30, seed=15, digits=3)
        measure = weighted_auc(fold.student, fold.response, fold.first, n_students=3000)
        counts = np.random.default_rng(1).integers(0, 4, (3000, 1))
        rows = resampled_rows(fold.student, counts[:, 0])
        expected = roc_auc_score(fold.response[rows], fold.first[rows])
        assert measure(counts.astype(float))[0] == pytest.approx(expected, abs=1e-12)


class TestBootstrap:
    def test_a_seed_names_an_interval(self) -> None:
        fold = simulated(40, 10, seed=6)
        first, again, other = (bootstrap_auc([fold], n_resamples=50, seed=seed) for seed in (1, 1, 2))
        assert first == again
        assert first.low != other.low

    @pytest.mark.parametrize("digits", [12, 0])
    def test_equals_resampling_the_rows_themselves(self, digits: int) -> None:
        fold = simulated(20, 8, seed=7, digits=digits)
        found = bootstrap_auc([fold], n_resamples=200, seed=3)
        rng = np.random.default_rng([3, 0])
        replicates = []
        for _ in range(200):
            chosen = rng.integers(0, 20, 20)
            rows = np.concatenate([np.flatnonzero(fold.student == student) for student in chosen])
            answers = fold.response[rows]
            replicates.append(
                roc_auc_score(answers, fold.second[rows]) - roc_auc_score(answers, fold.first[rows])
            )
        assert [found.low, found.high] == pytest.approx(np.quantile(replicates, [0.025, 0.975]), abs=1e-12)

    def test_folds_are_averaged_and_resampled_apart(self) -> None:
        folds = [simulated(40, 10, seed=seed) for seed in (8, 9)]
        singly = [bootstrap_auc([fold], n_resamples=400) for fold in folds]
        both = bootstrap_auc(folds, n_resamples=400)
        assert both.value == pytest.approx(np.mean([one.value for one in singly]))
        expected = math.hypot(*(one.standard_error for one in singly)) / 2
        assert both.standard_error == pytest.approx(expected, rel=0.15)

    def test_means_are_over_responses_not_students(self) -> None:
        student = np.array([0, 0, 0, 1])
        mean = mean_difference(student, np.array([1.0, 1.0, 1.0, 0.0]))
        assert mean(np.array([[1.0, 0.0], [1.0, 2.0]])).tolist() == [0.75, 0.0]

    def test_other_draws_agree_within_their_own_error(self) -> None:
        fold = simulated(60, 20, seed=16, shared=0.5)
        found = bootstrap_auc([fold], n_resamples=2000)
        rng = np.random.default_rng(99)
        drawn = []
        for _ in range(1000):
            rows = resampled_rows(fold.student, np.bincount(rng.integers(0, 60, 60), minlength=60))
            answers = fold.response[rows]
            drawn.append(roc_auc_score(answers, fold.second[rows]) - roc_auc_score(answers, fold.first[rows]))
        # Of a normal variable, the standard error of its 2.5 % quantile is 2.7 σ/√B, of its σ 0.7 σ/√B.
        tolerance = 4 * 2.7 * found.standard_error * math.sqrt(1 / 1000 + 1 / 2000)
        assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=tolerance)
        assert found.standard_error == pytest.approx(np.std(drawn, ddof=1), rel=4 * 0.7 / math.sqrt(700))

    def test_too_few_students_have_no_interval(self) -> None:
        fold = simulated(2, 1, seed=0)
        alone = Paired(fold.student, np.array([True, False]), fold.first, fold.second)
        found = bootstrap_auc([alone], n_resamples=100)
        assert math.isfinite(found.value)
        assert math.isnan(found.low)
        assert not found.holds_zero

    def test_is_fast_enough_to_be_asked_for(self) -> None:
        fold = simulated(3000, 33, seed=10)
        started = time.perf_counter()
        bootstrap_auc([fold], n_resamples=100)
        assert time.perf_counter() - started < 2.0  # 0.1 s on an idle core; a sort per resample takes 3 s


class TestCoverage:
    """How often an interval of 95 % holds the truth, here 0: both runs are equally good by construction."""

    RUNS = 200

    def covered(self, *, by_student: bool) -> float:
        held = 0
        for seed in range(self.RUNS):
            fold = simulated(40, 40, seed=seed, noise=0.1, shared=1.0)
            if not by_student:
                fold = Paired(np.arange(len(fold.student)), fold.response, fold.first, fold.second)
            held += bootstrap_auc([fold], n_resamples=200, seed=seed).holds_zero
        return held / self.RUNS

    def test_students_resampled_hold_the_truth_as_often_as_promised(self) -> None:
        assert 0.90 <= self.covered(by_student=True) <= 0.99

    def test_responses_resampled_would_not(self) -> None:
        assert self.covered(by_student=False) < 0.85
