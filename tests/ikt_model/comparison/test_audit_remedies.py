"""What each audit says of figures that contradict each other, and the value that would make them true."""

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.comparison.audits import audit_arithmetic
from ikt_model.comparison.audits.distances import mean_square
from ikt_model.comparison.audits.reported import Span, exactly, reported
from ikt_model.comparison.audits.sums import scheduled_lambda
from ikt_model.comparison.elsewhere import Told, read_figures_file
from ikt_model.comparison.evidence import Observation, Subject
from ikt_model.comparison.observations import audit, observe_rules
from ikt_model.losses import lambda_at, total_loss
from ikt_model.settings import LossSettings
from tests.ikt_model.comparison.runs import epochs_of, summary

SEED = Path(__file__).parents[3] / "docs" / "l23-comparison.json"


def audit_of(metrics: dict[str, float], **of_run: Any) -> list[Observation]:
    return audit(summary(metrics, **of_run))


def only(found: list[Observation], rule: str) -> Observation:
    (one,) = [observation for observation in found if observation.rule == f"arithmetic_{rule}"]
    return one


def truth(observation: Observation) -> float:
    """The value that the audit names."""
    (value,) = [one.value for one in observation.evidence if "to make the figures true" in one.label]
    assert value is not None
    return value


@pytest.fixture(scope="module")
def stated() -> dict[str, Told]:
    """The two experiments of the comparison, by number."""
    return {one.run.name[:6]: one for one in read_figures_file(SEED.read_bytes()).experiments}


class TestTheFirstComparison:
    def test_161656_contradicts_itself_and_its_reference_std_is_named(self, stated: dict[str, Told]) -> None:
        found = audit(stated["161656"].run, stated["161656"].moments)
        (problem,) = [one for one in found if one.severity == "problem"]

        assert problem.rule == "arithmetic_distance_at_every_step"
        assert "contradict each other" in problem.message
        assert "reference with standard deviation 0.42 (0.46 if the two means were equal)" in problem.message
        # Solved by hand: S = ρs + √(l − Δ² − (1 − ρ²)s²).
        by_hand = 0.071 * 0.14 + math.sqrt(0.2229 - 0.18**2 - (1 - 0.071**2) * 0.14**2)
        assert truth(problem) == pytest.approx(by_hand)
        assert truth(problem) == pytest.approx(0.45, abs=0.03)
        assert {one.metric: one.value for one in problem.evidence[:6]} == {
            "l_23": 0.2229,
            "theta_std": 0.14,
            "target_theta_std": 2.53,
            "theta_target_pearson": 0.071,
            "theta_mean": -0.18,
            "target_theta_mean": 0.0,
        }

    def test_that_reference_std_makes_161656_true(self, stated: dict[str, Told]) -> None:
        told = stated["161656"]
        (problem,) = [one for one in audit(told.run, told.moments) if one.severity == "problem"]
        (_, final), *epochs = told.moments
        corrected = {**final, "target_theta_std": Decimal(f"{truth(problem):.2f}")}
        del corrected["reference_theta_std"]  # its range is that of the table's 2.53

        again = audit(told.run, [(None, corrected), *epochs])
        assert [one for one in again if one.severity == "problem"] == []

    def test_no_reference_std_makes_290365_true(self, stated: dict[str, Told]) -> None:
        found = audit(stated["290365"].run, stated["290365"].moments)
        (problem,) = [one for one in found if one.severity == "problem"]

        assert problem.rule == "arithmetic_distance_of_time_means"
        assert "No standard deviation of the reference makes them true" in problem.message
        assert truth(problem) == pytest.approx(28.22 - math.sqrt(200 * 0.0185))

    @pytest.mark.parametrize("name", ["290365", "161656"])
    def test_totals_and_lambda_hold_and_l_22_is_told_twice(self, stated: dict[str, Told], name: str) -> None:
        """(1−λ)·l_bce + c·l_22 + λ·(l_21 + l_23) with λ = 0.30 is the total that epoch 30 tells."""
        found = audit(stated[name].run, stated[name].moments)
        twice = only(found, "told_twice")

        assert not {one.rule for one in found} & {"arithmetic_loss_sum", "arithmetic_lambda_schedule"}
        assert (twice.severity, [one.metric for one in twice.evidence]) == (
            "remark",
            ["l_stability", "train_l_22"],
        )
        assert twice.evidence[0].epoch == 30

    def test_rules_see_collapse_inflation_and_what_averaging_hid(self, stated: dict[str, Told]) -> None:
        of_mean, of_pointwise = (observe_rules(stated[name].run) for name in ("290365", "161656"))

        assert {"scale_inflation", "loss_hidden_by_averaging", "warm_up_unfinished"} <= {
            one.rule for one in of_mean
        }
        assert {"scale_collapse", "alignment_missed", "warm_up_unfinished"} <= {
            one.rule for one in of_pointwise
        }


