"""How far predicted probabilities are to be believed: reliability curve, ECE and Brier score.

N predicted responses. A model is calibrated when, of all responses to which it gave 0.7, seven in ten are
right. The expected calibration error (Naeini et al. 2015, AAAI 29) is the mean distance from that, over bins
weighted by their size.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15
CLIP = 1e-7  # keeps the cross-entropy of a probability of exactly 0 or 1 finite

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The responses whose probability lies in [low, high); the last bin holds its upper end too."""

    low: float
    high: float
    n: int
    mean_probability: float
    share_right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Calibration of one column of probabilities; not-a-number where there is no response."""

    ece: float  # 15 bins of equal width
    ece_equal_mass: float  # 15 bins of equally many responses
    brier: float
    log_loss: float  # nats
    mean_probability: float
    share_right: float
    curve: list[ReliabilityBin]  # bins of equal width that hold a response


def reliability(response: Floats, probability: Floats, *, bins: int = BINS) -> Reliability:
    """Every calibration figure of these predictions."""
    right = response.astype(np.float64)
    said = probability.astype(np.float64)
    clipped = np.clip(said, CLIP, 1 - CLIP)
    return Reliability(
        ece=calibration_error(right, said, bins=bins),
        ece_equal_mass=equal_mass_error(right, said, bins=bins),
        brier=brier_score(right, said),
        log_loss=_mean(-(right * np.log(clipped) + (1 - right) * np.log1p(-clipped))),
        mean_probability=_mean(said),
        share_right=_mean(right),
        curve=_curve(right, said, bins),
    )


def calibration_error(response: Floats, probability: Floats, *, bins: int = BINS) -> float:
    """ECE over bins of equal width; NaN without a response or with a probability that is no number."""
    if not len(probability) or not np.isfinite(probability).all():
        return math.nan
    return _gap(response, probability, _equal_width(probability, bins))


def equal_mass_error(response: Floats, probability: Floats, *, bins: int = BINS) -> float:
    """ECE over bins of equally many responses: steadier than equal widths where probabilities crowd."""
    if not len(probability) or not np.isfinite(probability).all():
        return math.nan
    order = np.argsort(probability, kind="stable")
    bin_of = np.empty(len(order), np.int64)
    bin_of[order] = np.arange(len(order)) * bins // len(order)
    return _gap(response, probability, bin_of)


def brier_score(response: Floats, probability: Floats) -> float:
    """Mean squared distance of probability and response (Brier 1950); NaN without a response."""
    return _mean((probability.astype(np.float64) - response) ** 2)


def _equal_width(probability: Floats, bins: int) -> NDArray[np.int64]:
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def _gap(response: Floats, probability: Floats, bin_of: NDArray[np.int64]) -> float:
    # Of each bin |Σ p − Σ r|: the bin's size, by which its mean distance is weighted, cancels.
    difference = np.bincount(bin_of, weights=probability.astype(np.float64) - response)
    return float(np.abs(difference).sum() / len(response))


def _curve(response: Floats, probability: Floats, bins: int) -> list[ReliabilityBin]:
    if not np.isfinite(probability).all():
        return []
    bin_of = _equal_width(probability, bins)
    counts = np.bincount(bin_of, minlength=bins)
    said = np.bincount(bin_of, weights=probability, minlength=bins)
    right = np.bincount(bin_of, weights=response, minlength=bins)
    return [
        ReliabilityBin(
            low=place / bins,
            high=(place + 1) / bins,
            n=int(counts[place]),
            mean_probability=float(said[place] / counts[place]),
            share_right=float(right[place] / counts[place]),
        )
        for place in np.flatnonzero(counts).tolist()
    ]


def _mean(values: Floats) -> float:
    return float(values.mean(dtype=np.float64)) if len(values) else math.nan
