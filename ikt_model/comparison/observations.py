"""What is to be said of one run: every rule and every audit of arithmetic over it, most severe first."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from ikt_model.comparison.audits import Moment, audit_arithmetic
from ikt_model.comparison.evidence import SEVERITIES, Evidence, Observation, Severity, Subject
from ikt_model.comparison.rules import ability, reference, training

if TYPE_CHECKING:
    from ikt_model.comparison import RunSummary

__all__ = ["Evidence", "Observation", "Severity", "audit", "by_severity", "observe", "observe_rules"]

RULES: tuple[Callable[[Subject], Iterator[Observation]], ...] = (
    ability.scale,
    ability.hidden_by_averaging,
    ability.alignment_missed,
    ability.not_aligned,
    ability.mastery_apart,
    ability.constant_mastery,
    ability.uncalibrated,
    reference.no_better_than_chance,
    reference.diverged,
    reference.behind,
    reference.no_better_than_reference,
    training.competing_losses,
    training.unheard_loss,
    training.still_improving,
    training.over_fitting,
    training.loss_beyond_accuracy,
    training.difficulty_losses_apart,
    training.warm_up_unfinished,
    training.best_epoch_at_the_edge,
)


def observe(run: "RunSummary", *, warnings: Sequence[str] = ()) -> list[Observation]:
    """Everything that the rules and the audits have to say of a run, most severe first; nothing fires without
    the figures that it needs. `warnings` are those of the training, where they are known.
    """
    return by_severity([*audit(run), *observe_rules(run), *reference.doubted(Subject(run), warnings)])


def observe_rules(run: "RunSummary") -> list[Observation]:
    """The rules alone, over what the run recorded."""
    subject = Subject(run)
    return by_severity([observation for rule in RULES for observation in rule(subject)])


def audit(run: "RunSummary", moments: list[Moment] | None = None) -> list[Observation]:
    """The audits of arithmetic alone; `moments` are the figures as they were written, with their digits."""
    return by_severity(audit_arithmetic(Subject(run), moments))


def by_severity(observations: Sequence[Observation]) -> list[Observation]:
    """Most severe first, else in the order given."""
    return sorted(observations, key=lambda observation: SEVERITIES.index(observation.severity))
