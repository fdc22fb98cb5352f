"""θ against what l_23 pulls towards.

s and S are the standard deviations of the two, ρ their correlation, Δ the difference of their means.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ikt_model.comparison.audits.accounts import Account
from ikt_model.comparison.audits.reported import Span, distinct, exactly
from ikt_model.comparison.evidence import Observation

ANY_CORRELATION = Span(-1.0, 1.0)
SAME = 0.05  # relative difference of two answers below which one is enough


def mean_square(*, spread: Span, target: Span, pearson: Span, shift: Span) -> Span:
    """s² + S² − 2ρsS + Δ²: the mean square of the difference of any two variables."""
    return spread.square + target.square - exactly(2.0) * pearson * spread * target + shift.square


@dataclass(frozen=True, slots=True)
class Target:
    """Names of the figures of what l_23 pulls towards."""

    std: str
    mean: str
    pearson: str


def target_of(account: Account) -> Target | None:
    """None where it isn't told: the reference's trajectory is the target only where that is dynamic."""
    if account.has("target_theta_std") or account.has("target_theta_mean"):
        return Target("target_theta_std", "target_theta_mean", "theta_target_pearson")
    if account.subject.setting("loss.ability_target") == "dynamic":
        return Target("reference_theta_std", "reference_theta_mean", "theta_pearson")
    return None


def loss_told_as(account: Account, kind: str) -> str | None:
    """Name of l_23 as `mean` or as `pointwise`: under its own name, or as it was trained."""
    if account.has(f"l_23_{kind}"):
        return f"l_23_{kind}"
    trained = account.subject.setting("loss.ability_alignment")
    return "l_23" if trained == kind and account.has("l_23") else None


def implied_distance(account: Account, *, as_told: bool = False) -> Span | None:
    """l_23 at every step as spreads, correlation and means have it, with what their digits leave open or just
    as they were told; None where one of them is missing.
    """
    target = target_of(account)
    if target is None or not account.has("theta_std", "theta_mean", target.std, target.mean):
        return None

    def figure(name: str) -> Span:
        return exactly(account.value(name)) if as_told else account.span(name)

    return mean_square(
        spread=figure("theta_std"),
        target=figure(target.std),
        pearson=figure(target.pearson).cut(-1.0, 1.0) if account.has(target.pearson) else ANY_CORRELATION,
        shift=figure("theta_mean") - figure(target.mean),
    )


def distance_at_every_step(account: Account) -> Iterator[Observation]:
    """l_23 at every step is s² + S² − 2ρsS + Δ². Not so of means over folds."""
    loss, target, implied = loss_told_as(account, "pointwise"), target_of(account), implied_distance(account)
    if loss is None or target is None or implied is None or not account.subject.is_one_fold:
        return
    if implied.meets(account.span(loss)):
        return
    is_correlated = account.has(target.pearson)
    figures = _Distance(
        loss=account.value(loss),
        spread=account.value("theta_std"),
        target=account.value(target.std),
        pearson=min(max(account.value(target.pearson), -1.0), 1.0) if is_correlated else 0.0,
        apart=abs(account.value("theta_mean") - account.value(target.mean)),
    )
    correlated = f"{account.value(target.pearson):.4g} correlated" if is_correlated else "however correlated"
    as_told = implied_distance(account, as_told=True) or implied
    said, made, low, high = distinct(figures.loss, as_told.low, implied.low, implied.high)
    made = f"{made} ({low} to {high} within their digits)" if is_correlated else f"{low} to {high}"
    yield account.contradiction(
        "arithmetic_distance_at_every_step",
        f"{loss} is {said}, but a θ with standard deviation {figures.spread:.4g} and a reference with "
        f"{figures.target:.4g}, {correlated} and {figures.apart:.4g} apart in the mean, make it {made}: "
        f"these figures contradict each other and can't be of the same responses. {figures.remedy()}",
        (loss, "theta_std", target.std, target.pearson, "theta_mean", target.mean),
        truth=None if (spread := figures.true_target()) is None else (target.std, spread),
    )


@dataclass(frozen=True, slots=True)
class _Distance:
    """An identity that doesn't hold, solved for S."""

    loss: float
    spread: float
    target: float
    pearson: float
    apart: float

    def true_target(self, *, apart: float | None = None) -> float | None:
        """The root of the identity nearest to what was told; None where there is no real one above 0."""
        gap = self.apart if apart is None else apart
        square = self.room - gap * gap
        if square < 0:
            return None
        middle = self.pearson * self.spread
        roots = [root for root in (middle - math.sqrt(square), middle + math.sqrt(square)) if root >= 0]
        return min(roots, key=lambda root: abs(root - self.target), default=None)

    @property
    def room(self) -> float:
        """What l_23 leaves for Δ² and (S − ρs)²."""
        return self.loss - (1 - self.pearson * self.pearson) * self.spread * self.spread

    def remedy(self) -> str:
        """Which S would make the figures true, or why none does."""
        found, centred = self.true_target(), self.true_target(apart=0.0)
        if found is not None:
            _, true = distinct(self.target, found, digits=2)
            differs = centred is not None and abs(centred - found) > SAME * found
            otherwise = f" ({centred:.2g} if the two means were equal)" if differs else ""
            return f"They would be true of a reference with standard deviation {true}{otherwise}."
        if self.room >= 0:
            return (
                "No standard deviation of the reference makes them true: the means can be at most "
                f"{math.sqrt(self.room):.2g} apart."
            )
        return "No standard deviation of the reference makes them true: θ's own is too large for such a loss."


def distance_of_time_means(account: Account) -> Iterator[Observation]:
    """l_23 of time-means is at least Δ²/window: each sequence counts once in it and by its length in Δ, and
    none is longer than the window, nor the mean one shorter than a response (Jensen).
    """
    loss, target, window = (
        loss_told_as(account, "mean"),
        target_of(account),
        account.subject.number("model.window"),
    )
    if loss is None or target is None or not window or not account.has("theta_mean", target.mean):
        return
    least = (account.span("theta_mean") - account.span(target.mean)).square * exactly(1 / window)
    if not least.surely_above(account.span(loss)):
        return
    ours, theirs = account.value("theta_mean"), account.value(target.mean)
    most = math.sqrt(window * max(account.value(loss), 0.0))
    told, bound = distinct(account.value(loss), least.low)
    yield account.contradiction(
        "arithmetic_distance_of_time_means",
        f"{loss} is {told}, but the means of θ and of its reference are {abs(ours - theirs):.4g} apart, and "
        f"then it is at least {bound} with histories of up to {window:g} responses: these figures contradict "
        "each other. No standard deviation of the reference makes them true, for the means could be at most "
        f"{most:.2g} apart: look for padding in the statistics of θ.",
        (loss, "theta_mean", target.mean),
        truth=(target.mean, ours - math.copysign(most, ours - theirs)),
    )


def loss_by_name(account: Account) -> Iterator[Observation]:
    """l_23 as it was trained is l_23_mean or l_23_pointwise."""
    kind = account.subject.setting("loss.ability_alignment")
    own = f"l_23_{kind}"
    if kind not in ("mean", "pointwise") or not account.has("l_23", own):
        return
    if not account.span("l_23").meets(account.span(own)):
        trained, measured = distinct(account.value("l_23"), account.value(own))
        yield account.contradiction(
            "arithmetic_loss_by_name",
            f"l_23 was trained as {kind} and is {trained}, but {own} is {measured}: one of them is of other "
            "responses, or loss.ability_alignment is not as told.",
            ("l_23", own),
            truth=("l_23", account.value(own)),
        )
