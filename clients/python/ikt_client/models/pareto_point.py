from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.settings import Settings


T = TypeVar("T", bound="ParetoPoint")


@_attrs_define
class ParetoPoint:
    """One experiment."""

    experiment_id: UUID
    name: str
    label: str
    """ What a sweep chose for it, else its λ. """
    settings: None | Settings
    """ What a sweep chose for it, by dotted name. """
    x: float
    y: float
    is_on_front: bool
    """ Whether no other one is at least as good in both metrics and better in one. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.settings import Settings  # noqa: PLC0415

        experiment_id = str(self.experiment_id)

        name = self.name

        label = self.label

        settings: dict[str, Any] | None
        if isinstance(self.settings, Settings):
            settings = self.settings.to_dict()
        else:
            settings = self.settings

        x = self.x

        y = self.y

        is_on_front = self.is_on_front

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiment_id": experiment_id,
                "name": name,
                "label": label,
                "settings": settings,
                "x": x,
                "y": y,
                "is_on_front": is_on_front,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.settings import Settings  # noqa: PLC0415

        d = dict(src_dict)
        experiment_id = UUID(d.pop("experiment_id"))

        name = d.pop("name")

        label = d.pop("label")

        def _parse_settings(data: object) -> None | Settings:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                settings_type_0 = Settings.from_dict(data)

                return settings_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | Settings, data)

        settings = _parse_settings(d.pop("settings"))

        x = d.pop("x")

        y = d.pop("y")

        is_on_front = d.pop("is_on_front")

        pareto_point = cls(
            experiment_id=experiment_id,
            name=name,
            label=label,
            settings=settings,
            x=x,
            y=y,
            is_on_front=is_on_front,
        )

        return pareto_point
