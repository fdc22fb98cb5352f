"""Figures of one evaluation, over all held-out steps at once.

N asked steps, T valid steps, W sequences, K skills. Names are the same in database, API and command line.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from ikt_model.comparison.calibration import brier_score, calibration_error
from ikt_model.losses import total_loss
from ikt_model.settings import LossSettings

Floats = NDArray[np.float32]

COLD_START = 5  # responses after a student's first one, which nobody is asked to predict


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the model and its reference said of students it never saw."""

    step: NDArray[np.int64]  # [N] index of the step asked, in the flat arrays
    position: NDArray[np.int64]  # [N] of the step asked in its student's history, from 0
    response: Floats  # [N]
    logit: Floats  # [N] Head 1
    mastery_logit: Floats  # [N] Head 2, before the step asked
    mastery_after_logit: Floats  # [N] Head 2, of the same skills, once the response is known
    mastery_reference_logit: Floats  # [N] before the step asked
    theta_asked: Floats  # [N] ability before the step asked
    theta_reference_asked: Floats  # [N]
    beta_asked: Floats  # [N] difficulty of the step asked
    beta_reference_asked: Floats  # [N]
    theta: Floats  # [T]
    theta_reference: Floats  # [T]
    theta_target: Floats  # [T] what l_23 pulls towards: the reference's trajectory, or one value per student
    window: NDArray[np.int64]  # [T] sequence that each valid step belongs to
    theta_static: Floats  # [W] one reference ability per sequence
    difficulty: NDArray[np.float64]  # [K]
    difficulty_reference: NDArray[np.float64]  # [K]

    @property
    def probability(self) -> Floats:
        return np.asarray(expit(self.logit))

    @property
    def mastery(self) -> Floats:
        return np.asarray(expit(self.mastery_logit))

    @property
    def mastery_after(self) -> Floats:
        return np.asarray(expit(self.mastery_after_logit))

    @property
    def mastery_reference(self) -> Floats:
        return np.asarray(expit(self.mastery_reference_logit))


def evaluate_predictions(
    seen: HeldOut, *, loss: LossSettings, lambda_: float, target_std: float
) -> dict[str, float]:
    """Every held-out metric of the comparison. Not-a-number where a figure is undefined (one class, no
    spread).
    """
    figures = {
        "auc": auc(seen.response, seen.logit),
        "accuracy": float(((seen.logit > 0) == (seen.response > 0.5)).mean()),
        "reference_auc": auc(seen.response, seen.mastery_reference_logit),
        "mastery_auc": auc(seen.response, seen.mastery_logit),
        "auc_first_5": _cold_start_auc(seen),
        "ece": calibration_error(seen.response, seen.probability),
        "mastery_ece": calibration_error(seen.response, seen.mastery),
        "brier": brier_score(seen.response, seen.probability),
        "lambda": lambda_,
        **_losses(seen, loss=loss, lambda_=lambda_, target_std=target_std),
        **_agreement(seen),
    }
    spreads: dict[str, NDArray[np.floating]] = {
        "theta": seen.theta,
        "beta": seen.difficulty,
        "mastery": seen.mastery,
        "reference_theta": seen.theta_reference,
        "target_theta": seen.theta_target,
        "reference_beta": seen.difficulty_reference,
        "reference_mastery": seen.mastery_reference,
    }
    for name, values in spreads.items():
        figures |= _spread(name, values)
    return figures


def auc(response: NDArray[np.floating], score: NDArray[np.floating]) -> float:
    """Area under the ROC curve; NaN where only one answer occurs, or a score is no number."""
    if response.min(initial=1) >= response.max(initial=0) or not np.isfinite(score).all():
        return float("nan")
    return float(roc_auc_score(response, score))


def _cold_start_auc(seen: HeldOut) -> float:
    early = seen.position <= COLD_START
    return auc(seen.response[early], seen.logit[early])


