from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.common_setting import CommonSetting
    from ..models.compared_criterion import ComparedCriterion
    from ..models.compared_experiment import ComparedExperiment
    from ..models.compared_setting import ComparedSetting
    from ..models.comparison_curve import ComparisonCurve
    from ..models.comparison_finding import ComparisonFinding
    from ..models.comparison_section import ComparisonSection
    from ..models.scale_comparison import ScaleComparison


T = TypeVar("T", bound="ComparisonRead")


@_attrs_define
class ComparisonRead:
    """Experiments side by side: the baseline, then the candidates in the order asked for."""

    experiments: list[ComparedExperiment]
    settings: list[ComparedSetting]
    common_settings: list[CommonSetting]
    sections: list[ComparisonSection]
    scale: list[ScaleComparison]
    criteria: list[ComparedCriterion]
    findings: list[ComparisonFinding]
    """ The gravest first. """
    curves: list[ComparisonCurve]
    notes: list[str]
    """ Why figures may not be comparable, or have no interval. """
    intervals: None | str
    """ How the intervals of changes were found; null where there are none. """

    def to_dict(self) -> dict[str, Any]:
        experiments = []
        for experiments_item_data in self.experiments:
            experiments_item = experiments_item_data.to_dict()
            experiments.append(experiments_item)

        settings = []
        for settings_item_data in self.settings:
            settings_item = settings_item_data.to_dict()
            settings.append(settings_item)

        common_settings = []
        for common_settings_item_data in self.common_settings:
            common_settings_item = common_settings_item_data.to_dict()
            common_settings.append(common_settings_item)

        sections = []
        for sections_item_data in self.sections:
            sections_item = sections_item_data.to_dict()
            sections.append(sections_item)

        scale = []
        for scale_item_data in self.scale:
            scale_item = scale_item_data.to_dict()
            scale.append(scale_item)

        criteria = []
        for criteria_item_data in self.criteria:
            criteria_item = criteria_item_data.to_dict()
            criteria.append(criteria_item)

        findings = []
        for findings_item_data in self.findings:
            findings_item = findings_item_data.to_dict()
            findings.append(findings_item)

        curves = []
        for curves_item_data in self.curves:
            curves_item = curves_item_data.to_dict()
            curves.append(curves_item)

        notes = self.notes

        intervals: None | str
        intervals = self.intervals

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "experiments": experiments,
                "settings": settings,
                "common_settings": common_settings,
                "sections": sections,
                "scale": scale,
                "criteria": criteria,
                "findings": findings,
                "curves": curves,
                "notes": notes,
                "intervals": intervals,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.common_setting import CommonSetting  # noqa: PLC0415
        from ..models.compared_criterion import ComparedCriterion  # noqa: PLC0415
        from ..models.compared_experiment import ComparedExperiment  # noqa: PLC0415
        from ..models.compared_setting import ComparedSetting  # noqa: PLC0415
        from ..models.comparison_curve import ComparisonCurve  # noqa: PLC0415
        from ..models.comparison_finding import ComparisonFinding  # noqa: PLC0415
        from ..models.comparison_section import ComparisonSection  # noqa: PLC0415
        from ..models.scale_comparison import ScaleComparison  # noqa: PLC0415

        d = dict(src_dict)
        experiments = []
        _experiments = d.pop("experiments")
        for experiments_item_data in _experiments:
            experiments_item = ComparedExperiment.from_dict(experiments_item_data)

            experiments.append(experiments_item)

        settings = []
        _settings = d.pop("settings")
        for settings_item_data in _settings:
            settings_item = ComparedSetting.from_dict(settings_item_data)

            settings.append(settings_item)

        common_settings = []
        _common_settings = d.pop("common_settings")
        for common_settings_item_data in _common_settings:
            common_settings_item = CommonSetting.from_dict(common_settings_item_data)

            common_settings.append(common_settings_item)

        sections = []
        _sections = d.pop("sections")
        for sections_item_data in _sections:
            sections_item = ComparisonSection.from_dict(sections_item_data)

            sections.append(sections_item)

        scale = []
        _scale = d.pop("scale")
        for scale_item_data in _scale:
            scale_item = ScaleComparison.from_dict(scale_item_data)

            scale.append(scale_item)

        criteria = []
        _criteria = d.pop("criteria")
        for criteria_item_data in _criteria:
            criteria_item = ComparedCriterion.from_dict(criteria_item_data)

            criteria.append(criteria_item)

        findings = []
        _findings = d.pop("findings")
        for findings_item_data in _findings:
            findings_item = ComparisonFinding.from_dict(findings_item_data)

            findings.append(findings_item)

        curves = []
        _curves = d.pop("curves")
        for curves_item_data in _curves:
            curves_item = ComparisonCurve.from_dict(curves_item_data)

            curves.append(curves_item)

        notes = cast(list[str], d.pop("notes"))

        def _parse_intervals(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        intervals = _parse_intervals(d.pop("intervals"))

        comparison_read = cls(
            experiments=experiments,
            settings=settings,
            common_settings=common_settings,
            sections=sections,
            scale=scale,
            criteria=criteria,
            findings=findings,
            curves=curves,
            notes=notes,
            intervals=intervals,
        )

        return comparison_read
