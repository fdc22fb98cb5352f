import math

import numpy as np
import pytest

from ikt_model.comparison.findings import (
    Finding,
    ability_identity,
    mastery_after_right,
    numeric_predictions,
    unsaturated_predictions,
    varied_predictions,
    worst,
)

GOOD = np.array([0.2, 0.5, 0.9])


def test_the_gravest_finding_counts() -> None:
    findings = [Finding("a", status, 0.0, 0.0, "") for status in ("pass", "fail", "warn")]
    assert worst(findings) == "fail"
    assert worst([findings[0], findings[2]]) == "warn"
    assert worst([]) == "pass"


def test_values_that_are_no_numbers_fail_and_are_named() -> None:
    assert numeric_predictions({"probability": GOOD}).status == "pass"
    found = numeric_predictions({"probability": GOOD, "theta": np.array([0.0, np.nan, np.inf])})
    assert (found.status, found.value) == ("fail", 2.0)
    assert "2 of theta" in found.message


def test_one_value_for_everybody_fails() -> None:
    assert varied_predictions("probability", GOOD).status == "pass"
    assert varied_predictions("probability", np.full(9, 0.7)).status == "fail"


@pytest.mark.parametrize(("certain", "status"), [(0, "pass"), (10, "warn"), (60, "fail")])
def test_certainty_about_many_is_pointed_out(certain: int, status: str) -> None:
    values = np.r_[np.full(certain, 0.99999), np.full(100 - certain, 0.6)]
    found = unsaturated_predictions("probability", values)
    assert (found.status, found.value) == (status, certain / 100)


@pytest.mark.parametrize(("falls", "status"), [(0, "pass"), (10, "warn"), (60, "fail")])
def test_mastery_that_falls_after_a_right_answer_is_counted(falls: int, status: str) -> None:
    response = np.r_[np.ones(100), np.zeros(50)]
    before = np.full(150, 0.5)
    after = np.r_[np.full(falls, 0.4), np.full(100 - falls, 0.6), np.full(50, 0.3)]
    found = mastery_after_right(response, before, after)
    assert (found.status, found.value) == (status, falls / 100)
    assert f"by {0.1 if falls else 0:.4f} on average" in found.message


def test_rounding_is_no_fall() -> None:
    found = mastery_after_right(np.ones(4), np.full(4, 0.5), np.full(4, 0.5 - 1e-8))
    assert found.value == 0.0


def test_without_a_right_answer_there_is_nothing_to_say() -> None:
    found = mastery_after_right(np.zeros(4), np.full(4, 0.5), np.full(4, 0.4))
    assert found.status == "warn"
    assert found.value is not None
    assert math.isnan(found.value)


def measured(theta: np.ndarray, target: np.ndarray) -> dict[str, float | None]:
    return {
        "theta_mean": theta.mean(),
        "theta_std": theta.std(),
        "target_theta_mean": target.mean(),
        "target_theta_std": target.std(),
        "theta_target_pearson": np.corrcoef(theta, target)[0, 1],
        "l_23_pointwise": ((theta - target) ** 2).mean(),
    }


class TestAbilityIdentity:
    def test_figures_of_one_run_agree(self) -> None:
        rng = np.random.default_rng(0)
        theta = rng.normal(0.1, 0.14, 500)
        assert ability_identity(measured(theta, 0.3 * theta + rng.normal(0, 0.45, 500))).status == "pass"

    def test_the_contradiction_of_the_published_table_is_found(self) -> None:
        # s 0.14, S 2.53, ρ 0.07 give 6.4; the table says 0.2229.
        published: dict[str, float | None] = {
            "theta_mean": 0.0,
            "theta_std": 0.14,
            "target_theta_mean": 0.0,
            "target_theta_std": 2.53,
            "theta_target_pearson": 0.07,
            "l_23_pointwise": 0.2229,
        }
        found = ability_identity(published)
        assert found.status == "fail"
        assert "0.2229" in found.message
        assert "6.37" in found.message

    def test_a_constant_ability_has_no_correlation_and_still_an_identity(self) -> None:
        target = np.random.default_rng(1).normal(0, 1, 100)
        figures = measured(np.full(100, 0.2), target) | {"theta_target_pearson": None}
        figures["theta_std"] = 0.0
        assert ability_identity(figures).status == "pass"

    def test_missing_figures_deserve_a_look(self) -> None:
        assert ability_identity({}).status == "warn"
