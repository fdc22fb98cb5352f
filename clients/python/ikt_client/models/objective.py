from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.objective_direction_type_0 import (
    ObjectiveDirectionType0,
    check_objective_direction_type_0,
)
from ..types import UNSET, Unset

T = TypeVar("T", bound="Objective")


@_attrs_define
class Objective:
    """What the best trial is best in."""

    metric: str | Unset = "auc"
    """ A final metric, measured on the sweep's fold. """
    direction: None | ObjectiveDirectionType0 | Unset = UNSET
    """ Default: the way in which the metric is better. """

    def to_dict(self) -> dict[str, Any]:
        metric = self.metric

        direction: None | str | Unset
        if isinstance(self.direction, Unset):
            direction = UNSET
        elif isinstance(self.direction, str):
            direction = self.direction
        else:
            direction = self.direction

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if metric is not UNSET:
            field_dict["metric"] = metric
        if direction is not UNSET:
            field_dict["direction"] = direction

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        metric = d.pop("metric", UNSET)

        def _parse_direction(data: object) -> None | ObjectiveDirectionType0 | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                direction_type_0 = check_objective_direction_type_0(data)

                return direction_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ObjectiveDirectionType0 | Unset, data)

        direction = _parse_direction(d.pop("direction", UNSET))

        objective = cls(
            metric=metric,
            direction=direction,
        )

        return objective
