"""What a rule says of one run, what it rests on, and where it finds that."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ikt_model.comparison.metric_names import label_of

if TYPE_CHECKING:
    from ikt_model.comparison import RunSummary

Severity = Literal["problem", "caution", "remark"]
SEVERITIES: tuple[Severity, ...] = ("problem", "caution", "remark")
"""What makes figures or a model unfit for use, what a reader must know of, what is worth a thought."""

WITHOUT_ABILITY = ("dkt", "reference")
"""Kinds of model that have no θ of their own, so that nothing of them is aligned to a reference."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A figure that a rule rests on."""

    metric: str  # as in the database; a setting by its dotted name
    label: str
    value: float | None  # None where the figure is missing, and that is the point
    epoch: int | None = None  # None for the final model


@dataclass(frozen=True, slots=True)
class Observation:
    """What a rule has to say."""

    rule: str
    severity: Severity
    message: str  # what it means and what to do
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """One run, as the rules ask about it."""

    run: "RunSummary"

    @property
    def has_ability(self) -> bool:
        """Whether θ is the model's own."""
        return self.setting("model.type") not in WITHOUT_ABILITY and self.figure("theta_std") is not None

    @property
    def is_one_fold(self) -> bool:
        """Whether figures are of one model, and no means over folds."""
        return isinstance(self.run.fold, int)

    @property
    def is_aligned(self) -> bool:
        """Whether the loss asked for an alignment to the reference."""
        return self.has_ability and self.figure("lambda") != 0

    def setting(self, name: str) -> Any:
        """A setting by its dotted name; None where the configuration does not say."""
        value: Any = self.run.config
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    def number(self, name: str) -> float | None:
        """A setting that is a number."""
        return as_number(self.setting(name))

    def figure(self, metric: str) -> float | None:
        """Of the final model; None where it is missing or no number."""
        return as_number(self.run.metrics.get(metric))

    def series(self, metric: str) -> list[tuple[int, float]]:
        """(epoch, figure), in order, of the epochs that have it."""
        found = ((int(epoch["epoch"]), as_number(epoch["metrics"].get(metric))) for epoch in self.run.epochs)
        return [(epoch, value) for epoch, value in found if value is not None]

    def evidence(self, *metrics: str) -> tuple[Evidence, ...]:
        """Of the final model, those that there are."""
        found = ((metric, self.figure(metric)) for metric in metrics)
        return tuple(
            Evidence(metric, label_of(metric), value) for metric, value in found if value is not None
        )


def of_epochs(metric: str, points: Sequence[tuple[int, float]]) -> tuple[Evidence, ...]:
    """A figure as it stood after some epochs."""
    return tuple(Evidence(metric, label_of(metric), value, epoch) for epoch, value in points)


def of_setting(name: str, value: float | None) -> Evidence:
    """A setting that a rule holds a figure against."""
    return Evidence(name, name, value)


def as_number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
