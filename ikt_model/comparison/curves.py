"""Figures over the epochs, side by side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ikt_model.comparison.rows import Number
from ikt_model.comparison.summary import RunSummary
from ikt_model.comparison.tables import CURVES, Goal, Line

MOST_POINTS = 200  # of one curve: more are thinned evenly, its ends kept


@dataclass(frozen=True, slots=True)
class Curve:
    """One figure over the epochs of every run, baseline first."""

    metric: str
    label: str
    goal: Goal
    points: list[list[tuple[int, float]]]  # (epoch, value) of each run; none where it was not recorded
    references: list[Number]  # each run's reference, which does not change


def draw_curves(runs: Sequence[RunSummary]) -> list[Curve]:
    """Those that one of the runs recorded."""
    curves = [_curve(line, runs) for line in CURVES]
    return [curve for curve in curves if any(curve.points)]


def _curve(line: Line, runs: Sequence[RunSummary]) -> Curve:
    references = [run.metrics.get(line.reference) if line.reference and run.epochs else None for run in runs]
    return Curve(line.metric, line.label, line.goal, [_points(line.metric, run) for run in runs], references)


def _points(metric: str, run: RunSummary) -> list[tuple[int, float]]:
    recorded = [(epoch["epoch"], epoch["metrics"].get(metric)) for epoch in run.epochs]
    points = [(epoch, value) for epoch, value in recorded if value is not None and math.isfinite(value)]
    if len(points) <= MOST_POINTS:
        return points
    step = (len(points) - 1) / (MOST_POINTS - 1)
    return [points[round(place * step)] for place in range(MOST_POINTS)]