DISTANCE = {
    "theta_std": 1.0, "theta_mean": 0.0, "target_theta_std": 2.0, "target_theta_mean": 0.0,
    "theta_target_pearson": 0.5,
}  # fmt: skip


class TestDistances:
    @given(seed=st.integers(0, 2**31), n=st.integers(2, 50))
    def test_the_identity_is_that_of_a_mean_square(self, seed: int, n: int) -> None:
        ours, theirs = np.random.default_rng(seed).normal(size=(2, n))
        implied = mean_square(
            spread=exactly(ours.std()),
            target=exactly(theirs.std()),
            pearson=exactly(float(np.corrcoef(ours, theirs)[0, 1])),
            shift=exactly(ours.mean() - theirs.mean()),
        )

        assert implied.low == pytest.approx(((ours - theirs) ** 2).mean())

    def test_a_trajectory_is_no_target_where_that_is_static(self) -> None:
        figures = {name.replace("target_theta", "reference_theta"): value for name, value in DISTANCE.items()}
        figures |= {"theta_pearson": 0.5, "l_23_pointwise": 9.0}

        assert audit_of(figures, config={"loss": {"ability_target": "static"}}) == []
        assert audit_of(figures) == []
        (found,) = audit_of(figures, config={"loss": {"ability_target": "dynamic"}})
        assert found.evidence[2].metric == "reference_theta_std"

    def test_without_a_correlation_any_one_is_granted(self) -> None:
        figures = {name: value for name, value in DISTANCE.items() if name != "theta_target_pearson"}

        assert audit_of(figures | {"l_23_pointwise": 1.0}) == []  # (2 − 1)²
        assert audit_of(figures | {"l_23_pointwise": 9.0}) == []  # (2 + 1)²
        assert audit_of(figures | {"l_23_pointwise": 0.2}) != []
        assert audit_of(figures | {"l_23_pointwise": 12.0}) != []

    def test_where_no_spread_helps_the_greatest_distance_of_means_is_named(self) -> None:
        found = only(
            audit_of(DISTANCE | {"theta_mean": 3.0, "l_23_pointwise": 4.75}), "distance_at_every_step"
        )

        assert "means can be at most 2 apart" in found.message
        assert all("to make" not in one.label for one in found.evidence)

    def test_a_loss_below_what_theta_alone_makes_has_no_remedy(self) -> None:
        found = only(audit_of(DISTANCE | {"l_23_pointwise": 0.1}), "distance_at_every_step")

        assert "θ's own is too large" in found.message

    def test_time_means_may_differ_from_all_steps_by_the_lengths_of_histories(self) -> None:
        """One history of a step that is off by 1 and one of 199 that is off by 10."""
        config = {"model": {"window": 200}, "loss": {"ability_alignment": "mean"}}
        figures = {"theta_mean": (1 + 10 * 199) / 200, "target_theta_mean": 0.0, "l_23": (1 + 100) / 2}

        assert audit_of(figures, config=config) == []

    def test_the_loss_that_was_trained_is_the_one_of_its_name(self) -> None:
        config = {"loss": {"ability_alignment": "mean"}}
        found = only(audit_of({"l_23": 0.2, "l_23_mean": 0.02}, config=config), "loss_by_name")

        assert truth(found) == 0.02
        assert audit_of({"l_23": 0.2, "l_23_pointwise": 0.02}, config=config) == []


