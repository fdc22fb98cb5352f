from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Artifact")


@_attrs_define
class Artifact:
    """One file or folder that an experiment left."""

    name: str
    media_type: str
    size_bytes: int
    href: str
    """ Where to go on. """
    description: str

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        media_type = self.media_type

        size_bytes = self.size_bytes

        href = self.href

        description = self.description

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "media_type": media_type,
                "size_bytes": size_bytes,
                "href": href,
                "description": description,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        media_type = d.pop("media_type")

        size_bytes = d.pop("size_bytes")

        href = d.pop("href")

        description = d.pop("description")

        artifact = cls(
            name=name,
            media_type=media_type,
            size_bytes=size_bytes,
            href=href,
            description=description,
        )

        return artifact
