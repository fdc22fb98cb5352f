import math
import time

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ikt_model.comparison.statistics import (
    Interval,
    Paired,
    auc_gap_of_students,
    auc_of_students,
    bootstrap,
    bootstrap_auc,
    delong,
    mean_difference,
    weighted_auc,
)


def simulated(
    n_students: int, n_responses: int, *, seed: int, noise: float = 0.6, shared: float = 0.0, digits: int = 12
) -> Paired:
    """Two noisy views of one truth; `shared` is noise that all responses of a student have in common."""
    rng = np.random.default_rng(seed)
    student = np.repeat(np.arange(n_students), n_responses)
    truth = rng.normal(0.8, 0.8, n_students)[student] + rng.normal(0, 0.7, len(student))
    response = rng.random(len(student)) < 1 / (1 + np.exp(-truth))
    first, second = (
        np.round(
            truth + rng.normal(0, noise, len(student)) + shared * rng.normal(0, 1, n_students)[student],
            digits,
        )
        for _ in range(2)
    )
    return Paired(student, response, first, second)


def brute_force_auc(response: np.ndarray, score: np.ndarray) -> float:
    right, wrong = score[response][:, None], score[~response][None, :]
    return float(((right > wrong) + 0.5 * (right == wrong)).mean())


def brute_force_delong(fold: Paired) -> tuple[float, float]:
    """Difference and its variance from the definition, over all pairs (DeLong et al. 1988, eq. 4-6)."""
    kernels = []
    for score in (fold.first, fold.second):
        right, wrong = score[fold.response][:, None], score[~fold.response][None, :]
        kernels.append((right > wrong) + 0.5 * (right == wrong))
    difference = kernels[1] - kernels[0]
    m, n = difference.shape
    variance = np.var(difference.mean(axis=1), ddof=1) / m + np.var(difference.mean(axis=0), ddof=1) / n
    return float(difference.mean()), float(variance)


@pytest.mark.parametrize("digits", [12, 0])
class TestDelong:
    def test_equals_the_definition_over_all_pairs(self, digits: int) -> None:
        fold = simulated(30, 12, seed=1, digits=digits)
        difference, variance = brute_force_delong(fold)
        found = delong([fold])
        assert found.interval.value == pytest.approx(difference, abs=1e-12)
        assert found.interval.standard_error == pytest.approx(math.sqrt(variance), rel=1e-9)
        assert found.interval.low == pytest.approx(difference - 1.959964 * math.sqrt(variance), rel=1e-6)

    def test_folds_count_alike(self, digits: int) -> None:
        folds = [simulated(20 + 10 * seed, 8, seed=seed, digits=digits) for seed in range(3)]
        parts = [brute_force_delong(fold) for fold in folds]
        found = delong(folds)
        assert found.interval.value == pytest.approx(np.mean([difference for difference, _ in parts]))
        assert found.interval.standard_error == pytest.approx(math.sqrt(sum(v for _, v in parts)) / 3)


class TestDelongPValue:
    def test_equal_runs_do_not_differ(self) -> None:
        fold = simulated(20, 10, seed=2)
        same = Paired(fold.student, fold.response, fold.first, fold.first)
        found = delong([same])
        assert found.p_value == 1.0
        assert found.interval == Interval(0.0, 0.0, 0.0, 0.0)

    def test_is_uniform_when_responses_are_independent_and_runs_equally_good(self) -> None:
        values = [delong([simulated(300, 1, seed=seed)]).p_value for seed in range(300)]
        assert 0.02 <= np.mean(np.array(values) < 0.05) <= 0.09
        assert 0.43 <= np.mean(values) <= 0.57

    def test_one_kind_of_answer_gives_no_number(self) -> None:
        fold = simulated(5, 4, seed=3)
        assert math.isnan(
            delong([Paired(fold.student, fold.response | True, fold.first, fold.second)]).p_value
        )


class TestWeightedAuc:
    @pytest.mark.parametrize("digits", [12, 0])
    def test_equals_scikit_learn_on_the_resampled_rows(self, digits: int) -> None:
        fold = simulated(25, 9, seed=4, digits=digits)
        measure = weighted_auc(fold.student, fold.response, fold.first)
        rng = np.random.default_rng(0)
        for _ in range(20):
            counts = rng.integers(0, 4, 25)
            rows = np.repeat(np.arange(len(fold.student)), counts[fold.student])
            expected = roc_auc_score(fold.response[rows], fold.first[rows])
            assert measure(counts.astype(float)) == pytest.approx(expected, abs=1e-12)

    def test_does_not_exist_without_both_answers(self) -> None:
        fold = simulated(2, 3, seed=5)
        measure = weighted_auc(fold.student, fold.student == 0, fold.first)
        assert math.isnan(measure(np.array([1.0, 0.0])))


class TestBootstrap:
    def test_a_seed_names_an_interval(self) -> None:
        fold = simulated(40, 10, seed=6)
        first, again, other = (bootstrap_auc([fold], n_resamples=50, seed=seed) for seed in (1, 1, 2))
        assert first == again
        assert first.low != other.low

    def test_equals_resampling_the_rows_themselves(self) -> None:
        fold = simulated(20, 8, seed=7)
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
        assert mean(np.ones(2)) == 0.75
        assert mean(np.array([0.0, 2.0])) == 0.0

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
        assert time.perf_counter() - started < 2.0  # 0.15 s on an idle core; a sort per resample takes 3 s


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


class TestAucOfStudents:
    def test_value_equals_brute_force(self) -> None:
        fold = simulated(30, 8, seed=11, digits=0)
        found = auc_of_students(fold.student, fold.response, fold.first)
        assert found.value == pytest.approx(brute_force_auc(fold.response, fold.first))
        assert (found.n, found.n_students) == (240, 30)

    def test_error_is_that_of_the_bootstrap(self) -> None:
        fold = simulated(150, 40, seed=12, shared=1.0)
        measure = weighted_auc(fold.student, fold.response, fold.first)
        (resampled,) = bootstrap([(150, [measure])], n_resamples=1000)
        found = auc_of_students(fold.student, fold.response, fold.first)
        assert found.standard_error == pytest.approx(resampled.standard_error, rel=0.1)
        independent = auc_of_students(np.arange(6000), fold.response, fold.first)
        assert independent.standard_error < 0.7 * found.standard_error

    def test_gap_is_that_of_the_bootstrap(self) -> None:
        fold = simulated(150, 40, seed=14, shared=1.0)
        resampled, found = bootstrap_auc([fold]), auc_gap_of_students(fold)
        assert found.value == pytest.approx(resampled.value, abs=1e-12)
        assert found.standard_error == pytest.approx(resampled.standard_error, rel=0.1)
        assert found.standard_error > 1.3 * delong([fold]).interval.standard_error

    def test_one_student_or_one_kind_of_answer_has_no_error(self) -> None:
        fold = simulated(1, 20, seed=13)
        assert math.isnan(auc_of_students(fold.student, fold.response, fold.first).interval[0])
        one_sided = auc_of_students(fold.student, np.ones(20, bool), fold.first)
        assert math.isnan(one_sided.value)
