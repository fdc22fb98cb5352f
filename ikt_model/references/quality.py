"""How well a reference predicts, one step ahead, and whether it is fit to be aligned to.

A model that is aligned to a reference learns its errors too, so each reference is held against the least
that can be said: the share of right answers on the skill. Predicted is every response but a student's first.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from ikt_model.comparison.calibration import calibration_error
from ikt_model.data.sequences import Sequences
from ikt_model.references.protocol import Calibration, ReferenceTargets
from ikt_model.references.skill_rate import fit_skill_rate
from ikt_model.settings import SkillRateSettings

Floats = NDArray[np.float64]

DIVERGED_LOGITS = 6.0  # odds of 400 to 1: further than any finite number of mixed answers puts a student
TOLERATED_SHARE = 0.01  # of abilities beyond it
UNKNOWN_ERROR = 2.0  # logits: with such a standard error a difficulty says nothing


@dataclass(frozen=True, slots=True)
class ReferenceQuality:
    """One-step-ahead figures of a reference on some students, and of the skill rates on the same responses;
    not-a-number where a figure is undefined.
    """

    auc: float
    ece: float  # 15 bins of equal width
    log_loss: float  # nats
    skill_rate_auc: float
    skill_rate_log_loss: float
    n_predicted: int
    diverged_share: float  # of abilities
    warnings: tuple[str, ...]  # each a sentence for whoever is about to align to it

    def figures(self) -> dict[str, float]:
        """The defined ones by name, as they stand in a calibration's summary."""
        named = {
            "auc": self.auc,
            "ece": self.ece,
            "log_loss": self.log_loss,
            "skill_rate_auc": self.skill_rate_auc,
            "skill_rate_log_loss": self.skill_rate_log_loss,
            "diverged_share": self.diverged_share,
        }
        return {name: value for name, value in named.items() if math.isfinite(value)}


def assess(
    calibration: Calibration,
    sequences: Sequences,
    *,
    students: NDArray[np.bool_] | None = None,
    trained_on: NDArray[np.bool_] | None = None,
) -> ReferenceQuality:
    """Measure a fitted reference on the students of a mask [S] (everyone without one).

    The skill rates beside it are those of `trained_on` [S]: of the same students where it is left out, as is
    right for a figure of training; name the training students for one of held-out students.
    """
    everyone = np.ones(sequences.n_students, dtype=bool)
    students = everyone if students is None else students
    chosen = sequences.select(students)
    rates = sequences.select(students if trained_on is None else trained_on)
    asked = _asked(chosen)
    targets = calibration.targets(chosen)
    response = chosen.responses[asked].astype(np.float64)
    auc, log_loss = _fit_of(targets, asked, response)
    rate_auc = rate_log_loss = math.nan
    if rates.n_responses:
        rate = fit_skill_rate(rates, settings=SkillRateSettings()).targets(chosen)
        rate_auc, rate_log_loss = _fit_of(rate, asked, response)
    diverged = float((np.abs(targets.theta) > DIVERGED_LOGITS).mean()) if len(targets.theta) else 0.0
    return ReferenceQuality(
        auc=auc,
        ece=calibration_error(response, expit(targets.mastery_logit[asked].astype(np.float64))),
        log_loss=log_loss,
        skill_rate_auc=rate_auc,
        skill_rate_log_loss=rate_log_loss,
        n_predicted=len(asked),
        diverged_share=diverged,
        warnings=tuple(
            _comparison_warnings(calibration, (auc, log_loss), (rate_auc, rate_log_loss))
            + _fit_warnings(calibration, diverged)
        ),
    )


def _asked(sequences: Sequences) -> NDArray[np.int64]:
    """Every step but a student's first."""
    is_asked = np.ones(sequences.n_responses, dtype=bool)
    is_asked[sequences.offsets[:-1][sequences.lengths > 0]] = False
    return np.flatnonzero(is_asked)


def _fit_of(targets: ReferenceTargets, asked: NDArray[np.int64], response: Floats) -> tuple[float, float]:
    """AUC and log-loss of the mastery of the steps asked."""
    logit = targets.mastery_logit[asked].astype(np.float64)
    if not len(asked) or not np.isfinite(logit).all():
        return math.nan, math.nan
    loss = float((np.logaddexp(0.0, logit) - response * logit).mean())
    both = response.min() < response.max()
    return (float(roc_auc_score(response, logit)) if both else math.nan), loss


def _comparison_warnings(
    calibration: Calibration, own: tuple[float, float], rate: tuple[float, float]
) -> list[str]:
    if calibration.name == "skill-rate":
        return []
    (auc, log_loss), (rate_auc, rate_log_loss) = own, rate
    worse = []
    if auc < rate_auc:
        worse.append(f"AUC {auc:.3f} < {rate_auc:.3f}")
    if log_loss > rate_log_loss:
        worse.append(f"log-loss {log_loss:.3f} > {rate_log_loss:.3f}")
    if not worse:
        return []
    return [
        f"reference {calibration.title} predicts worse than the skill means ({', '.join(worse)}): "
        "aligning to it teaches its errors"
    ]


def _fit_warnings(calibration: Calibration, diverged: float) -> list[str]:
    title, warnings = calibration.title, calibration.doubts()
    if diverged > TOLERATED_SHARE:
        warnings.append(
            f"{diverged:.0%} of the abilities lie beyond ±{DIVERGED_LOGITS:g} logits: "
            "they diverge on all-right and all-wrong histories"
        )
    practised = calibration.responses_per_skill > 0
    unknown = int((practised & (calibration.difficulty_se > UNKNOWN_ERROR)).sum())
    if unknown:
        warnings.append(
            f"the difficulty of {unknown} of {int(practised.sum())} practised skills is not identified "
            f"(standard error above {UNKNOWN_ERROR:g} logits)"
        )
    return [f"reference {title}: {warning}" for warning in warnings]
