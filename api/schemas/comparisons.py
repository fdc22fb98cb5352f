"""Comparisons on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Number, Shape

COMPARISON_EXAMPLE: dict[str, Any] = {
    "experiments": [
        {
            "id": "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f",
            "name": "small-mean, fold 0",
            "dataset": "assist2015 (9c56cc51)",
            "folds": [0],
            "exclude_folds": [],
        },
        {
            "id": "0193a1f6-1c5d-7e22-8b4f-9c0d1e2f3a4b",
            "name": "small-dynamic, fold 0",
            "dataset": "assist2015 (9c56cc51)",
            "folds": [0],
            "exclude_folds": [],
        },
    ],
    "settings": [{"name": "loss.ability_alignment", "values": ["mean", "pointwise"]}],
    "sections": [
        {
            "title": "Prediction",
            "rows": [
                {
                    "metric": "auc",
                    "label": "AUC",
                    "goal": "higher",
                    "target": None,
                    "reference": 0.6925,
                    "values": [
                        {
                            "value": 0.7282,
                            "change": None,
                            "relative_change": None,
                            "verdict": None,
                            "ratio_to_reference": None,
                            "passed": None,
                            "change_low": None,
                            "change_high": None,
                            "delong_low": None,
                            "delong_high": None,
                            "p_value": None,
                        },
                        {
                            "value": 0.7269,
                            "change": -0.0013,
                            "relative_change": -0.0018,
                            "verdict": "worse",
                            "ratio_to_reference": None,
                            "passed": None,
                            "change_low": -0.0019,
                            "change_high": -0.0007,
                            "delong_low": -0.0018,
                            "delong_high": -0.0008,
                            "p_value": 5.1e-06,
                        },
                    ],
                }
            ],
        }
    ],
    "notes": [],
    "intervals": "95% percentile intervals over 1,000 resamples of students, the same ones for both runs",
}


class ComparedExperiment(Shape):
    """One side of a comparison: an experiment, or a cross-validation, whose figures are means over folds."""

    id: UUID
    name: str
    dataset: str
    """Name, and the beginning of the content's hash."""
    folds: list[int]
    """Held out, each once: one of an experiment, several of a cross-validation."""
    exclude_folds: list[int]
    """Folds whose students were left out altogether."""


class ComparedSetting(Shape):
    """A setting in which the experiments differ."""

    name: str
    """Path in the configuration, like `loss.lambda_target`."""
    values: list[Any]
    """The baseline's first."""


class ComparedValue(Shape):
    """One experiment's figure, and how it stands to the baseline's."""

    value: Number
    change: Number
    """Null for the baseline itself."""
    relative_change: Number
    verdict: Literal["better", "worse", "same"] | None
    """`same` also where the interval of the change holds 0; null where a figure is only told, or where too
    few students gave no interval."""
    ratio_to_reference: Number
    passed: bool | None
    """Whether the target is met; null where there is none."""
    change_low: Number
    """Lower end of the change's 95 % interval: students resampled in pairs, within their fold. Null where
    there is none."""
    change_high: Number
    """Upper end of that interval."""
    delong_low: Number
    """Lower end of the change's 95 % interval by DeLong, as if responses were independent; of AUCs only."""
    delong_high: Number
    """Upper end of that interval."""
    p_value: Number
    """DeLong's two-sided test of no change; of AUCs only."""


class ComparedMetric(Shape):
    """One figure of every experiment, the baseline's first."""

    metric: str
    label: str
    goal: Literal["higher", "lower", "reference", "none"]
    """Whether the figure should rise, fall, come near the reference's, or is only told."""
    target: str | None
    reference: Number
    """The reference model's value of the same figure."""
    values: list[ComparedValue]


class ComparisonSection(Shape):
    """Figures that belong together."""

    title: str
    rows: list[ComparedMetric]


class ComparisonRead(Shape):
    """Experiments side by side: the baseline, then the candidates in the order asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [COMPARISON_EXAMPLE]})

    experiments: list[ComparedExperiment]
    settings: list[ComparedSetting]
    sections: list[ComparisonSection]
    notes: list[str]
    """Why figures may not be comparable, or have no interval."""
    intervals: str | None
    """How the intervals of changes were found; null where there are none."""
