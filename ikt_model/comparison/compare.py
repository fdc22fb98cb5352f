"""A comparison as data: what the runs are, where they differ, and every table of their figures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ikt_model.comparison.bootstrap import FEWEST_STUDENTS
from ikt_model.comparison.curves import Curve, draw_curves
from ikt_model.comparison.rows import (
    CriterionRow,
    PairedFigures,
    Row,
    Section,
    Value,
    fill_tables,
    judge_all,
)
from ikt_model.comparison.scale import ScaleRow, compare_scales
from ikt_model.comparison.statistics import LEVEL, RESAMPLES
from ikt_model.comparison.summary import RunSummary

if TYPE_CHECKING:
    # Which are made from summaries: the service brings both together.
    from ikt_model.comparison.observations import Observation

__all__ = ["Comparison", "PairedFigures", "Row", "RunSummary", "Section", "Setting", "Value", "compare"]

SEVERITIES = ("problem", "caution", "remark")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in which the runs differ."""

    name: str  # dotted, as in `loss.lambda_target`
    values: list[Any]  # baseline first


@dataclass(frozen=True, slots=True)
class CommonSetting:
    """A setting that all runs share."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one run."""

    experiment_id: str  # of the run, a cross-validation's too
    rule: str
    severity: str  # of SEVERITIES
    message: str
    evidence: list[dict[str, Any]]  # metric, label, value, epoch


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that a report needs."""

    experiments: list[dict[str, Any]]  # id, name, label (no two alike), kind, …; baseline first
    settings: list[Setting]
    common_settings: list[CommonSetting]
    sections: list[Section]
    scale: list[ScaleRow]
    criteria: list[CriterionRow]
    findings: list[Finding]  # the gravest first
    curves: list[Curve]
    notes: list[str]  # why figures may not be comparable
    intervals: str | None = None  # what the intervals of changes are; None where there are none

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


INTERVALS = (
    f"{LEVEL:.0%} percentile intervals over {RESAMPLES:,} resamples of students, the same for both runs. "
    "A change whose interval holds 0 is called no difference. DeLong's two-sided p takes responses for "
    "independent."
)


def compare(
    baseline: RunSummary,
    candidates: Sequence[RunSummary],
    *,
    paired: Sequence[PairedFigures] = (),
    observations: "Sequence[Sequence[Observation]]" = (),
) -> Comparison:
    """Tables of all recorded figures, changes counted from the baseline.

    `paired` holds one entry per candidate, or none at all: a figure with an interval that holds 0 is called
    the same, and of one whose interval could not be found nothing is said. `observations` holds one entry per
    run, or none at all.
    """
    runs = [baseline, *candidates]
    sections = fill_tables(runs, paired)
    return Comparison(
        experiments=[
            _describe(run) | {"label": label} for run, label in zip(runs, _labels(runs), strict=True)
        ],
        settings=_differences(runs),
        common_settings=_common(runs),
        sections=sections,
        scale=compare_scales(sections),
        criteria=judge_all(runs),
        findings=_findings(runs, observations),
        curves=draw_curves(runs),
        notes=[*_notes(runs), *dict.fromkeys(_why_unsure(candidates, paired))],
        intervals=INTERVALS if any(isinstance(found, Mapping) and found for found in paired) else None,
    )


def _describe(run: RunSummary) -> dict[str, Any]:
    settings = run.settings
    return {
        "id": run.id,
        "name": run.name,
        "kind": run.kind,
        "dataset": run.dataset,
        "folds": run.folds,
        "exclude_folds": sorted(run.exclude_folds),
        "seed": settings.get("training.seed"),
        "finished_at": run.finished_at,
        "epochs": run.epochs[-1]["epoch"] if run.epochs else settings.get("training.epochs"),
    }


def _labels(runs: Sequence[RunSummary]) -> list[str]:
    """Names, with the end of the id where several runs share one."""
    owners: dict[str, set[str]] = {}
    for run in runs:
        owners.setdefault(run.name, set()).add(run.id)
    return [run.name if len(owners[run.name]) == 1 else f"{run.name} ({run.id[-8:]})" for run in runs]


def _why_unsure(candidates: Sequence[RunSummary], paired: Sequence[PairedFigures]) -> Iterator[str]:
    """Why changes have no interval, as far as some have none."""
    for run, found in zip(candidates, paired, strict=False):
        if isinstance(found, str):
            yield found
        elif any(
            math.isfinite(one.interval.value) and math.isnan(one.interval.low) for one in found.values()
        ):
            yield (
                f"{run.name}: too few students were held out to say how sure every change is; an interval "
                f"takes {FEWEST_STUDENTS} of them in every fold, with right and wrong answers."
            )


def _differences(runs: Sequence[RunSummary]) -> list[Setting]:
    settings = [run.settings for run in runs]
    names = dict.fromkeys(name for each in settings for name in each)
    rows = [Setting(name, [each.get(name) for each in settings]) for name in names]
    return [row for row in rows if any(value != row.values[0] for value in row.values)]


def _common(runs: Sequence[RunSummary]) -> list[CommonSetting]:
    differing = {setting.name for setting in _differences(runs)}
    return [CommonSetting(name, value) for name, value in runs[0].settings.items() if name not in differing]


def _findings(runs: Sequence[RunSummary], observations: "Sequence[Sequence[Observation]]") -> list[Finding]:
    by_run = {run.id: found for run, found in zip(runs, observations, strict=False)}
    found = [
        Finding(
            experiment_id=run_id,
            rule=one.rule,
            severity=one.severity,
            message=one.message,
            evidence=[asdict(part) for part in one.evidence],
        )
        for run_id, observed in by_run.items()
        for one in observed
    ]
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity))


def _notes(runs: Sequence[RunSummary]) -> list[str]:
    notes = []
    if len({run.dataset for run in runs}) > 1:
        notes.append("The experiments used different data: their figures are not about the same students.")
    elif len({tuple(run.folds) for run in runs}) > 1:
        notes.append(
            "The experiments held out different folds: their figures are not about the same students."
        )
    if len({tuple(sorted(run.exclude_folds)) for run in runs}) > 1:
        notes.append(
            "The experiments left out different folds: they were not trained on the same students, and a "
            "change may be that of the data."
        )
    if len({run.config.get("loss", {}).get("ability_alignment") for run in runs}) > 1:
        notes.append(
            "l_23 and the total loss mean different things here; l_23_mean and l_23_pointwise compare."
        )
    return notes
