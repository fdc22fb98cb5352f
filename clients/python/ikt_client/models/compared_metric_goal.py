from typing import Literal

ComparedMetricGoal = Literal["higher", "lower", "none", "reference"]

COMPARED_METRIC_GOAL_VALUES: set[ComparedMetricGoal] = {
    "higher",
    "lower",
    "none",
    "reference",
}


def check_compared_metric_goal(value: str) -> ComparedMetricGoal:
    if value in COMPARED_METRIC_GOAL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARED_METRIC_GOAL_VALUES!r}")
