from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="FindingEvidence")


@_attrs_define
class FindingEvidence:
    """A figure, or a setting, that a finding rests on."""

    metric: str
    """ Its name, or the path of a setting. """
    label: str
    value: float | None
    epoch: int | None
    """ Null for the final model. """
    href: str
    """ Where the figure stands. """

    def to_dict(self) -> dict[str, Any]:
        metric = self.metric

        label = self.label

        value: float | None
        value = self.value

        epoch: int | None
        epoch = self.epoch

        href = self.href

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "metric": metric,
                "label": label,
                "value": value,
                "epoch": epoch,
                "href": href,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        metric = d.pop("metric")

        label = d.pop("label")

        def _parse_value(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        value = _parse_value(d.pop("value"))

        def _parse_epoch(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        epoch = _parse_epoch(d.pop("epoch"))

        href = d.pop("href")

        finding_evidence = cls(
            metric=metric,
            label=label,
            value=value,
            epoch=epoch,
            href=href,
        )

        return finding_evidence
