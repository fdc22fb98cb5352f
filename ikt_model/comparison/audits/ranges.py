"""What a figure can be at all: correlations, shares, losses, spreads and the mastery between its extremes."""

import math
from collections.abc import Iterator

from ikt_model.comparison.audits.accounts import Account
from ikt_model.comparison.audits.reported import Span, distinct, exactly
from ikt_model.comparison.evidence import Observation
from ikt_model.comparison.metric_names import LOSSES, SPREADS

CORRELATION, SHARE, NOT_NEGATIVE = Span(-1.0, 1.0), Span(0.0, 1.0), Span(0.0, math.inf)
CORRELATIONS = ("_pearson", "_spearman")
SHARES = ("auc", "accuracy", "ece", "brier", "lambda", "auc_first_5")


def possible_values(account: Account) -> Iterator[Observation]:
    """No correlation beyond 1, no probability outside 0 and 1, no loss below 0."""
    for name in account.figures:
        possible = _possible(name)
        if possible is None or possible.meets(account.span(name)):
            continue
        ends = (
            "not be negative"
            if possible is NOT_NEGATIVE
            else f"only be from {possible.low:g} to {possible.high:g}"
        )
        yield account.contradiction(
            "arithmetic_possible_values",
            f"{name} is {account.value(name):.4g}, and can {ends}: it was computed wrongly or is something "
            "else.",
            (name,),
        )


def _possible(name: str) -> Span | None:
    if name.endswith(CORRELATIONS) or name.startswith("train_grad_cosine_"):
        return CORRELATION
    if name in SHARES or name.endswith(("_auc", "_ece")):
        return SHARE
    owner, _, part = name.rpartition("_")
    if owner in ("mastery", "reference_mastery") and part != "std":
        return SHARE
    is_loss = name.removeprefix("train_") in (*LOSSES, "l_23_mean", "l_23_pointwise", "l_21_floor", "l_align")
    is_size = name.startswith(("train_grad_norm_", "train_factor_")) or (part == "std" and owner in SPREADS)
    return NOT_NEGATIVE if is_loss or is_size else None


def spread_within_range(account: Account) -> Iterator[Observation]:
    """min ≤ mean ≤ max, and std² ≤ (max − mean)(mean − min), so std ≤ range/2 (Bhatia & Davis 2000)."""
    for owner in SPREADS:
        low, mean, high, std = (f"{owner}_{part}" for part in ("min", "mean", "max", "std"))
        if not account.has(low, high):
            continue
        if account.span(low).surely_above(account.span(high)):
            yield _out_of_order(account, low, high)
        elif account.has(mean) and account.span(mean).surely_above(account.span(high)):
            yield _out_of_order(account, mean, high)
        elif account.has(mean) and account.span(low).surely_above(account.span(mean)):
            yield _out_of_order(account, low, mean)
        elif account.has(std):
            yield from _too_wide(account, low=low, mean=mean, high=high, std=std)


def _out_of_order(account: Account, smaller: str, larger: str) -> Observation:
    above, below = distinct(account.value(smaller), account.value(larger))
    return account.contradiction(
        "arithmetic_range",
        f"{smaller} is {above} and above {larger}, which is {below}: they are not of the same values, or "
        "were exchanged.",
        (smaller, larger),
    )


def _too_wide(account: Account, *, low: str, mean: str, high: str, std: str) -> Iterator[Observation]:
    bottom, top = account.span(low), account.span(high)
    if account.has(mean):
        middle = account.span(mean)
        most = _above(top - middle) * _above(middle - bottom)
    else:
        most = (_above(top - bottom) * exactly(0.5)).square
    if account.span(std).square.surely_above(most):
        largest = math.sqrt(most.high)
        told, possible = distinct(account.value(std), largest)
        yield account.contradiction(
            "arithmetic_spread_within_range",
            f"{std} is {told}, but values from {account.value(low):.4g} to {account.value(high):.4g} with "
            f"that mean have a standard deviation of at most {possible}: they are not the same values.",
            (std, low, mean, high),
            truth=(std, largest),
        )


def _above(span: Span) -> Span:
    return Span(max(span.low, 0.0), max(span.high, 0.0))


def mastery_between_extremes(account: Account) -> Iterator[Observation]:
    """M = σ(θ − β) lies between σ(θ_min − β_max) and σ(θ_max − β_min). Not so of a mastery with a part of its
    own for every skill, nor of means over folds.
    """
    is_scalar = account.subject.setting("model.mastery") == "scalar" and account.subject.is_one_fold
    if not is_scalar or not account.has("theta_min", "theta_max", "beta_min", "beta_max"):
        return
    least = (account.span("theta_min") - account.span("beta_max")).sigmoid
    most = (account.span("theta_max") - account.span("beta_min")).sigmoid
    possible = Span(least.low, most.high)
    for name in ("mastery_mean", "mastery_min", "mastery_max"):
        if account.has(name) and not possible.meets(account.span(name)):
            nearest = possible.low if account.value(name) < possible.low else possible.high
            yield account.contradiction(
                "arithmetic_mastery_between_extremes",
                f"{name} is {account.value(name):.4g}, but M = σ(θ − β) of the extremes of θ and β told lies "
                f"between {possible.low:.4g} and {possible.high:.4g}: mastery is of other responses, or not "
                "σ(θ − β).",
                (name, "theta_min", "theta_max", "beta_min", "beta_max"),
                truth=(name, nearest),
            )
