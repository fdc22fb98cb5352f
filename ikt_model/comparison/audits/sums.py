"""Figures that are sums of others, and λ, which follows from the settings."""

import math
from collections.abc import Iterator

from ikt_model.comparison.audits.accounts import Account
from ikt_model.comparison.audits.reported import distinct, exactly, total
from ikt_model.comparison.evidence import Observation, Subject

ORIGINS = ("", "train_")  # held out, in training
CURVES = {"linear": "in a line", "cosine": "along a cosine", "constant": "at once"}


def alignment_sum(account: Account) -> Iterator[Observation]:
    """l_align is l_21 + l_23."""
    for origin in ORIGINS:
        whole, *parts = (f"{origin}{name}" for name in ("l_align", "l_21", "l_23"))
        if account.has(whole, *parts) and not total(map(account.span, parts)).meets(account.span(whole)):
            right = sum(map(account.value, parts))
            told, added = distinct(account.value(whole), right)
            yield account.contradiction(
                "arithmetic_alignment_sum",
                f"{whole} is {told}, but {parts[0]} and {parts[1]} add up to {added}: one of the three is of "
                "something else.",
                (whole, *parts),
                truth=(whole, right),
            )


def loss_sum(account: Account) -> Iterator[Observation]:
    """L = (1−λ)·l_bce + c·l_22 + λ·(l_21 + l_23) + λ_scale·l_scale, unless terms are balanced."""
    c = account.subject.number("loss.difficulty_weight")
    if c is None or account.subject.setting("loss.balancing") not in (None, "fixed"):
        return
    scale_weight = account.subject.number("loss.scale_weight") or 0.0
    for origin in ORIGINS:
        terms = ["l_bce", "l_22", "l_21", "l_23", *(["l_scale"] if scale_weight else [])]
        names = [f"{origin}loss", "lambda", *(f"{origin}{term}" for term in terms)]
        if not account.has(*names):
            continue
        whole, lambda_, l_bce, l_22, l_21, l_23, *l_scale = map(account.span, names)
        fixed = total([exactly(c) * l_22, *(exactly(scale_weight) * term for term in l_scale)])
        if not ((exactly(1.0) - lambda_) * l_bce + lambda_ * (l_21 + l_23) + fixed).meets(whole):
            yield _wrong_sum(account, names, c=c, scale_weight=scale_weight)


def _wrong_sum(account: Account, names: list[str], *, c: float, scale_weight: float) -> Observation:
    whole, lambda_, l_bce, l_22, l_21, l_23, *l_scale = map(account.value, names)
    fixed = c * l_22 + scale_weight * sum(l_scale)
    right = (1 - lambda_) * l_bce + lambda_ * (l_21 + l_23) + fixed
    told, added = distinct(whole, right)
    slope = l_21 + l_23 - l_bce
    other = (whole - fixed - l_bce) / slope if slope else math.nan
    hint = f" (λ = {other:.3g} would make it so)" if 0 <= other <= 1 else ""
    return account.contradiction(
        "arithmetic_loss_sum",
        f"{names[0]} is {told}{hint}, but its terms with λ = {lambda_:.3g} and c = {c:.3g} add up to "
        f"{added}: one of them is of something else, or the weights are not as told.",
        tuple(names),
        truth=(names[0], right),
    )


def lambda_schedule(account: Account) -> Iterator[Observation]:
    """λ follows its schedule."""
    subject = account.subject
    expected = scheduled_lambda(subject, account.epoch)
    if expected is None or not account.has("lambda") or account.span("lambda").meets(exactly(expected)):
        return
    target, warmup = (subject.number(f"loss.{name}") for name in ("lambda_target", "lambda_warmup_epochs"))
    told, due = distinct(account.value("lambda"), expected)
    last = subject.number("training.epochs") if account.epoch is None else account.epoch
    when = f" after epoch {last:g}" if last is not None else ""
    yield account.contradiction(
        "arithmetic_lambda_schedule",
        f"λ is {told}, but rising {CURVES[_schedule(subject)]} to {target:g} over {warmup:g} epochs it is "
        f"{due}{when}: the run had other settings, or the figures are of another epoch.",
        ("lambda",),
        truth=("lambda", expected),
    )


def scheduled_lambda(subject: Subject, epoch: int | None = None) -> float | None:
    """λ of an epoch, by default of the last one; None where the configuration does not say.

    What `losses.lambda_at` is to complete settings; that one needs torch, which comparisons do without.
    """
    target, warmup = (subject.number(f"loss.{name}") for name in ("lambda_target", "lambda_warmup_epochs"))
    schedule = _schedule(subject)
    if target is None or warmup is None or schedule not in CURVES:
        return None
    if warmup == 0 or schedule == "constant":
        return target
    now = subject.number("training.epochs") if epoch is None else epoch
    if now is None:
        return None
    share = min(1.0, now / warmup)
    return target * ((1 - math.cos(math.pi * share)) / 2 if schedule == "cosine" else share)


def _schedule(subject: Subject) -> str:
    return str(subject.setting("loss.lambda_schedule") or "linear")
