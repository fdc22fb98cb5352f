from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..models.pareto_axis_direction import (
    ParetoAxisDirection,
    check_pareto_axis_direction,
)

T = TypeVar("T", bound="ParetoAxis")


@_attrs_define
class ParetoAxis:
    """One of the two metrics."""

    metric: str
    label: str
    direction: ParetoAxisDirection

    def to_dict(self) -> dict[str, Any]:
        metric = self.metric

        label = self.label

        direction: str = self.direction

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "metric": metric,
                "label": label,
                "direction": direction,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        metric = d.pop("metric")

        label = d.pop("label")

        direction = check_pareto_axis_direction(d.pop("direction"))

        pareto_axis = cls(
            metric=metric,
            label=label,
            direction=direction,
        )

        return pareto_axis
