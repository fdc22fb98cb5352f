import math
from dataclasses import replace

import numpy as np
import pytest

from ikt_model.comparison.bootstrap import bootstrap, bootstrap_auc, weighted_auc
from ikt_model.comparison.statistics import Interval, Paired, auc_gap_of_students, auc_of_students, delong
from tests.ikt_model.comparison.simulation import brute_force_auc, simulated


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

    @pytest.mark.parametrize("name", ["first", "second"])
    def test_a_score_that_is_no_number_gives_none(self, name: str) -> None:
        fold = simulated(30, 12, seed=1)
        found = delong([replace(fold, **{name: np.full(len(fold.first), math.nan)})])
        assert math.isnan(found.interval.value)
        assert math.isnan(found.p_value)

    def test_one_kind_of_answer_gives_no_number(self) -> None:
        fold = simulated(5, 4, seed=3)
        assert math.isnan(
            delong([Paired(fold.student, fold.response | True, fold.first, fold.second)]).p_value
        )


class TestAucOfStudents:
    def test_value_equals_brute_force(self) -> None:
        fold = simulated(30, 8, seed=11, digits=0)
        found = auc_of_students(fold.student, fold.response, fold.first)
        assert found.value == pytest.approx(brute_force_auc(fold.response, fold.first))
        assert (found.n, found.n_students) == (240, 30)

    def test_error_is_that_of_the_bootstrap(self) -> None:
        fold = simulated(150, 40, seed=12, shared=1.0)
        measure = weighted_auc(fold.student, fold.response, fold.first, n_students=150)
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