def _losses(seen: HeldOut, *, loss: LossSettings, lambda_: float, target_std: float) -> dict[str, float]:
    l_bce = _cross_entropy(seen.logit, seen.response)
    target = seen.mastery_reference
    l_21 = _cross_entropy(seen.mastery_logit, target)
    floor = _cross_entropy(seen.mastery_reference_logit, target)
    l_22 = _mean((seen.beta_asked - seen.beta_reference_asked) ** 2)
    l_23 = ability_losses(seen.theta, seen.theta_target, seen.window)
    l_23["standardized"] = l_23["pointwise"] / target_std**2
    l_scale = (_std(seen.theta) - target_std) ** 2
    chosen = l_23[loss.ability_alignment]
    total = total_loss(
        l_bce=l_bce, l_21=l_21, l_22=l_22, l_23=chosen, l_scale=l_scale, settings=loss, lambda_=lambda_
    )
    return {
        "loss": total if np.isfinite(total) else l_bce,  # a network without an ability has nothing to align
        "l_bce": l_bce,
        "l_21": l_21,
        "l_21_floor": floor,
        "l_21_kl": l_21 - floor,
        "l_22": l_22,
        "l_23": chosen,
        "l_23_mean": l_23["mean"],
        "l_23_pointwise": l_23["pointwise"],
        "l_align": l_21 + chosen,
        "l_scale": l_scale,
    }


def ability_losses(theta: Floats, target: Floats, window: NDArray[np.int64]) -> dict[str, float]:
    """l_23 of time-means per sequence, of every step, and of every step with each sequence counting once."""
    error = theta.astype(np.float64) - target
    counts = np.bincount(window)
    means = np.bincount(window, weights=error)[counts > 0] / counts[counts > 0]
    squares = np.bincount(window, weights=error**2)[counts > 0] / counts[counts > 0]
    return {"mean": _mean(means**2), "pointwise": _mean(error**2), "per-sequence": _mean(squares)}


def _agreement(seen: HeldOut) -> dict[str, float]:
    counts = np.bincount(seen.window)
    sequence_mean = np.bincount(seen.window, weights=seen.theta) / counts
    pairs: dict[str, tuple[NDArray[np.floating], NDArray[np.floating]]] = {
        "theta": (seen.theta, seen.theta_reference),
        "theta_static": (sequence_mean, seen.theta_static),
        "beta": (seen.difficulty, seen.difficulty_reference),
        "mastery": (seen.mastery, seen.mastery_reference),
    }
    figures = {
        "p_mastery_pearson": _pearson(seen.probability, seen.mastery),
        "theta_target_pearson": _pearson(seen.theta, seen.theta_target),
    }
    for name, (ours, reference) in pairs.items():
        figures[f"{name}_pearson"] = _pearson(ours, reference)
        figures[f"{name}_spearman"] = _spearman(ours, reference)
    return figures


def _cross_entropy(logit: Floats, target: Floats) -> float:
    """Binary cross-entropy of logits against targets in [0, 1], in nats."""
    logit64 = logit.astype(np.float64)
    return _mean(np.logaddexp(0.0, logit64) - target * logit64)


def _mean(values: NDArray[np.floating]) -> float:
    return float(values.mean(dtype=np.float64))


def _std(values: NDArray[np.floating]) -> float:
    return float(values.std(dtype=np.float64))


def _spread(name: str, values: NDArray[np.floating]) -> dict[str, float]:
    return {
        f"{name}_mean": _mean(values),
        f"{name}_std": _std(values),
        f"{name}_min": float(values.min()),
        f"{name}_max": float(values.max()),
    }


def _pearson(ours: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    if len(ours) < 2 or _std(ours) == 0 or _std(reference) == 0:
        return float("nan")
    return float(np.corrcoef(ours.astype(np.float64), reference.astype(np.float64))[0, 1])


def _spearman(ours: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    if len(ours) < 2 or _std(ours) == 0 or _std(reference) == 0:
        return float("nan")
    return float(spearmanr(ours, reference).statistic)
