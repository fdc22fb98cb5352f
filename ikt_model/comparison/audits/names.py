"""One number under two names."""

from collections.abc import Iterator
from itertools import combinations

from ikt_model.comparison.audits.accounts import Account
from ikt_model.comparison.evidence import Evidence, Observation
from ikt_model.comparison.metric_names import LOSSES, label_of, labels

FEWEST_DIGITS = 3  # that two figures must have in common before it is more than chance
DIFFERENT = (
    LOSSES,
    tuple(f"train_{name}" for name in LOSSES),
    ("auc", "accuracy", "brier", "ece"),
    ("theta_std", "beta_std", "mastery_std"),
)
"""Families of figures that measure different things, each in units of its own."""


def told_twice(account: Account) -> Iterator[Observation]:
    """The same digits where two different things are meant, or under a name that is not known here."""
    strange = [name for name in account.figures if name not in labels()]
    pairs = [(name, known) for name in strange for known in account.figures if known in labels()]
    pairs += [pair for family in DIFFERENT for pair in combinations(family, 2) if account.has(*pair)]
    for one, other in pairs:
        first, second = account.figures[one], account.figures[other]
        is_telling = min(first.digits, second.digits) >= FEWEST_DIGITS and first.value not in (0.0, 1.0)
        if not is_telling or (first.value, first.digits) != (second.value, second.digits):
            continue
        yield Observation(
            "arithmetic_told_twice",
            "remark",
            f"{one} and {other} are the same number, {first.value:g}: either these are two names of one "
            "thing, and one of them should go, or one was copied from the other.",
            tuple(
                Evidence(name, label_of(name), account.value(name), account.epoch) for name in (one, other)
            ),
        )
