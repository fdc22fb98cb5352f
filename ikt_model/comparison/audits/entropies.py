"""Cross-entropies, and what they leave of accuracy and Brier score."""

import math
from collections.abc import Iterator

from ikt_model.comparison.audits.accounts import Account
from ikt_model.comparison.audits.reported import distinct, exactly
from ikt_model.comparison.evidence import Observation

COSTS = {"l_bce": math.log(2), "brier": 0.25}
"""Least that a response predicted on the wrong side of ½ adds."""
BCE_PER_BRIER = 2.4554  # least of −ln(1−d)/d² over errors d from 0 to 1, at d = 0.715


def entropy_floor(account: Account) -> Iterator[Observation]:
    """l_21 is at least the entropy of M^ref, and what it has above that is the divergence."""
    if not account.has("l_21", "l_21_floor"):
        return
    loss, floor = account.span("l_21"), account.span("l_21_floor")
    above = account.value("l_21") - account.value("l_21_floor")
    told, least = distinct(account.value("l_21"), account.value("l_21_floor"))
    if floor.surely_above(loss):
        yield account.contradiction(
            "arithmetic_entropy_floor",
            f"l_21 is {told}, below the entropy of the reference's mastery ({least}), which no cross-entropy "
            "against it can be: one of the two is a mean over other responses, or over padding.",
            ("l_21", "l_21_floor"),
            truth=("l_21_floor", account.value("l_21")),
        )
    elif account.has("l_21_kl") and not (loss - floor).meets(account.span("l_21_kl")):
        divergence, difference = distinct(account.value("l_21_kl"), above)
        yield account.contradiction(
            "arithmetic_divergence",
            f"l_21_kl is {divergence}, but l_21 less its floor is {difference}: one of the three is of other "
            "responses.",
            ("l_21_kl", "l_21", "l_21_floor"),
            truth=("l_21_kl", above),
        )


def entropy_of_mean(account: Account) -> Iterator[Observation]:
    """The mean entropy of M^ref is at most the entropy of its mean (Jensen)."""
    if not account.has("l_21_floor", "reference_mastery_mean"):
        return
    mean = account.span("reference_mastery_mean").cut(0.0, 1.0)
    most = math.log(2) if mean.low <= 0.5 <= mean.high else max(_entropy(mean.low), _entropy(mean.high))
    if account.span("l_21_floor").surely_above(exactly(most)):
        floor, entropy = distinct(account.value("l_21_floor"), most)
        yield account.contradiction(
            "arithmetic_entropy_of_mean",
            f"l_21_floor is {floor}, but probabilities with the mean "
            f"{account.value('reference_mastery_mean'):.4g} have an entropy of at most {entropy}: the two "
            "are not of the same responses.",
            ("l_21_floor", "reference_mastery_mean"),
            truth=("l_21_floor", most),
        )


def _entropy(share: float) -> float:
    """Of a binary variable, in nats."""
    return -sum(part * math.log(part) for part in (share, 1 - share) if part > 0)


def cost_of_errors(account: Account) -> Iterator[Observation]:
    """A response predicted on the wrong side of ½ costs at least ln 2, and ¼ in squares."""
    for loss, cost in COSTS.items():
        if not account.has("accuracy", loss):
            continue
        least = (exactly(1.0) - account.span("accuracy")) * exactly(cost)
        if least.surely_above(account.span(loss)):
            best = 1 - account.value(loss) / cost
            told, cheapest = distinct(account.value(loss), least.low)
            yield account.contradiction(
                "arithmetic_cost_of_errors",
                f"{loss} is {told}, but {1 - account.value('accuracy'):.1%} of wrong answers cost at least "
                f"{cheapest}: such a loss needs an accuracy of {best:.4f}, so look for padding in its mean.",
                (loss, "accuracy"),
                truth=("accuracy", best),
            )


def cost_in_squares(account: Account) -> Iterator[Observation]:
    """l_bce is at least 2.4554 times the Brier score."""
    if not account.has("l_bce", "brier"):
        return
    if (exactly(BCE_PER_BRIER) * account.span("brier")).surely_above(account.span("l_bce")):
        most = account.value("l_bce") / BCE_PER_BRIER
        told, largest = distinct(account.value("brier"), most)
        yield account.contradiction(
            "arithmetic_cost_in_squares",
            f"brier is {told}, but predictions with l_bce {account.value('l_bce'):.4g} have a Brier score of "
            f"at most {largest}: the two are not of the same responses.",
            ("brier", "l_bce"),
            truth=("brier", most),
        )
