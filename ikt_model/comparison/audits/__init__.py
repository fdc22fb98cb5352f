"""Audits of arithmetic: reported figures that hold whatever was trained.

Each side of an identity is an interval as wide as the digits of its figures leave open (`reported.py`), and
an audit fires when the two have no number in common. Where it can, it names a value of the likeliest culprit
with which the figures would be true.
"""

from collections.abc import Callable, Iterator

from ikt_model.comparison.audits.accounts import Account, Moment, accounts, moments_of
from ikt_model.comparison.audits.distances import distance_at_every_step, distance_of_time_means, loss_by_name
from ikt_model.comparison.audits.entropies import (
    cost_in_squares,
    cost_of_errors,
    entropy_floor,
    entropy_of_mean,
)
from ikt_model.comparison.audits.names import told_twice
from ikt_model.comparison.audits.ranges import mastery_between_extremes, possible_values, spread_within_range
from ikt_model.comparison.audits.sums import alignment_sum, lambda_schedule, loss_sum
from ikt_model.comparison.evidence import Observation, Subject

__all__ = ["Moment", "audit_arithmetic"]

Audit = Callable[[Account], Iterator[Observation]]
AUDITS: tuple[Audit, ...] = (
    distance_at_every_step,
    distance_of_time_means,
    loss_by_name,
    entropy_floor,
    entropy_of_mean,
    cost_of_errors,
    cost_in_squares,
    alignment_sum,
    loss_sum,
    lambda_schedule,
    possible_values,
    spread_within_range,
    mastery_between_extremes,
    told_twice,
)


def audit_arithmetic(subject: Subject, moments: list[Moment] | None = None) -> list[Observation]:
    """What contradicts itself in a run's final figures and in those of its epochs; each once, at the first
    place where it shows. `moments` are the figures as they were written, where that is known better.
    """
    found: dict[tuple[str, str], Observation] = {}
    for account in accounts(subject, moments_of(subject) if moments is None else moments):
        for audit in AUDITS:
            for observation in audit(account):
                found.setdefault((observation.rule, observation.evidence[0].metric), observation)
    return list(found.values())
