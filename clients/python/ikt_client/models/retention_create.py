from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="RetentionCreate")


@_attrs_define
class RetentionCreate:
    """Since when nothing must have been heard of a student."""

    inactive_since: datetime.datetime
    """ Students without a response that happened or arrived since are erased. """
    dry_run: bool | Unset = True
    """ Only count them. """
    limit: int | Unset = 1000
    """ Most students that one request erases; ask again while some are left. """

    def to_dict(self) -> dict[str, Any]:
        inactive_since = self.inactive_since.isoformat()

        dry_run = self.dry_run

        limit = self.limit

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "inactive_since": inactive_since,
            }
        )
        if dry_run is not UNSET:
            field_dict["dry_run"] = dry_run
        if limit is not UNSET:
            field_dict["limit"] = limit

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        inactive_since = datetime.datetime.fromisoformat(d.pop("inactive_since"))

        dry_run = d.pop("dry_run", UNSET)

        limit = d.pop("limit", UNSET)

        retention_create = cls(
            inactive_since=inactive_since,
            dry_run=dry_run,
            limit=limit,
        )

        return retention_create