class TestEntropies:
    def test_a_floor_above_the_loss_is_impossible(self) -> None:
        found = only(audit_of({"l_21": 0.15, "l_21_floor": 0.527}), "entropy_floor")

        assert "0.15, below the entropy" in found.message

    def test_the_divergence_is_the_difference(self) -> None:
        found = only(audit_of({"l_21": 0.53, "l_21_floor": 0.51, "l_21_kl": 0.2}), "divergence")

        assert truth(found) == pytest.approx(0.02)

    def test_a_mean_entropy_is_at_most_that_of_the_mean(self) -> None:
        found = only(audit_of({"l_21_floor": 0.6, "reference_mastery_mean": 0.901}), "entropy_of_mean")

        assert truth(found) == pytest.approx(0.324, abs=0.002)
        assert audit_of({"l_21_floor": 0.693, "reference_mastery_mean": 0.5}) == []

    def test_errors_cost_at_least_ln_2(self) -> None:
        found = only(audit_of({"accuracy": 0.75, "l_bce": 0.09}), "cost_of_errors")

        assert truth(found) == pytest.approx(1 - 0.09 / math.log(2))
        assert audit_of({"accuracy": 0.75, "l_bce": 0.174}) == []

    @given(st.lists(st.floats(0.0, 0.999), min_size=1, max_size=30))
    def test_the_brier_bound_holds_for_any_errors(self, errors: list[float]) -> None:
        figures = {
            "brier": float(np.mean(np.square(errors))),
            "l_bce": float(-np.log1p(-np.array(errors)).mean()),
        }

        assert audit_of(figures) == []
        assert audit_of({"brier": 0.25, "l_bce": 0.4}) != []


class TestSums:
    @given(
        epoch=st.integers(1, 60),
        target=st.floats(0.0, 1.0),
        warmup=st.integers(0, 50),
        schedule=st.sampled_from(["linear", "cosine", "constant"]),
    )
    def test_the_schedule_is_that_of_the_training(
        self, epoch: int, target: float, warmup: int, schedule: Any
    ) -> None:
        settings = LossSettings(lambda_target=target, lambda_warmup_epochs=warmup, lambda_schedule=schedule)
        subject = Subject(summary({}, config={"loss": settings.model_dump(), "training": {"epochs": epoch}}))

        assert scheduled_lambda(subject) == scheduled_lambda(subject, epoch) == lambda_at(epoch, settings)

    @given(st.lists(st.floats(0.01, 3.0), min_size=5, max_size=5), st.floats(0.0, 1.0), st.floats(0.0, 2.0))
    def test_the_sum_is_that_of_the_training(
        self, terms: list[float], lambda_: float, scale_weight: float
    ) -> None:
        settings = LossSettings(scale_weight=scale_weight, difficulty_weight=0.3)
        named = dict(zip(("l_bce", "l_21", "l_22", "l_23", "l_scale"), terms, strict=True))
        total = total_loss(**named, settings=settings, lambda_=lambda_)
        config = {"loss": settings.model_dump()}
        figures = named | {"loss": total, "lambda": lambda_}
        del config["loss"]["lambda_target"]

        problems = [one for one in audit_of(figures, config=config) if one.severity == "problem"]
        assert problems == []
        assert only(audit_of(figures | {"loss": total + 5.0}, config=config), "loss_sum")

    def test_the_lambda_that_makes_a_total_true_is_named(self) -> None:
        terms = {"l_bce": 0.1, "l_22": 0.0, "l_21": 4.0, "l_23": 0.2}
        figures = {f"train_{name}": value for name, value in terms.items()}
        figures |= {"train_loss": 0.6 * 0.1 + 0.4 * 4.2, "lambda": 0.3}
        config = {"loss": {"difficulty_weight": 0.01}}
        run = summary({}, config=config, epochs=[{"epoch": 7, "metrics": figures}])
        found = only(audit(run), "loss_sum")

        assert "(λ = 0.4 would make it so)" in found.message
        assert found.message.startswith("Epoch 7: ")
        assert truth(found) == pytest.approx(0.7 * 0.1 + 0.3 * 4.2)

    def test_a_balanced_total_is_no_sum_of_its_terms(self) -> None:
        terms = {"l_bce": 0.1, "l_22": 0.0, "l_21": 4.0, "l_23": 0.2, "loss": 9.0, "lambda": 0.3}
        loss = {"difficulty_weight": 0.01, "balancing": "uncertainty"}

        assert audit_of(terms, config={"loss": loss}) == []

    def test_lambda_of_every_epoch_is_held_to_the_schedule(self) -> None:
        config = {"loss": {"lambda_target": 0.5, "lambda_warmup_epochs": 50}}
        found = only(
            audit_of({}, config=config, epochs=epochs_of(**{"lambda": [0.01, 0.02, 0.06]})), "lambda_schedule"
        )

        assert (found.evidence[0].epoch, truth(found)) == (3, pytest.approx(0.03))


