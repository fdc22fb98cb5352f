from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.judged_value import JudgedValue


T = TypeVar("T", bound="ComparedCriterion")


@_attrs_define
class ComparedCriterion:
    """What is asked of a figure, and whether every experiment meets it."""

    metric: str
    label: str
    target: str
    values: list[JudgedValue]

    def to_dict(self) -> dict[str, Any]:
        metric = self.metric

        label = self.label

        target = self.target

        values = []
        for values_item_data in self.values:
            values_item = values_item_data.to_dict()
            values.append(values_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "metric": metric,
                "label": label,
                "target": target,
                "values": values,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.judged_value import JudgedValue  # noqa: PLC0415

        d = dict(src_dict)
        metric = d.pop("metric")

        label = d.pop("label")

        target = d.pop("target")

        values = []
        _values = d.pop("values")
        for values_item_data in _values:
            values_item = JudgedValue.from_dict(values_item_data)

            values.append(values_item)

        compared_criterion = cls(
            metric=metric,
            label=label,
            target=target,
            values=values,
        )

        return compared_criterion
