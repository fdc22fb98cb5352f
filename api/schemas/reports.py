"""The report of an experiment on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Number, Shape

Column = Literal["probability", "mastery", "reference"]

_PART = {
    "auc": 0.7238,
    "standard_error": 0.0028,
    "low": 0.7183,
    "high": 0.7294,
    "n": 102749,
    "n_students": 3055,
    "share_right": 0.7402,
}
_COLD = _PART | {
    "auc": 0.7142,
    "standard_error": 0.0057,
    "low": 0.7031,
    "high": 0.7253,
    "n": 14294,
    "share_right": 0.7505,
}
_SKILL = {
    "auc": 0.6307,
    "standard_error": 0.0129,
    "low": 0.6054,
    "high": 0.656,
    "n": 3192,
    "n_students": 471,
    "share_right": 0.6858,
}
REPORT_EXAMPLE: dict[str, Any] = {
    "experiment_id": "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f",
    "format_version": 1,
    "protocol": "window",
    "window": 200,
    "n_students": 3055,
    "n_predicted": 102749,
    "auc": {"probability": _PART},
    "cold_start": {"probability": _COLD},
    "calibration": {
        "probability": {
            "ece": 0.0075,
            "ece_equal_mass": 0.0077,
            "brier": 0.1686,
            "log_loss": 0.5101,
            "mean_probability": 0.7405,
            "share_right": 0.7402,
            "curve": [
                {"low": 0.3333, "high": 0.4, "n": 2054, "mean_probability": 0.3716, "share_right": 0.3437}
            ],
        }
    },
    "by_history": [{"first": 1, "last": 5} | _COLD],
    "by_skill": [{"skill": "2"} | _SKILL],
    "distributions": {
        "theta": {
            "edges": [-1.8, -0.6, 0.6, 1.8],
            "model": [9120, 81204, 12425],
            "reference": [9433, 80655, 12661],
        },
        "beta": {"edges": [-2.9, -1.9, -0.8, 0.22], "model": [31, 52, 17], "reference": [31, 51, 18]},
    },
    "audit": {
        "status": "pass",
        "findings": [
            {
                "check": "future_labels_window",
                "status": "pass",
                "value": 0.0,
                "threshold": 0.0,
                "message": "None of 7,212 values moved when later responses of 64 students were flipped "
                "(3,825 later ones did).",
            }
        ],
    },
    "seconds": 0.82,
}


class AucPart(Shape):
    """AUC of some of the predicted responses; null where they are all right or all wrong."""

    auc: Number
    standard_error: Number
    """Between students: responses of one student hang together."""
    low: Number
    """Of the 95 % interval."""
    high: Number
    n: int
    """Predicted responses."""
    n_students: int
    share_right: Number


class HistoryAuc(AucPart):
    """Responses of students who had answered so many times before."""

    first: int
    last: int | None
    """Null: or more often."""


class SkillAuc(AucPart):
    """Responses on one skill; one on several skills counts for each of them."""

    skill: str


class ReliabilityBin(Shape):
    """Responses whose predicted probability lies between two values."""

    low: float
    high: float
    n: int
    mean_probability: float
    share_right: float
    """Equal to the mean probability where predictions can be believed."""


class Reliability(Shape):
    """How far probabilities can be believed."""

    ece: Number
    """Expected calibration error over 15 bins of equal width."""
    ece_equal_mass: Number
    """The same over 15 bins of equally many responses."""
    brier: Number
    log_loss: Number
    """In nats."""
    mean_probability: Number
    share_right: Number
    curve: list[ReliabilityBin]
    """Bins of equal width that hold a response."""


class Histogram(Shape):
    """How values of the model and of its reference are spread, counted in bins that both share."""

    edges: list[float]
    """Of 40 bins of equal width over both, in logits: one more than there are counts."""
    model: list[int] | None
    """Null for a model that has no such value."""
    reference: list[int] | None


class Distributions(Shape):
    """Scales of ability and difficulty beside those of the reference; null where there is no value."""

    theta: Histogram | None
    """θ before each predicted response."""
    beta: Histogram | None
    """β of every skill."""


class FindingRead(Shape):
    """What one check of the audit found."""

    check: str
    status: Literal["pass", "warn", "fail"]
    value: Number
    threshold: Number
    """Where `pass` ends."""
    message: str


class AuditRead(Shape):
    """Every check that ran, and the gravest status."""

    status: Literal["pass", "warn", "fail"]
    findings: list[FindingRead]


class ReportRead(Shape):
    """How good an experiment's held-out predictions are, and what an audit makes of them.

    `probability` is Head 1's p, `mastery` Head 2's M, `reference` the reference model's M.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [REPORT_EXAMPLE]})

    experiment_id: UUID
    format_version: int
    protocol: Literal["window", "history"]
    """Which responses were predicted: `window` as in training, `history` as students are served."""
    window: int
    """Longest stretch of responses seen at once."""
    n_students: int
    n_predicted: int
    auc: dict[Column, AucPart]
    cold_start: dict[Column, AucPart]
    """A student's first 5 predicted responses."""
    calibration: dict[Column, Reliability]
    by_history: list[HistoryAuc]
    """AUC of p by how many responses came before."""
    by_skill: list[SkillAuc]
    """AUC of p by skill, the most practised first."""
    distributions: Distributions | None = None
    """Null in a report from before they were kept."""
    audit: AuditRead
    seconds: float
    """How long the report took to make."""
