from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.left_out import LeftOut
    from ..models.pareto_axis import ParetoAxis
    from ..models.pareto_point import ParetoPoint


T = TypeVar("T", bound="ParetoRead")


@_attrs_define
class ParetoRead:
    """What can be had of one metric for how much of another."""

    x: ParetoAxis
    """ One of the two metrics. """
    y: ParetoAxis
    """ One of the two metrics. """
    points: list[ParetoPoint]
    """ By x. """
    front: list[UUID]
    """ The experiments on the front, by x. """
    left_out: list[LeftOut]
    notes: list[str]
    """ What keeps the points from being compared one to one. """

    def to_dict(self) -> dict[str, Any]:
        x = self.x.to_dict()

        y = self.y.to_dict()

        points = []
        for points_item_data in self.points:
            points_item = points_item_data.to_dict()
            points.append(points_item)

        front = []
        for front_item_data in self.front:
            front_item = str(front_item_data)
            front.append(front_item)

        left_out = []
        for left_out_item_data in self.left_out:
            left_out_item = left_out_item_data.to_dict()
            left_out.append(left_out_item)

        notes = self.notes

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "x": x,
                "y": y,
                "points": points,
                "front": front,
                "left_out": left_out,
                "notes": notes,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.left_out import LeftOut  # noqa: PLC0415
        from ..models.pareto_axis import ParetoAxis  # noqa: PLC0415
        from ..models.pareto_point import ParetoPoint  # noqa: PLC0415

        d = dict(src_dict)
        x = ParetoAxis.from_dict(d.pop("x"))

        y = ParetoAxis.from_dict(d.pop("y"))

        points = []
        _points = d.pop("points")
        for points_item_data in _points:
            points_item = ParetoPoint.from_dict(points_item_data)

            points.append(points_item)

        front = []
        _front = d.pop("front")
        for front_item_data in _front:
            front_item = UUID(front_item_data)

            front.append(front_item)

        left_out = []
        _left_out = d.pop("left_out")
        for left_out_item_data in _left_out:
            left_out_item = LeftOut.from_dict(left_out_item_data)

            left_out.append(left_out_item)

        notes = cast(list[str], d.pop("notes"))

        pareto_read = cls(
            x=x,
            y=y,
            points=points,
            front=front,
            left_out=left_out,
            notes=notes,
        )

        return pareto_read
