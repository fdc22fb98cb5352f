from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.links import Links


T = TypeVar("T", bound="CohortRead")


@_attrs_define
class CohortRead:
    """A group that the caller named: a class, a school, a year."""

    cohort: str
    n_students: int
    links: Links
    """ Paths of the resource and of what belongs to it. """

    def to_dict(self) -> dict[str, Any]:
        cohort = self.cohort

        n_students = self.n_students

        links = self.links.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "cohort": cohort,
                "n_students": n_students,
                "links": links,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.links import Links  # noqa: PLC0415

        d = dict(src_dict)
        cohort = d.pop("cohort")

        n_students = d.pop("n_students")

        links = Links.from_dict(d.pop("links"))

        cohort_read = cls(
            cohort=cohort,
            n_students=n_students,
            links=links,
        )

        return cohort_read
