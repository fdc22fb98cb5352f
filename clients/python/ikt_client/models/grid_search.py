from __future__ import annotations

from collections.abc import Mapping
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    TypeVar,
    cast,
)

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.grid_space import GridSpace


T = TypeVar("T", bound="GridSearch")


@_attrs_define
class GridSearch:
    """Every combination of the listed values, the last setting changing fastest."""

    method: Literal["grid"]
    space: GridSpace
    """ Values to try, by dotted name of the setting. """

    def to_dict(self) -> dict[str, Any]:
        method = self.method

        space = self.space.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "method": method,
                "space": space,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.grid_space import GridSpace  # noqa: PLC0415

        d = dict(src_dict)
        method = cast(Literal["grid"], d.pop("method"))
        if method != "grid":
            raise ValueError(f"method must match const 'grid', got '{method}'")

        space = GridSpace.from_dict(d.pop("space"))

        grid_search = cls(
            method=method,
            space=space,
        )

        return grid_search
