"""Every figure that has a name here, and how it is called for people."""

from difflib import get_close_matches
from functools import cache
from itertools import combinations

from ikt_model.comparison.tables import TABLES

SPREADS = (
    *("theta", "beta", "mastery"),
    *("reference_theta", "target_theta", "reference_beta", "reference_mastery"),
)
CORRELATED = ("theta", "theta_static", "beta", "mastery")
PARTS = ("mean", "std", "min", "max")
LOSSES = ("l_bce", "l_21", "l_22", "l_23", "l_scale")
BALANCED = ("l_bce", "l_21", "l_23")
PULLING = (*BALANCED, "l_scale")
_SYMBOLS = {"theta": "θ", "beta": "β", "mastery": "M"}
_WHOSE = {"": "", "reference": " of the reference", "target": " that l_23 pulls towards"}
_PARTS = {"mean": "mean", "std": "standard deviation", "min": "smallest", "max": "largest"}


_OWN = {
    "loss": "total loss",
    "lambda": "λ",
    "reference_auc": "AUC of the reference",
    "brier": "Brier score of p",
    "theta_target_pearson": "θ against what l_23 pulls towards, Pearson",
    "train_loss": "total loss in training",
}
_OF_TABLES = (
    *("auc", "accuracy", "auc_first_5", "mastery_auc", "ece", "mastery_ece"),
    *(*LOSSES, "l_21_floor", "l_21_kl", "l_23_mean", "l_23_pointwise", "l_align", "p_mastery_pearson"),
    *(f"{owner}_{kind}" for owner in CORRELATED for kind in ("pearson", "spearman")),
)


@cache
def labels() -> dict[str, str]:
    """Label of every metric, by name: those of the final model, then those of an epoch's training."""
    of_tables = {line.metric: line.label for table in TABLES for line in table.lines}
    pairs = combinations(PULLING, 2)
    return {
        **{name: of_tables.get(name, name) for name in _OF_TABLES},
        **{f"{name}_{part}": _spread_label(name, part) for name in SPREADS for part in PARTS},
        **_OWN,
        **{f"train_{name}": f"{name} in training" for name in (*LOSSES, "l_align")},
        **{f"train_factor_{name}": f"factor of {name}" for name in BALANCED},
        **{f"train_grad_norm_{name}": f"‖∇ {name}‖" for name in PULLING},
        **{f"train_grad_cosine_{one}_{other}": f"cosine of ∇ {one} and ∇ {other}" for one, other in pairs},
    }


def label_of(metric: str) -> str:
    """The label, or the name itself where there is none."""
    return labels().get(metric, metric)


def nearest(name: str) -> str | None:
    """The known name that an unknown one was meant to be, if one is near."""
    return next(iter(get_close_matches(name, list(labels()), n=1, cutoff=0.6)), None)


def _spread_label(name: str, part: str) -> str:
    whose, _, symbol = name.rpartition("_")
    return f"{_SYMBOLS[symbol]} {_PARTS[part]}{_WHOSE[whose]}"
