from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.compared_metric import ComparedMetric


T = TypeVar("T", bound="ComparisonSection")


@_attrs_define
class ComparisonSection:
    """Figures that belong together."""

    name: str
    """ Stable: `prediction`, `alignment`, `theta`, `beta`, `mastery`, `correlation`, `training`, `lambda`. """
    title: str
    rows: list[ComparedMetric]

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        title = self.title

        rows = []
        for rows_item_data in self.rows:
            rows_item = rows_item_data.to_dict()
            rows.append(rows_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "title": title,
                "rows": rows,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.compared_metric import ComparedMetric  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        title = d.pop("title")

        rows = []
        _rows = d.pop("rows")
        for rows_item_data in _rows:
            rows_item = ComparedMetric.from_dict(rows_item_data)

            rows.append(rows_item)

        comparison_section = cls(
            name=name,
            title=title,
            rows=rows,
        )

        return comparison_section
