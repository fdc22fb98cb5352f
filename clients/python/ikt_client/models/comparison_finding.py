from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define as _attrs_define

from ..models.comparison_finding_severity import (
    ComparisonFindingSeverity,
    check_comparison_finding_severity,
)

if TYPE_CHECKING:
    from ..models.finding_evidence import FindingEvidence


T = TypeVar("T", bound="ComparisonFinding")


@_attrs_define
class ComparisonFinding:
    """What a rule has to say of one experiment."""

    experiment_id: UUID
    """ Of the experiment or cross-validation. """
    rule: str
    severity: ComparisonFindingSeverity
    message: str
    evidence: list[FindingEvidence]

    def to_dict(self) -> dict[str, Any]:
        experiment_id = str(self.experiment_id)

        rule = self.rule

        severity: str = self.severity

        message = self.message

        evidence = []
        for evidence_item_data in self.evidence:
            evidence_item = evidence_item_data.to_dict()
            evidence.append(evidence_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiment_id": experiment_id,
                "rule": rule,
                "severity": severity,
                "message": message,
                "evidence": evidence,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.finding_evidence import FindingEvidence  # noqa: PLC0415

        d = dict(src_dict)
        experiment_id = UUID(d.pop("experiment_id"))

        rule = d.pop("rule")

        severity = check_comparison_finding_severity(d.pop("severity"))

        message = d.pop("message")

        evidence = []
        _evidence = d.pop("evidence")
        for evidence_item_data in _evidence:
            evidence_item = FindingEvidence.from_dict(evidence_item_data)

            evidence.append(evidence_item)

        comparison_finding = cls(
            experiment_id=experiment_id,
            rule=rule,
            severity=severity,
            message=message,
            evidence=evidence,
        )

        return comparison_finding
