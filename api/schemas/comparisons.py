"""Comparisons on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, WithJsonSchema

from api.schemas.common import Number, Shape, UtcTime
from api.schemas.comparison_example import COMPARISON_EXAMPLE

# As lists of two numbers, which more readers of the document know than tuples.
TWO_NUMBERS = WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
Range = Annotated[tuple[float, float], TWO_NUMBERS]
CurvePoint = Annotated[tuple[int, float], TWO_NUMBERS]


class ComparedExperiment(Shape):
    """One side of a comparison: an experiment, or a cross-validation, whose figures are means over folds."""

    id: UUID
    name: str
    label: str
    """The name, with the end of the id where another of the comparison bears it too."""
    kind: Literal["experiment", "cross-validation"]
    dataset: str
    """Name, and the beginning of the content's hash."""
    folds: list[int]
    """Held out, each once: one of an experiment, several of a cross-validation."""
    exclude_folds: list[int]
    """Folds whose students were left out altogether."""
    seed: int | None
    finished_at: UtcTime | None
    epochs: int | None
    """Epochs trained."""
    href: str
    """Where it stands."""


class ComparedSetting(Shape):
    """A setting in which the experiments differ."""

    name: str
    """Path in the configuration, like `loss.lambda_target`."""
    values: list[Any]
    """The baseline's first."""


class CommonSetting(Shape):
    """A setting that all experiments share."""

    name: str
    """Path in the configuration, like `model.d_model`."""
    value: Any


class ComparedValue(Shape):
    """One experiment's figure, and how it stands to the baseline's."""

    value: Number
    """Null of a range, and where the figure does not exist."""
    change: Number
    """Null for the baseline itself."""
    relative_change: Number
    """As a share of the baseline's absolute value."""
    verdict: Literal["better", "worse", "same"] | None
    """`same` is no difference: where the interval of the change holds 0 or, of a figure that never has one,
    where it gains less than a thousandth. Null where a figure is only told, and where a figure that should
    have an interval has none."""
    ratio_to_reference: Number
    """Value over reference, of a figure that should come near it; null of a mean whose reference is nearer to
    0 than its standard deviation."""
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
    reference: Number
    """The same figure of this experiment's own reference."""
    aim: Number
    """What training pulled the figure towards, where that is not the reference's trajectory."""
    range: Range | None
    """Smallest and largest value, of a row whose form is `range`."""
    reference_range: Range | None
    aim_range: Range | None


class ComparedMetric(Shape):
    """One figure of every experiment, the baseline's first."""

    metric: str
    label: str
    goal: Literal["higher", "lower", "reference", "none"]
    """Whether the figure should rise, fall, come near the reference's, or is only told."""
    form: Literal["number", "count", "range"]
    """How it is written: a range has two ends and no change."""
    target: str | None
    """What is asked of it, in words."""
    reference: Number
    """The baseline's reference's value of the same figure; each experiment's own stands with its value."""
    values: list[ComparedValue]


class ComparisonSection(Shape):
    """Figures that belong together."""

    name: str
    """Stable: `prediction`, `alignment`, `theta`, `beta`, `mastery`, `correlation`, `training`, `lambda`."""
    title: str
    rows: list[ComparedMetric]


class ComparedScale(Shape):
    """A spread or a mean beside its reference's."""

    value: Number
    reference: Number
    ratio: Number
    """Value over reference."""
    reading: str | None
    """The same in words."""


class ScaleComparison(Shape):
    """How θ or β of every experiment is scaled, the baseline's first."""

    metric: str
    label: str
    values: list[ComparedScale]


class JudgedValue(Shape):
    """A figure against what is asked of it."""

    value: Number
    threshold: Number
    passed: bool | None


class ComparedCriterion(Shape):
    """What is asked of a figure, and whether every experiment meets it."""

    metric: str
    label: str
    target: str
    values: list[JudgedValue]


class FindingEvidence(Shape):
    """A figure, or a setting, that a finding rests on."""

    metric: str
    """Its name, or the path of a setting."""
    label: str
    value: Number
    epoch: int | None
    """Null for the final model."""
    href: str
    """Where the figure stands."""


class ComparisonFinding(Shape):
    """What a rule has to say of one experiment."""

    experiment_id: UUID
    """Of the experiment or cross-validation."""
    rule: str
    severity: Literal["problem", "caution", "remark"]
    message: str
    evidence: list[FindingEvidence]


class ComparisonCurve(Shape):
    """One figure over the epochs of every experiment, the baseline's first."""

    metric: str
    label: str
    goal: Literal["higher", "lower", "reference", "none"]
    points: list[list[CurvePoint]]
    """Epoch and value, at most 200 of each experiment; none of a cross-validation."""
    references: list[Number]
    """The same figure of each experiment's reference, which no epoch changes."""


class ComparisonRead(Shape):
    """Experiments side by side: the baseline, then the candidates in the order asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [COMPARISON_EXAMPLE]})

    experiments: list[ComparedExperiment]
    settings: list[ComparedSetting]
    common_settings: list[CommonSetting]
    sections: list[ComparisonSection]
    scale: list[ScaleComparison]
    criteria: list[ComparedCriterion]
    findings: list[ComparisonFinding]
    """The gravest first."""
    curves: list[ComparisonCurve]
    notes: list[str]
    """Why figures may not be comparable, or have no interval."""
    intervals: str | None
    """How the intervals of changes were found; null where there are none."""
