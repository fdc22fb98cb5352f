import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from ikt_model.comparison.calibration import calibration_error, reliability


def drawn(n: int = 20_000, *, seed: int = 0, power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Responses, and probabilities that are right when `power` is 1."""
    rng = np.random.default_rng(seed)
    truth = rng.beta(4, 2, n)
    return (rng.random(n) < truth).astype(np.float32), (truth**power).astype(np.float32)


def test_figures_equal_those_of_scikit_learn() -> None:
    response, probability = drawn()
    found = reliability(response, probability)
    assert found.brier == pytest.approx(brier_score_loss(response, probability), rel=1e-6)
    assert found.log_loss == pytest.approx(log_loss(response, probability.astype(float)), rel=1e-6)
    right, said = calibration_curve(response, probability, n_bins=15)
    assert [bin_.share_right for bin_ in found.curve] == pytest.approx(right.tolist())
    assert [bin_.mean_probability for bin_ in found.curve] == pytest.approx(said.tolist(), rel=1e-5)
    weights = np.array([bin_.n for bin_ in found.curve]) / len(response)
    assert found.ece == pytest.approx(float(weights @ np.abs(right - said)), rel=1e-4)


def test_true_probabilities_are_calibrated_and_bent_ones_are_not() -> None:
    true, bent = (reliability(*drawn(power=power)) for power in (1.0, 2.0))
    assert max(true.ece, true.ece_equal_mass) < 0.015
    assert min(bent.ece, bent.ece_equal_mass) > 0.1


def test_equal_mass_sees_what_one_crowded_bin_hides() -> None:
    # All probabilities lie in one bin of equal width, where too high and too low cancel.
    probability = np.repeat([0.601, 0.665], 500)
    response = np.r_[np.tile([1, 1, 1, 1, 0], 100), np.tile([1, 1, 0, 0, 1, 0, 0, 1, 1, 0], 50)]
    found = reliability(response.astype(float), probability)
    assert found.ece == pytest.approx(abs(0.633 - 0.65), abs=1e-9)
    assert found.ece_equal_mass > 0.15


def test_certain_answers_have_a_finite_cross_entropy() -> None:
    found = reliability(np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    assert found.ece == 0.5
    assert 5 < found.log_loss < 20


def test_nothing_and_no_numbers_have_no_calibration() -> None:
    nothing = np.array([], float)
    assert math.isnan(calibration_error(nothing, nothing))
    broken = reliability(np.array([0.0, 1.0]), np.array([0.5, np.nan]))
    assert math.isnan(broken.ece)
    assert math.isnan(broken.ece_equal_mass)
    assert broken.curve == []
