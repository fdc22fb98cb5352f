from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.config import Config


T = TypeVar("T", bound="PresetRead")


@_attrs_define
class PresetRead:
    """A named configuration."""

    name: str
    config: Config
    """ Settings by section, then by name. """

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        config = self.config.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "config": config,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.config import Config  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        config = Config.from_dict(d.pop("config"))

        preset_read = cls(
            name=name,
            config=config,
        )

        return preset_read
