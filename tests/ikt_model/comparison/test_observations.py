"""What the rules say of one run: each where it should, and silent without its figures."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.comparison.evidence import SEVERITIES, Observation
from ikt_model.comparison.metric_names import label_of, labels
from ikt_model.comparison.observations import observe
from ikt_model.comparison.rules.reference import DIVERGED_LOGITS
from ikt_model.references import calibrate, quality
from ikt_model.settings import RaschSettings
from tests.ikt_model.classrooms import classroom
from tests.ikt_model.comparison.runs import epochs_of, random_run, study_runs, summary

IKT = {"model": {"type": "ikt", "mastery": "skill-wise"}}
ALIGNED = {"lambda": 0.3, "theta_std": 1.0, "target_theta_std": 1.01}


def said(metrics: dict[str, float], **of_run: Any) -> dict[str, Observation]:
    """By rule."""
    return {one.rule: one for one in observe(summary(metrics, **of_run))}


class TestAll:
    def test_nothing_is_said_of_nothing(self) -> None:
        assert observe(summary({})) == []

    def test_the_most_severe_comes_first(self) -> None:
        found = observe(summary(ALIGNED | {"theta_std": 0.1, "ece": 0.2, "theta_pearson": 0.5, "auc": 1.5}))
        order = [SEVERITIES.index(one.severity) for one in found]

        assert order == sorted(order)
        assert set(order) == {0, 1, 2}

    def test_what_is_said_rests_on_figures_that_are_there(self) -> None:
        for run in study_runs():
            for one in observe(run):
                assert one.message.endswith(".")
                assert one.evidence
                for told in one.evidence:
                    assert told.value is not None
                    if told.epoch is None and told.metric in labels():
                        assert run.metrics[told.metric] == told.value

    @given(seed=st.integers(0, 2**31), kept=st.sets(st.integers(0, 60)))
    def test_any_part_of_the_figures_will_do(self, seed: int, kept: set[int]) -> None:
        config, figures = random_run(seed, n=20)
        names = [name for index, name in enumerate(figures) if index in kept]

        run = summary({name: figures[name] for name in names}, config=config.model_dump(mode="json"))
        assert not [one.message for one in observe(run) if "None" in one.message or "nan" in one.message]

    def test_a_cross_validation_has_no_epochs_and_means_for_figures(self) -> None:
        found = said(ALIGNED | {"theta_std": 0.3, "auc": 0.7}, config=IKT, fold=[0, 1, 2])

        assert set(found) == {"scale_collapse"}

    @pytest.mark.parametrize("kind", ["dkt", "reference"])
    def test_a_model_without_an_ability_has_none_to_judge(self, kind: str) -> None:
        figures = {"theta_std": 0.1, "target_theta_std": 2.5, "l_23_mean": 0.01, "l_23_pointwise": 6.0}
        figures |= {"theta_pearson": 0.1, "p_mastery_pearson": 0.2, "l_21_kl": 0.9, "lambda": 0.3}

        assert said(figures, config={"model": {"type": kind}}) == {}

    def test_every_metric_has_a_label(self) -> None:
        assert label_of("train_grad_cosine_l_bce_l_21") == "cosine of ∇ l_bce and ∇ l_21"
        assert label_of("target_theta_std") == "θ standard deviation that l_23 pulls towards"
        assert label_of("never_heard_of") == "never_heard_of"


class TestAbility:
    @pytest.mark.parametrize(
        ("std", "rule", "severity"),
        [
            (0.14, "scale_collapse", "problem"),
            (0.7, "scale_collapse", "caution"),
            (0.9, None, None),
            (1.2, None, None),
            (1.5, "scale_inflation", "caution"),
            (33.9, "scale_inflation", "problem"),
        ],
    )
    def test_scale_is_held_against_the_target(
        self, std: float, rule: str | None, severity: str | None
    ) -> None:
        figures = {"lambda": 0.3, "theta_std": std, "target_theta_std": 1.0, "reference_theta_std": 50.0}
        found = said(figures, config=IKT)

        assert [(one.rule, one.severity) for one in found.values()] == ([(rule, severity)] if rule else [])

    def test_a_scale_that_least_squares_ask_for_is_told_as_such(self) -> None:
        figures = {"lambda": 0.3, "theta_std": 0.14, "target_theta_std": 2.53}

        assert (
            "squares are least" in said(figures | {"theta_target_pearson": 0.071})["scale_collapse"].message
        )
        assert "scale_weight" in said(figures | {"theta_target_pearson": 0.9})["scale_collapse"].message

    def test_averaging_hides_what_every_step_shows(self) -> None:
        figures = ALIGNED | {"l_23_mean": 0.02, "l_23_pointwise": 3.0}
        trained_so = {"loss": {"ability_alignment": "mean"}}

        assert said(figures, config=trained_so)["loss_hidden_by_averaging"].severity == "problem"
        assert said(figures)["loss_hidden_by_averaging"].severity == "caution"
        assert "loss_hidden_by_averaging" not in said(figures | {"l_23_mean": 1.0})
        assert "loss_hidden_by_averaging" not in said(figures | {"l_23_pointwise": 0.1})

    def test_missed_criteria_are_listed_with_what_is_asked(self) -> None:
        found = said(ALIGNED | {"theta_pearson": 0.9, "theta_spearman": 0.999, "l_21_kl": 0.2})

        assert [one.metric for one in found["alignment_missed"].evidence] == ["l_21_kl", "theta_pearson"]
        assert "theta_pearson 0.9 (asked for ≥ 0.99)" in found["alignment_missed"].message

    def test_without_lambda_nothing_was_asked(self) -> None:
        found = said(ALIGNED | {"lambda": 0.0, "theta_std": 0.01, "theta_pearson": 0.1})

        assert set(found) == {"not_aligned"}

    def test_mastery_that_says_nothing_p_says(self) -> None:
        scalar = {"model": {"mastery": "scalar"}}

        assert (
            "skill-wise" in said(ALIGNED | {"p_mastery_pearson": 0.8}, config=scalar)["mastery_apart"].message
        )
        assert "mastery_apart" not in said(ALIGNED | {"p_mastery_pearson": 0.95})
        constant = {"mastery_std": 0.001, "mastery_mean": 0.7}
        assert said(ALIGNED | constant)["constant_mastery"].severity == "problem"
        assert "constant_mastery" not in said(ALIGNED | constant, config={"model": {"type": "reference"}})


class TestReference:
    def test_warnings_of_the_training_are_passed_on(self) -> None:
        run = summary({"reference_auc": 0.7})
        (found,) = observe(run, warnings=["reference 'bkt': p(guess) lies at its bound"])

        assert found.severity == "caution"
        assert "reference 'bkt': p(guess) lies at its bound" in found.message
        assert [one.metric for one in found.evidence] == ["reference_auc"]

    def test_a_warning_of_a_worthless_reference_is_a_problem(self) -> None:
        """Of a reference whose abilities diverge on short histories."""
        sequences = classroom(n_students=200, n_skills=4, seed=3, mean_length=5).sequences
        settings = RaschSettings(difficulty="joint", ability="maximum-likelihood")
        warnings = quality.assess(calibrate(sequences, settings=settings), sequences).warnings
        rules = {one.rule: one.severity for one in observe(summary({}), warnings=warnings)}

        assert rules["reference_worse_than_skill_means"] == "problem"

    def test_divergence_shows_in_the_extremes(self) -> None:
        assert quality.DIVERGED_LOGITS == DIVERGED_LOGITS
        found = said({"reference_theta_min": -14.35, "reference_theta_max": 11.7, "reference_theta_std": 3.6})

        assert [one.value for one in found["reference_diverged"].evidence] == [-14.35, 3.6]
        assert said({"reference_theta_min": -3.1, "reference_beta_max": 5.9}) == {}

    def test_one_without_any_skill_and_one_that_is_behind(self) -> None:
        assert "reference_no_better_than_chance" in said({"reference_auc": 0.49})
        assert "reference_behind" in said(ALIGNED | {"auc": 0.734, "reference_auc": 0.69})
        assert "reference_behind" not in said(ALIGNED | {"auc": 0.734, "reference_auc": 0.729})

    def test_a_network_behind_its_reference_has_not_learned(self) -> None:
        assert "under_fitting" in said(ALIGNED | {"auc": 0.70, "reference_auc": 0.71})
        assert "under_fitting" not in said({"auc": 0.7095, "reference_auc": 0.71})


COSINE = "train_grad_cosine_l_bce_l_23"


class TestTraining:
    def test_losses_that_mostly_oppose_each_other_compete(self) -> None:
        epochs = epochs_of(**{COSINE: [0.3, -0.6, -0.2, -0.1]})
        found = said(ALIGNED | {"theta_pearson": 0.5}, epochs=epochs)["competing_losses"]

        assert found.severity == "caution"
        assert "3 of 4 epochs" in found.message
        assert [(one.epoch, one.value) for one in found.evidence] == [(2, -0.6), (4, -0.1)]
        assert (
            said(ALIGNED | {"theta_pearson": 0.995}, epochs=epochs)["competing_losses"].severity == "remark"
        )
        assert said(ALIGNED, epochs=epochs)["competing_losses"].severity == "caution"
        assert "competing_losses" not in said(ALIGNED, epochs=epochs_of(**{COSINE: [0.3, -0.6, 0.2]}))
        assert "competing_losses" not in said(ALIGNED | {"lambda": 0.0}, epochs=epochs)

    def test_a_loss_that_hardly_pulls_is_unheard(self) -> None:
        norms = {f"train_grad_norm_{name}": [value] for name, value in _NORMS.items()}

        assert "l_23 pulls" in said(ALIGNED, epochs=epochs_of(**norms))["unheard_loss"].message
        assert "unheard_loss" not in said(ALIGNED | {"lambda": 0.0}, epochs=epochs_of(**norms))

    def test_balancing_counts_among_the_weights(self) -> None:
        norms = {f"train_grad_norm_{name}": [value, value] for name, value in _NORMS.items()}
        raised = norms | {"train_factor_l_23": [1.0, 300.0]}
        drowned = norms | {"train_grad_norm_l_23": [0.03, 0.03], "train_factor_l_21": [1.0, 0.001]}

        assert "unheard_loss" not in said(ALIGNED, epochs=epochs_of(**raised))
        assert "l_21 pulls" in said(ALIGNED, epochs=epochs_of(**drowned))["unheard_loss"].message

    def test_an_auc_that_still_rises_at_the_end_is_under_fitting(self) -> None:
        rising = epochs_of(auc=[0.60, 0.65, 0.68, 0.70])
        level = epochs_of(auc=[0.60, 0.699, 0.7, 0.7001])

        assert said({}, epochs=rising)["under_fitting"].evidence[-1].epoch == 4
        assert set(said({}, epochs=rising)) == {"under_fitting"}
        assert said({}, epochs=level) == {}
        assert set(said({}, epochs=epochs_of(auc=[0.60, 0.69, 0.6995, 0.7]))) == {"best_epoch_last"}

    def test_learning_by_heart_is_over_fitting(self) -> None:
        training, held_out = [0.6, 0.5, 0.4, 0.3], [0.55, 0.52, 0.53, 0.56]
        found = said({}, epochs=epochs_of(train_l_bce=training, l_bce=held_out))["over_fitting"]

        assert [(one.metric, one.epoch) for one in found.evidence] == [
            ("l_bce", 2), ("l_bce", 4), ("train_l_bce", 2), ("train_l_bce", 4),
        ]  # fmt: skip
        assert said({}, epochs=epochs_of(train_l_bce=training, l_bce=[0.55, 0.53, 0.52, 0.521])) == {}

    def test_a_first_epoch_that_was_the_best_is_noticed(self) -> None:
        assert set(said({}, epochs=epochs_of(auc=[0.72, 0.71, 0.70]))) == {"best_epoch_first"}
        assert said({}, epochs=epochs_of(auc=[0.70, 0.72, 0.71])) == {}

    def test_a_warm_up_longer_than_the_training_is_unfinished(self) -> None:
        loss = {"lambda_target": 0.5, "lambda_warmup_epochs": 50, "lambda_schedule": "linear"}
        config = IKT | {"loss": loss, "training": {"epochs": 30}}
        found = said(ALIGNED, config=config)["warm_up_unfinished"]

        assert "λ reached 0.3 of its target 0.5" in found.message
        assert "lambda_warmup_epochs to 30" in found.message
        assert "warm_up_unfinished" not in said(ALIGNED, config=config | {"training": {"epochs": 50}})
        constant = config | {"loss": loss | {"lambda_schedule": "constant"}}
        assert "warm_up_unfinished" not in said(ALIGNED | {"lambda": 0.5}, config=constant)

    def test_a_training_loss_that_accuracy_can_not_explain(self) -> None:
        epochs = epochs_of(train_l_bce=[0.5, 0.0909])

        assert (
            "accuracy of at least 0.869"
            in said({"accuracy": 0.7466}, epochs=epochs)["loss_beyond_accuracy"].message
        )
        assert said({"accuracy": 0.75}, epochs=epochs_of(train_l_bce=[0.5, 0.49])) == {}

    def test_the_same_difficulties_have_one_l_22(self) -> None:
        assert "difficulty_losses_apart" in said({"l_22": 0.0327}, epochs=epochs_of(train_l_22=[0.5385]))
        assert said({"l_22": 1e-7}, epochs=epochs_of(train_l_22=[9e-7])) == {}


_NORMS = {"l_bce": 0.04, "l_21": 0.03, "l_23": 0.0001}
