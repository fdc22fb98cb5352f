"""Counts over shared edges."""

import numpy as np
import pytest

from ikt_model.comparison.distributions import histogram


def test_both_are_counted_between_the_least_and_the_greatest() -> None:
    rng = np.random.default_rng(1)
    model, reference = rng.normal(0, 3, 500).astype(np.float32), rng.normal(1, 0.5, 300)
    shown = histogram(model, reference, bins=40)
    assert shown is not None
    assert len(shown.edges) == 41
    assert (shown.edges[0], shown.edges[-1]) == (float(model.min()), float(model.max()))
    assert np.diff(shown.edges) == pytest.approx((shown.edges[-1] - shown.edges[0]) / 40)
    assert (sum(shown.model or []), sum(shown.reference or [])) == (500, 300)
    assert shown.model == np.histogram(model.astype(float), shown.edges)[0].tolist()


def test_values_that_do_not_exist_are_left_out() -> None:
    shown = histogram([np.nan, 1.0, np.inf, 2.0], [0.0, 4.0], bins=4)
    assert shown is not None
    assert shown.edges == [0, 1, 2, 3, 4]
    assert (shown.model, shown.reference) == ([0, 1, 1, 0], [1, 0, 0, 1])


def test_one_side_may_be_missing() -> None:
    shown = histogram([np.nan], [0.0, 1.0], bins=2)
    assert shown is not None
    assert (shown.model, shown.reference) == (None, [1, 1])


def test_nothing_at_all_is_none() -> None:
    assert histogram([], [np.nan]) is None


@pytest.mark.parametrize("spread", [0.0, 1e-16])
def test_one_value_alone_lies_in_the_middle(spread: float) -> None:
    shown = histogram([1.0, 1.0 + spread], [1.0 - spread], bins=3)
    assert shown is not None
    assert shown.edges[0] == pytest.approx(0.5)
    assert shown.edges[-1] == pytest.approx(1.5)
    assert (shown.model, shown.reference) == ([0, 2, 0], [0, 1, 0])
