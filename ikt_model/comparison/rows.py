"""Rows of the tables: one figure of every run, and how it stands to the baseline's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ikt_model.comparison.paired import FIGURES, Difference
from ikt_model.comparison.summary import RunSummary
from ikt_model.comparison.tables import CRITERIA, TABLES, Criterion, Form, Goal, Line, ends_of

Verdict = Literal["better", "worse", "same"]
Number = float | None
Range = tuple[float, float]
Figures = Mapping[str, Number]

NEGLIGIBLE = 1e-3
"""Of the baseline's figure: a smaller gain is none, for a figure that never has an interval."""

PairedFigures = Mapping[str, Difference] | str
"""How surely a candidate's figures differ from the baseline's, or why that can't be said."""


@dataclass(frozen=True, slots=True)
class Value:
    """One run's figure, and how it stands to the baseline's."""

    value: Number = None  # None of a range, and where it does not exist
    change: Number = None  # absolute; None for the baseline itself
    relative_change: Number = None
    verdict: Verdict | None = None  # None where a figure is only told, or chance could not be ruled out
    ratio_to_reference: Number = None
    passed: bool | None = None  # against the criterion; None where there is none
    change_low: Number = None  # 95 % interval of the change, between students
    change_high: Number = None
    delong_low: Number = None  # 95 % interval by DeLong, between responses; of AUCs only
    delong_high: Number = None
    p_value: Number = None  # DeLong's, of no change
    reference: Number = None  # this run's own reference's
    aim: Number = None  # what training pulled it towards, where that is another
    range: Range | None = None
    reference_range: Range | None = None
    aim_range: Range | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One figure over all runs, baseline first."""

    metric: str
    label: str
    goal: Goal
    form: Form
    target: str | None
    reference: Number  # the baseline's
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Section:
    """One table."""

    name: str
    title: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Judged:
    """A value against a criterion."""

    value: Number
    threshold: Number
    passed: bool | None


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion over all runs."""

    metric: str
    label: str
    target: str
    values: list[Judged]


def figures_of(run: RunSummary) -> dict[str, Number]:
    """Everything that a table may ask of a run, by name; what is not finite does not exist."""
    first = run.epochs[0]["metrics"] if run.epochs else {}
    last = run.epochs[-1]["metrics"] if run.epochs else {}
    training = {name: value for name, value in last.items() if name.startswith("train_")}
    found = {
        **schedule_of(run),
        "first_lambda": first.get("lambda"),
        "train_l_stability": training.get("train_l_22"),
        **training,
        **run.metrics,
    }
    return {name: _finite(value) for name, value in found.items()}


def schedule_of(run: RunSummary) -> dict[str, Number]:
    """What λ was meant to do, and when it got there."""
    settings = run.settings
    target, warmup = settings.get("loss.lambda_target"), settings.get("loss.lambda_warmup_epochs")
    epochs = run.epochs[-1]["epoch"] if run.epochs else settings.get("training.epochs")
    reached = None
    if warmup is not None and epochs is not None:
        at = 1 if settings.get("loss.lambda_schedule") == "constant" else max(warmup, 1)
        reached = at if at <= epochs else None
    return {
        "lambda_target": target,
        "lambda_warmup_epochs": warmup,
        "trained_epochs": epochs,
        "lambda_reached": reached,
    }


def fill_tables(runs: Sequence[RunSummary], paired: Sequence[PairedFigures]) -> list[Section]:
    """Every table with a figure in it; `paired` has one entry per candidate, or none at all."""
    asked: list[PairedFigures | None] = [None]
    asked += paired or [None] * (len(runs) - 1)
    columns = [
        _Column(figures_of(run), found, is_of_same_students=_students(run) == _students(runs[0]))
        for run, found in zip(runs, asked, strict=True)
    ]
    losses = [(run.config.get("loss"), run.config.get("reference")) for run in runs]
    is_one_loss = all(loss == losses[0] for loss in losses)
    sections = []
    for table in TABLES:
        rows = [_row(line, columns, is_one_loss=is_one_loss) for line in table.lines]
        found = [row for row in rows if row is not None]
        if found:
            sections.append(Section(table.name, table.title, found))
    return sections


def _students(run: RunSummary) -> tuple[str, list[int]]:
    """Who was held out: runs measured on different students, and trained on others, are not judged."""
    return run.dataset, run.folds


def judge_all(runs: Sequence[RunSummary]) -> list[CriterionRow]:
    """Every criterion that one of the runs has a figure for."""
    labels = {line.metric: line.label for table in TABLES for line in table.lines}
    figures = [figures_of(run) for run in runs]
    rows = [
        CriterionRow(
            metric, labels[metric], criterion.target, [_judge(criterion, metric, one) for one in figures]
        )
        for metric, criterion in CRITERIA.items()
    ]
    return [row for row in rows if any(judged.value is not None for judged in row.values)]


