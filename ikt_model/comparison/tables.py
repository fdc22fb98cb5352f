"""The tables of a comparison, in the order of the first one that was written by hand, and what is asked of
their figures: `CRITERIA` is the one place where thresholds stand.
"""

from dataclasses import dataclass
from typing import Literal

Goal = Literal["higher", "lower", "reference", "none"]
"""Whether a figure should rise, fall, come near the reference's, or is only told."""

Form = Literal["number", "count", "range"]
"""How a figure is written; of a range there are two, the smallest value and the largest."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a figure must reach."""

    at_least: float | None = None
    at_most: float | None = None
    at_least_of: str | None = None  # another metric of the same run, whose value is the threshold
    words: str = ""  # for that other metric

    @property
    def target(self) -> str:
        """The criterion in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.words}"

    def passes(self, value: float | None, *, other: float | None = None) -> bool | None:
        """Whether a value is good enough; None where it or the other metric's does not exist."""
        least = self.at_least if self.at_least_of is None else other
        if value is None or (least is None and self.at_most is None):
            return None
        return value <= self.at_most if self.at_most is not None else value >= (least or 0.0)


CRITERIA: dict[str, Criterion] = {
    "auc": Criterion(at_least_of="reference_auc", words="reference"),
    "l_21_kl": Criterion(at_most=0.001),
    "l_22": Criterion(at_most=0.001),
    "l_23": Criterion(at_most=0.01),
    "l_23_pointwise": Criterion(at_most=0.01),
    "theta_pearson": Criterion(at_least=0.99),
    "theta_spearman": Criterion(at_least=0.99),
    "ece": Criterion(at_most=0.01),
    "p_mastery_pearson": Criterion(at_least=0.93),
}
"""What a model must reach to be called resolved, in the order of the tables.

All but the first are those of the study (`docs/study/targets.toml`, held equal by a test): tight enough that
the aligned ability can be read as the reference's. The first comparison asked 0.15 of l_23 and 0.85 of the
correlations, which a model passes whose abilities are of no use. An AUC that holds for every dataset does not
exist; a network that predicts worse than the interpretable reference it is aligned to has no reason to be.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of a table. One whose name ends in `_range` is the `_min` and `_max` of the same name."""

    metric: str
    label: str
    goal: Goal = "none"
    reference: str | None = None  # metric that holds the reference's value
    aim: str | None = None  # metric of what training pulled it towards, where that is not the reference
    form: Form = "number"
    is_of_one_loss: bool = False  # no goal between runs whose losses are defined differently
    tells_by_absence: bool = False  # a row even where no run has the figure

    @property
    def criterion(self) -> Criterion | None:
        """What is asked of it."""
        return CRITERIA.get(self.metric)

    @property
    def ends(self) -> tuple[str, str]:
        """The two metrics of a range."""
        return ends_of(self.metric)


def ends_of(name: str) -> tuple[str, str]:
    """Metrics of the smallest and of the largest value."""
    return name.replace("_range", "_min"), name.replace("_range", "_max")


@dataclass(frozen=True, slots=True)
class Table:
    """One section."""

    name: str
    title: str
    lines: tuple[Line, ...]


def _spread(name: str, symbol: str, *, aim: str | None = None) -> tuple[Line, ...]:
    parts: tuple[tuple[str, str, Goal, Form], ...] = (
        ("mean", "mean", "reference", "number"),
        ("std", "standard deviation", "reference", "number"),
        ("range", "range", "none", "range"),
    )
    return tuple(
        Line(
            metric=f"{name}_{part}",
            label=f"{symbol} {words}",
            goal=goal,
            reference=f"reference_{name}_{part}",
            aim=f"{aim}_{part}" if aim else None,
            form=form,
        )
        for part, words, goal, form in parts
    )


