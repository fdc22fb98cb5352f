"""What a comparison knows of one run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["experiment", "cross-validation"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A finished experiment as the comparison sees it, or a cross-validation, whose figures are means."""

    id: str
    name: str
    config: Mapping[str, Any]
    dataset: str
    fold: int | Sequence[int]  # held out; of a cross-validation each once
    epochs: Sequence[Mapping[str, Any]]  # each {"epoch": int, "metrics": {name: value}}, in order; of one run
    metrics: Mapping[str, float | None]  # of the final model
    exclude_folds: Sequence[int] = ()  # whose students were left out altogether
    finished_at: datetime | None = None

    @property
    def folds(self) -> list[int]:
        """All that are held out, each once."""
        return [self.fold] if isinstance(self.fold, int) else list(self.fold)

    @property
    def kind(self) -> Kind:
        """Whether it is one training or several."""
        return "experiment" if isinstance(self.fold, int) else "cross-validation"

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration with dotted names, as in `loss.lambda_target`."""
        return dict(_flatten(self.config))


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
