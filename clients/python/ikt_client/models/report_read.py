from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import define as _attrs_define

from ..models.report_read_protocol import ReportReadProtocol, check_report_read_protocol
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.auc import Auc
    from ..models.audit_read import AuditRead
    from ..models.calibration import Calibration
    from ..models.cold_start import ColdStart
    from ..models.distributions import Distributions
    from ..models.history_auc import HistoryAuc
    from ..models.skill_auc import SkillAuc


T = TypeVar("T", bound="ReportRead")


@_attrs_define
class ReportRead:
    """How good an experiment's held-out predictions are, and what an audit makes of them.

    `probability` is Head 1's p, `mastery` Head 2's M, `reference` the reference model's M.

    """

    experiment_id: UUID
    format_version: int
    protocol: ReportReadProtocol
    """ Which responses were predicted: `window` as in training, `history` as students are served. """
    window: int
    """ Longest stretch of responses seen at once. """
    n_students: int
    n_predicted: int
    auc: Auc
    cold_start: ColdStart
    """ A student's first 5 predicted responses. """
    calibration: Calibration
    by_history: list[HistoryAuc]
    """ AUC of p by how many responses came before. """
    by_skill: list[SkillAuc]
    """ AUC of p by skill, the most practised first. """
    audit: AuditRead
    """ Every check that ran, and the gravest status. """
    seconds: float
    """ How long the report took to make. """
    distributions: Distributions | None | Unset = UNSET
    """ Null in a report from before they were kept. """

    def to_dict(self) -> dict[str, Any]:
        from ..models.distributions import Distributions  # noqa: PLC0415

        experiment_id = str(self.experiment_id)

        format_version = self.format_version

        protocol: str = self.protocol

        window = self.window

        n_students = self.n_students

        n_predicted = self.n_predicted

        auc = self.auc.to_dict()

        cold_start = self.cold_start.to_dict()

        calibration = self.calibration.to_dict()

        by_history = []
        for by_history_item_data in self.by_history:
            by_history_item = by_history_item_data.to_dict()
            by_history.append(by_history_item)

        by_skill = []
        for by_skill_item_data in self.by_skill:
            by_skill_item = by_skill_item_data.to_dict()
            by_skill.append(by_skill_item)

        audit = self.audit.to_dict()

        seconds = self.seconds

        distributions: dict[str, Any] | None | Unset
        if isinstance(self.distributions, Unset):
            distributions = UNSET
        elif isinstance(self.distributions, Distributions):
            distributions = self.distributions.to_dict()
        else:
            distributions = self.distributions

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiment_id": experiment_id,
                "format_version": format_version,
                "protocol": protocol,
                "window": window,
                "n_students": n_students,
                "n_predicted": n_predicted,
                "auc": auc,
                "cold_start": cold_start,
                "calibration": calibration,
                "by_history": by_history,
                "by_skill": by_skill,
                "audit": audit,
                "seconds": seconds,
            }
        )
        if distributions is not UNSET:
            field_dict["distributions"] = distributions

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.auc import Auc  # noqa: PLC0415
        from ..models.audit_read import AuditRead  # noqa: PLC0415
        from ..models.calibration import Calibration  # noqa: PLC0415
        from ..models.cold_start import ColdStart  # noqa: PLC0415
        from ..models.distributions import Distributions  # noqa: PLC0415
        from ..models.history_auc import HistoryAuc  # noqa: PLC0415
        from ..models.skill_auc import SkillAuc  # noqa: PLC0415

        d = dict(src_dict)
        experiment_id = UUID(d.pop("experiment_id"))

        format_version = d.pop("format_version")

        protocol = check_report_read_protocol(d.pop("protocol"))

        window = d.pop("window")

        n_students = d.pop("n_students")

        n_predicted = d.pop("n_predicted")

        auc = Auc.from_dict(d.pop("auc"))

        cold_start = ColdStart.from_dict(d.pop("cold_start"))

        calibration = Calibration.from_dict(d.pop("calibration"))

        by_history = []
        _by_history = d.pop("by_history")
        for by_history_item_data in _by_history:
            by_history_item = HistoryAuc.from_dict(by_history_item_data)

            by_history.append(by_history_item)

        by_skill = []
        _by_skill = d.pop("by_skill")
        for by_skill_item_data in _by_skill:
            by_skill_item = SkillAuc.from_dict(by_skill_item_data)

            by_skill.append(by_skill_item)

        audit = AuditRead.from_dict(d.pop("audit"))

        seconds = d.pop("seconds")

        def _parse_distributions(data: object) -> Distributions | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                distributions_type_0 = Distributions.from_dict(data)

                return distributions_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Distributions | None | Unset, data)

        distributions = _parse_distributions(d.pop("distributions", UNSET))

        report_read = cls(
            experiment_id=experiment_id,
            format_version=format_version,
            protocol=protocol,
            window=window,
            n_students=n_students,
            n_predicted=n_predicted,
            auc=auc,
            cold_start=cold_start,
            calibration=calibration,
            by_history=by_history,
            by_skill=by_skill,
            audit=audit,
            seconds=seconds,
            distributions=distributions,
        )

        return report_read
