"""Fronts of two metrics on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Settings, Shape
from api.schemas.experiments import EXPERIMENT_ID

OTHER_ID = "0193a1f6-1a2b-7c33-8d44-5e6f7a8b9c0d"
POINT_EXAMPLE: dict[str, Any] = {
    "experiment_id": EXPERIMENT_ID,
    "name": "small-dynamic: lambda_target #2",
    "label": "λ = 0.3",
    "settings": {"loss.lambda_target": 0.3},
    "x": 0.7335,
    "y": 0.0003,
    "is_on_front": True,
}


class ParetoAxis(Shape):
    """One of the two metrics."""

    metric: str
    label: str
    direction: Literal["maximise", "minimise"]


class ParetoPoint(Shape):
    """One experiment."""

    experiment_id: UUID
    name: str
    label: str
    """What a sweep chose for it, else its λ."""
    settings: Settings | None
    """What a sweep chose for it, by dotted name."""
    x: float
    y: float
    is_on_front: bool
    """Whether no other one is at least as good in both metrics and better in one."""


class LeftOut(Shape):
    """An experiment without a place in the plane."""

    experiment_id: UUID
    reason: str


class ParetoRead(Shape):
    """What can be had of one metric for how much of another."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "x": {"metric": "auc", "label": "AUC", "direction": "maximise"},
                    "y": {"metric": "l_21_kl", "label": "l_21 above its floor", "direction": "minimise"},
                    "points": [POINT_EXAMPLE],
                    "front": [EXPERIMENT_ID],
                    "left_out": [{"experiment_id": OTHER_ID, "reason": "pruned"}],
                    "notes": [],
                }
            ]
        }
    )

    x: ParetoAxis
    y: ParetoAxis
    points: list[ParetoPoint]
    """By x."""
    front: list[UUID]
    """The experiments on the front, by x."""
    left_out: list[LeftOut]
    notes: list[str]
    """What keeps the points from being compared one to one."""