@dataclass(frozen=True, slots=True)
class _Column:
    """One run's figures, and how surely they differ from the baseline's; None of the baseline itself."""

    figures: Figures
    paired: PairedFigures | None
    is_of_same_students: bool = True  # as the baseline's

    def get(self, metric: str | None) -> Number:
        return self.figures.get(metric) if metric else None

    def range(self, metric: str | None) -> Range | None:
        low, high = (self.get(end) for end in ends_of(metric or ""))
        return (low, high) if low is not None and high is not None else None


def _judge(criterion: Criterion, metric: str, figures: Figures) -> Judged:
    value, other = figures.get(metric), figures.get(criterion.at_least_of or "")
    fixed = criterion.at_least if criterion.at_least is not None else criterion.at_most
    return Judged(value, other if criterion.at_least_of else fixed, criterion.passes(value, other=other))


def _row(line: Line, columns: Sequence[_Column], *, is_one_loss: bool) -> Row | None:
    goal: Goal = "none" if line.is_of_one_loss and not is_one_loss else line.goal
    if line.form == "range":
        values = [_range_value(line, column) for column in columns]
    else:
        baseline = columns[0]
        values = [
            _value(line, goal, column, baseline=baseline if place else None)
            for place, column in enumerate(columns)
        ]
    is_empty = all(value.value is None and value.range is None for value in values)
    if is_empty and not line.tells_by_absence:
        return None
    return Row(
        metric=line.metric,
        label=line.label,
        goal=goal,
        form=line.form,
        target=line.criterion.target if line.criterion else None,
        reference=values[0].reference,
        values=values,
    )


def _range_value(line: Line, column: _Column) -> Value:
    return Value(
        range=column.range(line.metric),
        reference_range=column.range(line.reference),
        aim_range=column.range(line.aim),
    )


def _value(line: Line, goal: Goal, column: _Column, *, baseline: _Column | None) -> Value:
    value, reference = column.get(line.metric), column.get(line.reference)
    start = baseline.get(line.metric) if baseline else None
    change = value - start if value is not None and start is not None else None
    difference = column.paired.get(line.metric) if isinstance(column.paired, Mapping) else None
    interval, delong = (difference.interval, difference.delong) if difference else (None, None)
    is_judged = baseline is not None and change is not None and column.is_of_same_students
    verdict = _verdict(line, goal, column, baseline) if baseline and is_judged else None
    return Value(
        value=value,
        change=change,
        relative_change=change / abs(start) if change is not None and start else None,
        verdict=_sure(verdict, line, column.paired),
        ratio_to_reference=_ratio(line, goal, column),
        passed=_passed(line, column),
        change_low=_finite(interval.low) if interval else None,
        change_high=_finite(interval.high) if interval else None,
        delong_low=_finite(delong.interval.low) if delong else None,
        delong_high=_finite(delong.interval.high) if delong else None,
        p_value=_finite(delong.p_value) if delong else None,
        reference=reference,
        aim=column.get(line.aim),
    )


def _ratio(line: Line, goal: Goal, column: _Column) -> Number:
    """Value over reference; none of a mean whose reference is too near 0 for a ratio to say anything."""
    value, reference = column.get(line.metric), column.get(line.reference)
    if goal != "reference" or value is None or not reference:
        return None
    width = column.get((line.reference or "").replace("_mean", "_std"))
    is_near_zero = line.metric.endswith("_mean") and width is not None and abs(reference) < width
    return None if is_near_zero else value / reference


def _passed(line: Line, column: _Column) -> bool | None:
    return _judge(line.criterion, line.metric, column.figures).passed if line.criterion else None


def _sure(verdict: Verdict | None, line: Line, paired: PairedFigures | None) -> Verdict | None:
    """The verdict, as far as chance allows one: none where it was asked about and can't be ruled out."""
    if verdict is None or paired is None or line.metric not in FIGURES:
        return verdict
    difference = paired.get(line.metric) if isinstance(paired, Mapping) else None
    if difference is None or not math.isfinite(difference.interval.low):
        return None
    return "same" if difference.interval.holds_zero else verdict


def _verdict(line: Line, goal: Goal, column: _Column, baseline: _Column) -> Verdict | None:
    value, start = column.get(line.metric), baseline.get(line.metric)
    if goal == "none" or value is None or start is None:
        return None
    if goal == "reference":
        reference, start_reference = column.get(line.reference), baseline.get(line.reference)
        if reference is None or start_reference is None:
            return None
        gain = abs(start - start_reference) - abs(value - reference)
    else:
        gain = value - start if goal == "higher" else start - value
    smallest = 0.0 if line.metric in FIGURES else NEGLIGIBLE * abs(start)
    if abs(gain) <= max(smallest, 1e-12):
        return "same"
    return "better" if gain > 0 else "worse"


def _finite(value: Number) -> Number:
    return value if value is not None and math.isfinite(value) else None