class TestRanges:
    def test_means_lie_within_and_spreads_fit(self) -> None:
        within = {"theta_min": -1.0, "theta_mean": 0.0, "theta_max": 3.0}

        assert audit_of(within | {"theta_std": 1.73}) == []  # of −1 and 3 in proportion 3 : 1
        assert only(audit_of(within | {"theta_std": 1.9}), "spread_within_range")
        assert only(audit_of(within | {"theta_mean": -1.4}), "range")
        assert only(audit_of(within | {"theta_mean": 3.6}), "range")
        assert only(audit_of({"beta_min": 2.0, "beta_max": 1.0}), "range")
        assert only(audit_of({"beta_min": -1.0, "beta_max": 1.0, "beta_std": 1.3}), "spread_within_range")

    @pytest.mark.parametrize(
        "impossible",
        [{"auc": 1.2}, {"l_22": -0.1}, {"theta_std": -0.2}, {"mastery_max": 1.7}, {"lambda": 30.0}],
    )
    def test_what_a_figure_can_not_be_is_said(self, impossible: dict[str, float]) -> None:
        assert only(audit_of(impossible), "possible_values")

    def test_mastery_lies_between_its_extremes(self) -> None:
        figures = {"theta_min": -0.53, "theta_max": 0.13, "beta_min": -1.0, "beta_max": 1.0}
        scalar = {"model": {"mastery": "scalar"}}
        found = only(audit_of(figures | {"mastery_mean": 0.95}, config=scalar), "mastery_between_extremes")

        assert truth(found) == pytest.approx(1 / (1 + math.exp(-1.13)), abs=0.02)
        assert audit_of(figures | {"mastery_mean": 0.7}, config=scalar) == []
        assert audit_of(figures | {"mastery_mean": 0.95}, config={"model": {"mastery": "skill-wise"}}) == []


class TestNames:
    def test_two_different_things_are_hardly_the_same_number(self) -> None:
        twice = only(audit_of({"auc": 0.7185, "accuracy": 0.7185}), "told_twice")

        assert twice.severity == "remark"
        assert audit_of({"auc": 0.72, "accuracy": 0.72}) == []
        assert audit_of({"reference_theta_std": 0.3801, "target_theta_std": 0.3801}) == []


class TestDigits:
    @pytest.mark.parametrize(
        ("figures", "give"),
        [
            ({"a": Decimal("0.30")}, 0.005),
            ({"a": 0.30}, 0.05),
            ({"a": 0}, 0.5),
            ({"a": 0.0}, 0.05),
            ({"a": 2470.0, "b": 0.123}, 5.0),
            ({"a": 10.0, "b": 0.123}, 0.05),
            ({"a": Decimal("2.1e-08")}, 5e-10),
        ],
    )
    def test_half_a_unit_of_the_last_digit_is_open(self, figures: dict[str, Any], give: float) -> None:
        assert reported(figures)["a"].give == pytest.approx(give, rel=1e-3, abs=2e-9)

    def test_among_a_programs_numbers_a_short_one_is_exact(self) -> None:
        figures = {"auc": 0.7366342117345, "lambda": 0.5, "l_22": 1.5044123456789e-07}

        assert reported(figures)["lambda"].give < 1e-5
        config = {"loss": {"lambda_target": 0.48, "lambda_warmup_epochs": 0}}
        assert audit_of({"lambda": 0.5}, config=config) == []
        assert only(audit_of(figures, config=config), "lambda_schedule")

    def test_one_long_number_among_rounded_ones_makes_none_of_them_exact(self) -> None:
        figures = {"auc": 0.7366342117345, "lambda": 0.5, "l_22": 0.0048, "l_21": 9.5794}

        assert reported(figures)["lambda"].give == pytest.approx(0.05, rel=1e-3)

    def test_what_is_no_number_is_passed_over(self) -> None:
        subject = Subject(summary({"auc": math.nan, "accuracy": None, "theta_std": math.inf}))

        assert audit_arithmetic(subject) == []

    @given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0, 5), st.floats(0, 5))
    def test_spans_hold_what_their_numbers_make(self, one: float, other: float, a: float, b: float) -> None:
        first, second = Span(one - a, one + a), Span(other - b, other + b)

        for span, value in (
            (first + second, one + other),
            (first - second, one - other),
            (first * second, one * other),
            (first.square, one * one),
        ):
            assert span.low - 1e-9 <= value <= span.high + 1e-9
