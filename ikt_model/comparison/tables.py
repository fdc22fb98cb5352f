"""The sections of a comparison, in the order of the first one that was written by hand."""

from dataclasses import dataclass
from typing import Literal

Goal = Literal["higher", "lower", "reference", "none"]
"""Whether a figure should rise, fall, come near the reference's, or is only told."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of a table."""

    metric: str
    label: str
    goal: Goal = "none"
    reference: str | None = None  # metric that holds the reference's value
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str | None:
        """The criterion in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else None

    def passes(self, value: float | None) -> bool | None:
        """Whether a value meets the criterion; None where there is no criterion or no value."""
        if value is None or self.target is None:
            return None
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)


@dataclass(frozen=True, slots=True)
class Table:
    """One section."""

    title: str
    lines: tuple[Line, ...]


def _spread(name: str, symbol: str) -> tuple[Line, ...]:
    parts = (("mean", "mean"), ("std", "standard deviation"), ("min", "smallest"), ("max", "largest"))
    return tuple(
        Line(f"{name}_{part}", f"{symbol} {word}", "reference", f"reference_{name}_{part}")
        for part, word in parts
    )


TABLES: tuple[Table, ...] = (
    Table(
        "Prediction",
        (
            Line("auc", "AUC", "higher", "reference_auc"),
            Line("accuracy", "Accuracy", "higher"),
            Line("l_bce", "l_bce", "lower"),
            Line("mastery_auc", "AUC of mastery alone", "higher", "reference_auc"),
            Line("auc_first_5", "AUC of a student's first 5", "higher"),
        ),
    ),
    Table(
        "Calibration",
        (
            Line("ece", "ECE of p", "lower", at_most=0.01),
            Line("mastery_ece", "ECE of M", "lower"),
            Line("brier", "Brier score of p", "lower"),
        ),
    ),
    Table(
        "Alignment losses",
        (
            Line("l_21", "l_21 performance", "lower", "l_21_floor"),
            Line("l_21_floor", "l_21 floor: entropy of M^ref"),
            Line("l_21_kl", "l_21 above its floor (KL)", "lower", at_most=0.005),
            Line("l_22", "l_22 difficulty", "lower", at_most=0.01),
            Line("l_23", "l_23 ability, as each was trained", at_most=0.15),
            Line("l_23_mean", "l_23 of time-means", "lower"),
            Line("l_23_pointwise", "l_23 at every step", "lower"),
            Line("l_align", "l_21 + l_23, as each was trained"),
            Line("l_scale", "l_scale", "lower"),
        ),
    ),
    Table("Scale of ability θ", _spread("theta", "θ")),
    Table("Scale of difficulty β", _spread("beta", "β")),
    Table("Mastery M", _spread("mastery", "M")),
    Table(
        "Correlation with the reference",
        (
            Line("theta_pearson", "θ Pearson", "higher", at_least=0.85),
            Line("theta_spearman", "θ Spearman", "higher", at_least=0.85),
            Line("theta_static_pearson", "mean θ per student, Pearson", "higher"),
            Line("theta_static_spearman", "mean θ per student, Spearman", "higher"),
            Line("beta_pearson", "β Pearson", "higher"),
            Line("beta_spearman", "β Spearman", "higher"),
            Line("mastery_pearson", "M Pearson", "higher"),
            Line("mastery_spearman", "M Spearman", "higher"),
            Line("p_mastery_pearson", "p against M, Pearson", "higher", at_least=0.85),
        ),
    ),
    Table(
        "Training losses, last epoch",
        (
            Line("train_loss", "total"),
            Line("train_l_bce", "l_bce", "lower"),
            Line("train_l_21", "l_21", "lower"),
            Line("train_l_22", "l_22", "lower"),
            Line("train_l_23", "l_23, as each was trained"),
            Line("train_l_align", "l_21 + l_23, as each was trained"),
            Line("train_l_scale", "l_scale", "lower"),
        ),
    ),
    Table("λ", (Line("first_lambda", "λ in the first epoch"), Line("lambda", "λ in the last epoch"))),
)
