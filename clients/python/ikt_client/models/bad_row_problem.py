from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="BadRowProblem")


@_attrs_define
class BadRowProblem:
    """One cell of a dataset that was refused."""

    line: int
    """ Line of the file; its header is line 1. """
    column: str
    value: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        line = self.line

        column = self.column

        value = self.value

        reason = self.reason

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "line": line,
                "column": column,
                "value": value,
                "reason": reason,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        line = d.pop("line")

        column = d.pop("column")

        value = d.pop("value")

        reason = d.pop("reason")

        bad_row_problem = cls(
            line=line,
            column=column,
            value=value,
            reason=reason,
        )

        return bad_row_problem
