from typing import Literal

ParetoAxisDirection = Literal["maximise", "minimise"]

PARETO_AXIS_DIRECTION_VALUES: set[ParetoAxisDirection] = {
    "maximise",
    "minimise",
}


def check_pareto_axis_direction(value: str) -> ParetoAxisDirection:
    if value in PARETO_AXIS_DIRECTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PARETO_AXIS_DIRECTION_VALUES!r}")
