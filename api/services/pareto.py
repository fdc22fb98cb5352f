"""The front of two metrics: what can be had of the one for how much of the other."""

from collections.abc import Sequence
from math import isfinite
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.schemas.pareto import LeftOut, ParetoAxis, ParetoPoint, ParetoRead
from api.services.refusals import ExperimentsUnfinished, PointsRefused
from db.lifecycle import ExperimentStatus
from db.models import Experiment
from db.repositories import experiments, sweeps
from ikt_model.comparison.pareto import metric_axes, pareto_front

DEFAULT_X, DEFAULT_Y = "auc", "l_21_kl"
METRICS = tuple(sorted(name for name, axis in metric_axes().items() if axis.direction is not None))


def front_of_sweep(session: Session, sweep_id: UUID, *, x: str, y: str) -> ParetoRead:
    """Of the trials that have succeeded so far. Raises SweepNotFound, PointsRefused."""
    sweeps.get_sweep(session, sweep_id)
    return _front(sweeps.list_trials(session, [sweep_id]), x=_axis("x", x), y=_axis("y", y))


def front_of_experiments(session: Session, ids: Sequence[UUID], *, x: str, y: str) -> ParetoRead:
    """Raises ExperimentNotFound, ExperimentsUnfinished naming each that is not done, PointsRefused."""
    axes = {"x": _axis("x", x), "y": _axis("y", y)}
    rows = [experiments.get_experiment(session, experiment_id) for experiment_id in dict.fromkeys(ids)]
    unfinished = [(row.id, row.status.value) for row in rows if row.status != ExperimentStatus.SUCCEEDED]
    if unfinished:
        raise ExperimentsUnfinished(unfinished)
    return _front(rows, **axes)


def _axis(parameter: str, metric: str) -> ParetoAxis:
    axes = metric_axes()
    if metric not in METRICS:
        known = "is better in neither way" if metric in axes else "is no final metric"
        raise PointsRefused(parameter, f"{metric!r} {known}; choose one of {', '.join(METRICS)}")
    axis = axes[metric]
    return ParetoAxis(metric=metric, label=axis.label, direction=axis.direction or "maximise")


def _front(rows: Sequence[Experiment], *, x: ParetoAxis, y: ParetoAxis) -> ParetoRead:
    placed: list[tuple[Experiment, tuple[float, float]]] = []
    left_out: list[LeftOut] = []
    for row in rows:
        reason, place = _place(row, x.metric, y.metric)
        if place is None:
            left_out.append(LeftOut(experiment_id=row.id, reason=reason))
        else:
            placed.append((row, place))
    front = pareto_front([place for _, place in placed], x=x.direction, y=y.direction)
    points = [
        ParetoPoint(
            experiment_id=row.id,
            name=row.name,
            label=_label(row),
            settings=row.trial_settings,
            x=place[0],
            y=place[1],
            is_on_front=index in front,
        )
        for index, (row, place) in enumerate(placed)
    ]
    return ParetoRead(
        x=x,
        y=y,
        points=sorted(points, key=lambda point: point.x),
        front=[points[index].experiment_id for index in front],
        left_out=left_out,
        notes=_notes(rows),
    )


def _place(row: Experiment, x: str, y: str) -> tuple[str, tuple[float, float] | None]:
    if row.status != ExperimentStatus.SUCCEEDED:
        return row.status.value, None
    metrics = row.metrics or {}
    values = {name: metrics.get(name) for name in (x, y)}
    if missing := [name for name, value in values.items() if value is None or not isfinite(value)]:
        return f"{' and '.join(missing)} without a number", None
    return "", (float(metrics[x]), float(metrics[y]))


def _label(row: Experiment) -> str:
    if row.trial_settings:
        return ", ".join(f"{_short(name)} = {_shown(value)}" for name, value in row.trial_settings.items())
    loss: Any = row.config.get("loss")
    lambda_ = loss.get("lambda_target") if isinstance(loss, dict) else None
    return row.name if lambda_ is None else f"λ = {_shown(lambda_)}"


def _short(name: str) -> str:
    return "λ" if name == "loss.lambda_target" else name.rpartition(".")[2]


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _notes(rows: Sequence[Experiment]) -> list[str]:
    notes = []
    if len({row.dataset_id for row in rows}) > 1:
        notes.append("The experiments were measured on different datasets: their figures are not comparable.")
    elif len({row.fold for row in rows}) > 1:
        notes.append(
            "The experiments held out different folds: their figures are not about the same students."
        )
    if len({tuple(sorted(row.exclude_folds)) for row in rows}) > 1:
        notes.append(
            "The experiments left out different folds: they were not trained on the same students, and a "
            "difference may be that of the data."
        )
    return notes
