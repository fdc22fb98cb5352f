from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="RetentionRead")


@_attrs_define
class RetentionRead:
    """What is kept too long, or was."""

    dry_run: bool
    inactive_since: datetime.datetime
    audit_before: datetime.datetime
    """ Entries of the audit log that are older are dropped. """
    n_students: int
    """ Students who are to be erased; without `dry_run`, who were by this request. """
    n_interactions: int
    """ Their responses. """
    n_audit_entries: int
    """ Entries that are to be dropped, or were by this request. """
    n_students_left: int
    """ Students who are still to be erased. """

    def to_dict(self) -> dict[str, Any]:
        dry_run = self.dry_run

        inactive_since = self.inactive_since.isoformat()

        audit_before = self.audit_before.isoformat()

        n_students = self.n_students

        n_interactions = self.n_interactions

        n_audit_entries = self.n_audit_entries

        n_students_left = self.n_students_left

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "dry_run": dry_run,
                "inactive_since": inactive_since,
                "audit_before": audit_before,
                "n_students": n_students,
                "n_interactions": n_interactions,
                "n_audit_entries": n_audit_entries,
                "n_students_left": n_students_left,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        dry_run = d.pop("dry_run")

        inactive_since = datetime.datetime.fromisoformat(d.pop("inactive_since"))

        audit_before = datetime.datetime.fromisoformat(d.pop("audit_before"))

        n_students = d.pop("n_students")

        n_interactions = d.pop("n_interactions")

        n_audit_entries = d.pop("n_audit_entries")

        n_students_left = d.pop("n_students_left")

        retention_read = cls(
            dry_run=dry_run,
            inactive_since=inactive_since,
            audit_before=audit_before,
            n_students=n_students,
            n_interactions=n_interactions,
            n_audit_entries=n_audit_entries,
            n_students_left=n_students_left,
        )

        return retention_read
