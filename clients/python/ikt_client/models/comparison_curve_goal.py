from typing import Literal

ComparisonCurveGoal = Literal["higher", "lower", "none", "reference"]

COMPARISON_CURVE_GOAL_VALUES: set[ComparisonCurveGoal] = {
    "higher",
    "lower",
    "none",
    "reference",
}


def check_comparison_curve_goal(value: str) -> ComparisonCurveGoal:
    if value in COMPARISON_CURVE_GOAL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARISON_CURVE_GOAL_VALUES!r}")
