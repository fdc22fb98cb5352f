from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..models.audit_read_status import AuditReadStatus, check_audit_read_status

if TYPE_CHECKING:
    from ..models.finding_read import FindingRead


T = TypeVar("T", bound="AuditRead")


@_attrs_define
class AuditRead:
    """Every check that ran, and the gravest status."""

    status: AuditReadStatus
    findings: list[FindingRead]

    def to_dict(self) -> dict[str, Any]:
        status: str = self.status

        findings = []
        for findings_item_data in self.findings:
            findings_item = findings_item_data.to_dict()
            findings.append(findings_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "status": status,
                "findings": findings,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.finding_read import FindingRead  # noqa: PLC0415

        d = dict(src_dict)
        status = check_audit_read_status(d.pop("status"))

        findings = []
        _findings = d.pop("findings")
        for findings_item_data in _findings:
            findings_item = FindingRead.from_dict(findings_item_data)

            findings.append(findings_item)

        audit_read = cls(
            status=status,
            findings=findings,
        )

        return audit_read
