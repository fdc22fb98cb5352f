from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.comparison_curve_goal import (
    ComparisonCurveGoal,
    check_comparison_curve_goal,
)

T = TypeVar("T", bound="ComparisonCurve")


@_attrs_define
class ComparisonCurve:
    """One figure over the epochs of every experiment, the baseline's first."""

    metric: str
    label: str
    goal: ComparisonCurveGoal
    points: list[list[list[float]]]
    """ Epoch and value, at most 200 of each experiment; none of a cross-validation. """
    references: list[float | None]
    """ The same figure of each experiment's reference, which no epoch changes. """

    def to_dict(self) -> dict[str, Any]:
        metric = self.metric

        label = self.label

        goal: str = self.goal

        points = []
        for points_item_data in self.points:
            points_item = []
            for points_item_item_data in points_item_data:
                points_item_item = points_item_item_data

                points_item.append(points_item_item)

            points.append(points_item)

        references = []
        for references_item_data in self.references:
            references_item: float | None
            references_item = references_item_data
            references.append(references_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "metric": metric,
                "label": label,
                "goal": goal,
                "points": points,
                "references": references,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        metric = d.pop("metric")

        label = d.pop("label")

        goal = check_comparison_curve_goal(d.pop("goal"))

        points = []
        _points = d.pop("points")
        for points_item_data in _points:
            points_item = []
            _points_item = points_item_data
            for points_item_item_data in _points_item:
                points_item_item = cast(list[float], points_item_item_data)

                points_item.append(points_item_item)

            points.append(points_item)

        references = []
        _references = d.pop("references")
        for references_item_data in _references:

            def _parse_references_item(data: object) -> float | None:
                if data is None:
                    return data
                return cast(float | None, data)

            references_item = _parse_references_item(references_item_data)

            references.append(references_item)

        comparison_curve = cls(
            metric=metric,
            label=label,
            goal=goal,
            points=points,
            references=references,
        )

        return comparison_curve
