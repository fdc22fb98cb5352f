from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.compared_scale import ComparedScale


T = TypeVar("T", bound="ScaleComparison")


@_attrs_define
class ScaleComparison:
    """How θ or β of every experiment is scaled, the baseline's first."""

    metric: str
    label: str
    values: list[ComparedScale]

    def to_dict(self) -> dict[str, Any]:
        metric = self.metric

        label = self.label

        values = []
        for values_item_data in self.values:
            values_item = values_item_data.to_dict()
            values.append(values_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "metric": metric,
                "label": label,
                "values": values,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.compared_scale import ComparedScale  # noqa: PLC0415

        d = dict(src_dict)
        metric = d.pop("metric")

        label = d.pop("label")

        values = []
        _values = d.pop("values")
        for values_item_data in _values:
            values_item = ComparedScale.from_dict(values_item_data)

            values.append(values_item)

        scale_comparison = cls(
            metric=metric,
            label=label,
            values=values,
        )

        return scale_comparison
