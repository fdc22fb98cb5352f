"""What a sweep searches, and how."""

from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from typing_extensions import TypeAliasType

from api.schemas.common import WITHOUT_FRACTION, RequestShape, require_few_members
from ikt_model.search import count_points

MOST_TRIALS = 1000
MOST_SETTINGS = 20
MOST_CHOICES = 100
LARGEST_WHOLE = 2**53
LONGEST_TEXT = 256


def _require_scalar(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("must be a number, a text, true or false")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"must be at most {LONGEST_TEXT} characters long")
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("must be finite")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise ValueError(f"must lie between -{LARGEST_WHOLE} and {LARGEST_WHOLE}")
    return value


def _require_different(values: list[Any]) -> list[Any]:
    # In Python True equals 1; as settings they differ.
    if len({(type(value) is bool, value) for value in values}) < len(values):
        raise ValueError("must not repeat a value: that would run the same trial twice")
    return values


def _require_bounded(space: dict[str, list[Any]]) -> dict[str, list[Any]]:
    if (n_points := count_points(space)) > MOST_TRIALS:
        raise ValueError(f"has {n_points:,} points, at most {MOST_TRIALS:,} are possible; list fewer values")
    return space


Scalar = Annotated[
    Any,
    AfterValidator(_require_scalar),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "boolean"},
                {"type": "number", "minimum": -LARGEST_WHOLE, "maximum": LARGEST_WHOLE},
                {"type": "string", "maxLength": LONGEST_TEXT},
            ]
        }
    ),
]
Values = Annotated[
    list[Scalar],
    Field(min_length=1, max_length=MOST_TRIALS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_require_different),
]
SettingName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+){1,2}$", max_length=100)]
"""Section and name, as in `loss.lambda_target`."""


def _with_property_names(schema: dict[str, Any]) -> None:
    """The same said in words that generators of clients know: which names, and what stands under any."""
    ((pattern, value),) = schema.pop("patternProperties").items()
    schema |= {
        "propertyNames": {**schema["propertyNames"], "pattern": pattern},
        "additionalProperties": value,
    }


Real = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE), WITHOUT_FRACTION]


GridSpace = TypeAliasType(
    "GridSpace",
    Annotated[
        dict[SettingName, Values],
        Field(
            min_length=1,
            max_length=MOST_SETTINGS,
            json_schema_extra=_with_property_names,
            description="Values to try, by dotted name of the setting.",
        ),
        AfterValidator(_require_bounded),
        BeforeValidator(require_few_members),
    ],
)


class GridSearch(RequestShape):
    """Every combination of the listed values, the last setting changing fastest."""

    method: Literal["grid"]
    space: GridSpace


class FloatRange(RequestShape):
    """A number between two bounds."""

    type: Literal["float"]
    low: Real
    high: Real
    log: bool = False
    """Whether to search over its logarithm."""

    @model_validator(mode="after")
    def _is_range(self) -> Any:
        return _require_range(self)


class IntRange(RequestShape):
    """A whole number between two bounds."""

    type: Literal["int"]
    low: Whole
    high: Whole
    log: bool = False
    step: Annotated[int, Field(ge=1, le=LARGEST_WHOLE), WITHOUT_FRACTION] = 1

    @model_validator(mode="after")
    def _is_range(self) -> Any:
        if self.log and self.step != 1:
            raise ValueError(f"step {self.step} is not possible with log; leave one of them out")
        if (self.high - self.low) % self.step:
            raise ValueError(f"high {self.high} is no whole number of steps of {self.step} above {self.low}")
        return _require_range(self)


class Categorical(RequestShape):
    """One of several values in no order."""

    type: Literal["categorical"]
    choices: Annotated[
        list[Scalar],
        Field(min_length=2, max_length=MOST_CHOICES, json_schema_extra={"uniqueItems": True}),
        AfterValidator(_require_different),
    ]


def _require_range(described: Any) -> Any:
    if described.low >= described.high:
        raise ValueError(f"low {described.low} must be below high {described.high}")
    if described.log and described.low <= 0:
        raise ValueError(f"low {described.low} must be above 0 for a logarithm")
    return described


OptunaSpace = TypeAliasType(
    "OptunaSpace",
    Annotated[
        dict[SettingName, Annotated[FloatRange | IntRange | Categorical, Field(discriminator="type")]],
        Field(
            min_length=1,
            max_length=MOST_SETTINGS,
            json_schema_extra=_with_property_names,
            description="What to search, by dotted name of the setting.",
        ),
        BeforeValidator(require_few_members),
    ],
)


class OptunaSearch(RequestShape):
    """Points that Optuna proposes, each in the light of the trials before it."""

    method: Literal["optuna"]
    space: OptunaSpace
    n_trials: Annotated[int, Field(ge=1, le=MOST_TRIALS), WITHOUT_FRACTION]
    sampler: Literal["tpe", "random"] = "tpe"
    """Tree-structured Parzen estimator (Bergstra et al. 2011), or uniform at random."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1), WITHOUT_FRACTION] = 42
    """Of the sampler; the trials' own is config.training.seed."""


Search = Annotated[GridSearch | OptunaSearch, Field(discriminator="method")]
