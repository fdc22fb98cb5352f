"""Fill the tables of a comparison from what the experiments recorded."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ikt_model.comparison.paired import Difference
from ikt_model.comparison.statistics import LEVEL, RESAMPLES
from ikt_model.comparison.tables import TABLES, Goal, Line

PairedFigures = Mapping[str, Difference] | str
"""How surely a candidate's figures differ from the baseline's, or why that can't be said."""

Verdict = Literal["better", "worse", "same"]


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

    @property
    def folds(self) -> list[int]:
        """All that are held out, each once."""
        return [self.fold] if isinstance(self.fold, int) else list(self.fold)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in which the experiments differ."""

    name: str  # dotted, as in `loss.lambda_target`
    values: list[Any]  # baseline first


@dataclass(frozen=True, slots=True)
class Value:
    """One experiment's figure, and how it stands to the baseline's."""

    value: float | None
    change: float | None  # absolute; None for the baseline itself
    relative_change: float | None
    verdict: Verdict | None  # None where a figure is only told
    ratio_to_reference: float | None
    passed: bool | None  # against the target; None where there is none
    change_low: float | None = None  # 95 % interval of the change, between students
    change_high: float | None = None
    delong_low: float | None = None  # 95 % interval by DeLong, between responses; of AUCs only
    delong_high: float | None = None
    p_value: float | None = None  # DeLong's, of no change


@dataclass(frozen=True, slots=True)
class Row:
    """One figure over all experiments, baseline first."""

    metric: str
    label: str
    goal: Goal
    target: str | None
    reference: float | None
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Section:
    """One table."""

    title: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that a report needs."""

    experiments: list[dict[str, Any]]  # id, name, dataset, folds, exclude_folds; baseline first
    settings: list[Setting]
    sections: list[Section]
    notes: list[str]  # why figures may not be comparable
    intervals: str | None = None  # what the intervals of changes are; None where there are none

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


INTERVALS = (
    f"{LEVEL:.0%} percentile intervals over {RESAMPLES:,} resamples of students, the same for both runs. "
    "A change whose interval holds 0 is called the same. DeLong's interval and two-sided p take responses "
    "for independent."
)


def compare(
    baseline: RunSummary, candidates: Sequence[RunSummary], *, paired: Sequence[PairedFigures] = ()
) -> Comparison:
    """Tables of all recorded figures, changes counted from the baseline.

    `paired` holds one entry per candidate; a figure with an interval that holds 0 is called the same.
    """
    runs = [baseline, *candidates]
    figures = [_figures(run) for run in runs]
    known = [found if isinstance(found, Mapping) else {} for found in paired or [{}] * len(candidates)]
    sections = [
        Section(table.title, [row for line in table.lines if (row := _row(line, figures, known)) is not None])
        for table in TABLES
    ]
    return Comparison(
        experiments=[
            {
                "id": run.id,
                "name": run.name,
                "dataset": run.dataset,
                "folds": run.folds,
                "exclude_folds": sorted(run.exclude_folds),
            }
            for run in runs
        ],
        settings=_differences(runs),
        sections=[section for section in sections if section.rows],
        notes=[*_notes(runs), *dict.fromkeys(found for found in paired if isinstance(found, str))],
        intervals=INTERVALS if any(known) else None,
    )


def _figures(run: RunSummary) -> dict[str, float | None]:
    first = run.epochs[0]["metrics"] if run.epochs else {}
    last = run.epochs[-1]["metrics"] if run.epochs else {}
    training = {name: value for name, value in last.items() if name.startswith("train_")}
    return {"first_lambda": first.get("lambda"), **training, **run.metrics}


def _row(
    line: Line, figures: Sequence[Mapping[str, float | None]], paired: Sequence[Mapping[str, Difference]]
) -> Row | None:
    values = [_finite(figure.get(line.metric)) for figure in figures]
    if all(value is None for value in values):
        return None
    references = [_finite(figure.get(line.reference)) if line.reference else None for figure in figures]
    start, *_ = values
    differences = [None, *(found.get(line.metric) for found in paired)]
    return Row(
        metric=line.metric,
        label=line.label,
        goal=line.goal,
        target=line.target,
        reference=references[0],
        values=[
            _value(
                line,
                value,
                start=start if place else None,
                reference=reference,
                start_reference=references[0],
                difference=differences[place],
            )
            for place, (value, reference) in enumerate(zip(values, references, strict=True))
        ],
    )


def _value(
    line: Line,
    value: float | None,
    *,
    start: float | None,
    reference: float | None,
    start_reference: float | None,
    difference: Difference | None,
) -> Value:
    comparable = value is not None and start is not None
    verdict = _verdict(line.goal, value, start, reference, start_reference) if comparable else None
    low, high = (difference.interval.low, difference.interval.high) if difference else (None, None)
    delong = difference.delong if difference else None
    change = value - start if value is not None and start is not None else None
    return Value(
        value=value,
        change=change,
        relative_change=change / abs(start) if change is not None and start else None,
        verdict=_sure(verdict, difference),
        ratio_to_reference=value / reference
        if line.goal == "reference" and value is not None and reference
        else None,
        passed=line.passes(value),
        change_low=_finite(low),
        change_high=_finite(high),
        delong_low=_finite(delong.interval.low) if delong else None,
        delong_high=_finite(delong.interval.high) if delong else None,
        p_value=_finite(delong.p_value) if delong else None,
    )


def _sure(verdict: Verdict | None, difference: Difference | None) -> Verdict | None:
    """The verdict, as far as chance allows one: none where too few students give no interval."""
    if verdict is None or difference is None:
        return verdict
    if not math.isfinite(difference.interval.low):
        return None
    return "same" if difference.interval.holds_zero else verdict


def _verdict(
    goal: Goal,
    value: float | None,
    start: float | None,
    reference: float | None,
    start_reference: float | None,
) -> Verdict | None:
    if goal == "none" or value is None or start is None:
        return None
    if goal == "reference":
        if reference is None or start_reference is None:
            return None
        gain = abs(start - start_reference) - abs(value - reference)
    else:
        gain = value - start if goal == "higher" else start - value
    if math.isclose(gain, 0.0, abs_tol=1e-12):
        return "same"
    return "better" if gain > 0 else "worse"


def _differences(runs: Sequence[RunSummary]) -> list[Setting]:
    flat = [dict(_flatten(run.config)) for run in runs]
    names = list(dict.fromkeys(name for settings in flat for name in settings))
    rows = [Setting(name, [settings.get(name) for settings in flat]) for name in names]
    return [row for row in rows if any(value != row.values[0] for value in row.values)]


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _notes(runs: Sequence[RunSummary]) -> list[str]:
    notes = []
    if len({run.dataset for run in runs}) > 1:
        notes.append("The experiments used different data: their figures are not about the same students.")
    elif len({tuple(run.folds) for run in runs}) > 1:
        notes.append(
            "The experiments held out different folds: their figures are not about the same students."
        )
    if len({tuple(sorted(run.exclude_folds)) for run in runs}) > 1:
        notes.append(
            "The experiments left out different folds: they were not trained on the same students, and a "
            "change may be that of the data."
        )
    if len({run.config.get("loss", {}).get("ability_alignment") for run in runs}) > 1:
        notes.append(
            "l_23 and the total loss mean different things here; l_23_mean and l_23_pointwise compare."
        )
    return notes


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
