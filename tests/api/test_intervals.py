"""90 % intervals around what a model says of a student."""

import math

import numpy as np
import pytest
from scipy.special import expit

from api.services.intervals import ability_band, mastery_intervals


def interval(mastery: float, *, theta_sd: float, difficulty_se: float) -> tuple[float, float]:
    low, high = mastery_intervals(
        np.array([mastery]), theta_sd=theta_sd, difficulty_se=np.array([difficulty_se])
    )
    return float(low[0]), float(high[0])


def test_the_band_of_an_ability_holds_90_percent() -> None:
    low, high = ability_band(0.4, 0.5)
    drawn = np.random.default_rng(1).normal(0.4, 0.5, 200_000)
    assert ((drawn > low) & (drawn < high)).mean() == pytest.approx(0.9, abs=0.003)


class TestMastery:
    @pytest.mark.parametrize(("theta", "beta"), [(0.3, -0.5), (-2.0, 1.5), (4.0, -4.0)])
    def test_the_interval_holds_90_percent_of_what_the_errors_allow(self, theta: float, beta: float) -> None:
        low, high = interval(float(expit(theta - beta)), theta_sd=0.45, difficulty_se=0.2)
        rng = np.random.default_rng(2)
        drawn = expit(rng.normal(theta, 0.45, 200_000) - rng.normal(beta, 0.2, 200_000))
        assert ((drawn > low) & (drawn < high)).mean() == pytest.approx(0.9, abs=0.003)
        assert 0 < low < expit(theta - beta) < high < 1

    def test_each_has_its_own(self) -> None:
        masteries, errors = np.array([0.2, 0.7, 0.9]), np.array([0.1, 0.4, math.inf])
        low, high = mastery_intervals(masteries, theta_sd=0.3, difficulty_se=errors)
        for row, (mastery, error) in enumerate(zip(masteries, errors, strict=True)):
            assert (low[row], high[row]) == interval(mastery, theta_sd=0.3, difficulty_se=error)

    def test_without_errors_it_is_a_point(self) -> None:
        assert interval(0.7, theta_sd=0.0, difficulty_se=0.0) == pytest.approx((0.7, 0.7))

    def test_a_skill_nobody_practised_may_be_mastered_or_not(self) -> None:
        assert interval(0.7, theta_sd=0.4, difficulty_se=math.inf) == (0.0, 1.0)

    @pytest.mark.parametrize("mastery", [0.0, 1.0])
    def test_mastery_that_was_rounded_to_certainty_is_inside(self, mastery: float) -> None:
        low, high = interval(mastery, theta_sd=0.4, difficulty_se=0.1)
        assert 0 <= low <= mastery <= high <= 1
        assert 0 < high - low < 1e-6
        assert interval(mastery, theta_sd=316.0, difficulty_se=0.1) == pytest.approx((0.0, 1.0))

    @pytest.mark.parametrize(("mastery", "theta_sd"), [(math.nan, 0.4), (0.7, math.nan)])
    def test_what_is_unknown_has_no_interval(self, mastery: float, theta_sd: float) -> None:
        assert np.isnan(interval(mastery, theta_sd=theta_sd, difficulty_se=0.1)).all()
