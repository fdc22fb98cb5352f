"""What a run reports of one moment: the final model, or an epoch. Audits read accounts."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ikt_model.comparison.audits.reported import Figures, Number, Span, reported, told_digits
from ikt_model.comparison.evidence import Evidence, Observation, Subject
from ikt_model.comparison.metric_names import label_of


@dataclass(frozen=True, slots=True)
class Account:
    """The figures of one moment, each as wide as its digits leave open."""

    subject: Subject
    figures: Figures
    epoch: int | None = None  # None for the final model

    def value(self, name: str) -> float:
        """As it was reported. Raises KeyError."""
        return self.figures[name].value

    def span(self, name: str) -> Span:
        """As wide as the digits leave open. Raises KeyError."""
        return self.figures[name].span

    def has(self, *names: str) -> bool:
        return all(name in self.figures for name in names)

    def contradiction(
        self, rule: str, message: str, names: tuple[str, ...], *, truth: tuple[str, float] | None = None
    ) -> Observation:
        """These figures can't all be true; `truth` is a value of one of them with which they could be."""
        told = [
            Evidence(name, label_of(name), self.value(name), self.epoch) for name in names if self.has(name)
        ]
        metric, value = truth or ("", math.nan)
        if math.isfinite(value):
            told.append(Evidence(metric, f"{label_of(metric)}, to make the figures true", value, self.epoch))
        when = "" if self.epoch is None else f"Epoch {self.epoch}: "
        return Observation(rule, "problem", when + message, tuple(told))


Moment = tuple[int | None, Mapping[str, Number | None]]
"""An epoch (None for the final model) and its figures as they were written."""


def accounts(subject: Subject, moments: list[Moment]) -> Iterator[Account]:
    """One for each moment, in their order."""
    digits = told_digits(value for _, figures in moments for value in figures.values())
    for epoch, figures in moments:
        yield Account(subject, reported(figures, digits=digits), epoch)


def moments_of(subject: Subject) -> list[Moment]:
    """The final model, then every epoch."""
    run = subject.run
    return [(None, run.metrics), *((int(epoch["epoch"]), epoch["metrics"]) for epoch in run.epochs)]
