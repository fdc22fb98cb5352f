import dataclasses

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score

from ikt_model.metrics import HeldOut, evaluate_predictions
from ikt_model.settings import LossSettings


def held_out(seed: int = 0, n: int = 300) -> HeldOut:
    rng = np.random.default_rng(seed)

    def draw(size: int) -> np.ndarray:
        return rng.normal(size=size).astype(np.float32)

    return HeldOut(
        step=np.arange(n),
        position=1 + np.arange(n) % 12,
        response=rng.integers(0, 2, n).astype(np.float32),
        logit=draw(n),
        mastery_logit=draw(n),
        mastery_after_logit=draw(n),
        mastery_reference_logit=draw(n),
        theta_asked=draw(n),
        beta_asked=draw(n),
        theta_reference_asked=draw(n),
        beta_reference_asked=draw(n),
        theta=draw(n + 20),
        theta_reference=draw(n + 20),
        theta_target=draw(n + 20),
        window=np.repeat(np.arange(20), (n + 20) // 20),
        theta_static=draw(20),
        difficulty=rng.normal(size=7),
        difficulty_reference=rng.normal(size=7),
    )


def measured(seen: HeldOut, **loss: object) -> dict[str, float]:
    return evaluate_predictions(seen, loss=LossSettings.model_validate(loss), lambda_=0.3, target_std=0.5)


def test_figures_equal_those_of_the_usual_libraries() -> None:
    seen = held_out()
    figures = measured(seen)
    assert figures["auc"] == pytest.approx(roc_auc_score(seen.response, seen.probability))
    assert figures["accuracy"] == pytest.approx(accuracy_score(seen.response, seen.probability > 0.5))
    assert figures["l_bce"] == pytest.approx(
        log_loss(seen.response, seen.probability.astype(float)), rel=1e-5
    )
    assert figures["brier"] == pytest.approx(brier_score_loss(seen.response, seen.probability), rel=1e-5)
    early = seen.position <= 5
    assert figures["auc_first_5"] == pytest.approx(roc_auc_score(seen.response[early], seen.logit[early]))
    assert figures["theta_pearson"] == pytest.approx(
        pearsonr(seen.theta, seen.theta_reference).statistic, rel=1e-5
    )
    assert figures["theta_spearman"] == pytest.approx(spearmanr(seen.theta, seen.theta_reference).statistic)
    assert figures["p_mastery_pearson"] == pytest.approx(
        pearsonr(seen.probability, seen.mastery).statistic, rel=1e-4
    )
    assert figures["mastery_std"] == pytest.approx(seen.mastery.std(), rel=1e-5)


def test_identities_between_figures_hold() -> None:
    seen = held_out(1)
    figures = measured(seen)
    assert figures["l_21"] >= figures["l_21_floor"]
    assert figures["l_21_kl"] == pytest.approx(figures["l_21"] - figures["l_21_floor"])
    s, big_s, rho = (figures[name] for name in ("theta_std", "target_theta_std", "theta_target_pearson"))
    delta = figures["theta_mean"] - figures["target_theta_mean"]
    assert figures["l_23_pointwise"] == pytest.approx(
        s**2 + big_s**2 - 2 * rho * s * big_s + delta**2, rel=1e-4
    )
    assert figures["l_23_mean"] <= figures["l_23_pointwise"]


@pytest.mark.parametrize(
    ("mode", "name", "scale"),
    [("mean", "l_23_mean", 1), ("pointwise", "l_23_pointwise", 1), ("standardized", "l_23_pointwise", 4)],
)
def test_l_23_is_reported_as_the_experiment_defines_it(mode: str, name: str, scale: float) -> None:
    figures = measured(held_out(2), ability_alignment=mode)
    assert figures["l_23"] == pytest.approx(scale * figures[name])


def test_perfect_alignment_costs_nothing() -> None:
    seen = held_out(3)
    perfect = dataclasses.replace(
        seen,
        mastery_logit=seen.mastery_reference_logit,
        beta_asked=seen.beta_reference_asked,
        theta=seen.theta_target,
        theta_reference=seen.theta_target,
        difficulty=seen.difficulty_reference,
    )
    figures = measured(perfect)
    assert figures["l_21_kl"] == pytest.approx(0, abs=1e-7)
    assert figures["l_22"] == figures["l_23"] == 0
    assert [figures["theta_pearson"], figures["beta_spearman"]] == pytest.approx([1, 1])


def test_undefined_figures_are_not_a_number() -> None:
    seen = held_out(4)
    one_sided = dataclasses.replace(
        seen, response=np.ones_like(seen.response), theta=np.zeros_like(seen.theta), difficulty=np.zeros(7)
    )
    figures = measured(one_sided)
    assert np.isnan([figures["auc"], figures["theta_pearson"], figures["beta_spearman"]]).all()
    assert np.isfinite(figures["accuracy"])


def test_cold_start_is_undefined_where_nobody_is_new() -> None:
    seen = held_out(5)
    figures = measured(dataclasses.replace(seen, position=seen.position + 100))
    assert np.isnan(figures["auc_first_5"])
    assert np.isfinite(figures["auc"])