TABLES: tuple[Table, ...] = (
    Table(
        "prediction",
        "Prediction",
        (
            Line("auc", "AUC", "higher", "reference_auc"),
            Line("accuracy", "Accuracy", "higher"),
            Line("l_bce", "l_bce", "lower"),
            Line("brier", "Brier score", "lower"),
            Line("ece", "ECE of p", "lower"),
            Line("auc_first_5", "AUC of a student's first 5", "higher"),
            Line("mastery_auc", "AUC of mastery alone", "higher", "reference_auc"),
            Line("mastery_ece", "ECE of M", "lower"),
        ),
    ),
    Table(
        "alignment",
        "Alignment losses",
        (
            Line("l_21", "l_21 performance", "lower", "l_21_floor"),
            Line("l_21_floor", "l_21 floor: entropy of M^ref"),
            Line("l_21_kl", "l_21 above its floor (KL)", "lower"),
            Line("l_22", "l_22 difficulty", "lower"),
            Line("l_23", "l_23 ability, as each was trained", "lower", is_of_one_loss=True),
            Line("l_23_mean", "l_23 of time-means", "lower"),
            Line("l_23_pointwise", "l_23 at every step", "lower"),
            Line("l_align", "l_21 + l_23, as each was trained", "lower", is_of_one_loss=True),
            Line("l_scale", "l_scale", "lower"),
        ),
    ),
    Table("theta", "Scale of ability θ", _spread("theta", "θ", aim="target_theta")),
    Table("beta", "Scale of difficulty β", _spread("beta", "β")),
    Table("mastery", "Mastery M", _spread("mastery", "M")),
    Table(
        "correlation",
        "Correlation with the reference",
        (
            Line("theta_pearson", "θ Pearson", "higher"),
            Line("theta_spearman", "θ Spearman", "higher"),
            Line("theta_static_pearson", "mean θ per student, Pearson", "higher"),
            Line("theta_static_spearman", "mean θ per student, Spearman", "higher"),
            Line("beta_pearson", "β Pearson", "higher"),
            Line("beta_spearman", "β Spearman", "higher"),
            Line("mastery_pearson", "M Pearson", "higher"),
            Line("mastery_spearman", "M Spearman", "higher"),
            Line("p_mastery_pearson", "p against M, Pearson", "higher"),
        ),
    ),
    Table(
        "training",
        "Training losses, last epoch",
        (
            Line("train_loss", "total", "lower", is_of_one_loss=True),
            Line("train_l_bce", "l_bce", "lower"),
            Line("train_l_stability", "l_stability (l_22 by its older name)", "lower"),
            Line("train_l_align", "l_align_total = l_21 + l_23", "lower", is_of_one_loss=True),
            Line("train_l_21", "l_21", "lower"),
            Line("train_l_22", "l_22", "lower"),
            Line("train_l_23", "l_23, as each was trained", "lower", is_of_one_loss=True),
            Line("train_l_scale", "l_scale", "lower"),
        ),
    ),
    Table(
        "lambda",
        "λ schedule",
        (
            Line("first_lambda", "λ in the first epoch"),
            Line("lambda", "λ in the last epoch"),
            Line("lambda_target", "λ at its target"),
            Line("lambda_warmup_epochs", "epochs of the warm-up", form="count"),
            Line("trained_epochs", "epochs trained", form="count"),
            Line(
                "lambda_reached", "epoch at which the target was reached", form="count", tells_by_absence=True
            ),
        ),
    ),
)

SCALES = ("theta_std", "beta_std", "theta_mean", "beta_mean")
"""Rows of the scale comparison."""

NO_METRICS = ("train_", "first_", "trained_", "lambda_")
"""How names begin that the final model has no figure of."""

CURVES: tuple[Line, ...] = (
    Line("auc", "AUC, held out", "higher", "reference_auc"),
    Line("l_bce", "l_bce, held out", "lower"),
    Line("train_loss", "total loss in training", "lower", is_of_one_loss=True),
    Line("train_l_bce", "l_bce in training", "lower"),
    Line("train_l_21", "l_21 in training", "lower"),
    Line("train_l_22", "l_22 in training", "lower"),
    Line("train_l_23", "l_23 in training", "lower", is_of_one_loss=True),
    Line("theta_std", "θ standard deviation, held out", "reference", "reference_theta_std"),
    Line("theta_pearson", "θ Pearson, held out", "higher"),
    Line("lambda", "λ"),
)
"""What is drawn over the epochs."""
