from typing import Literal

ComparisonFindingSeverity = Literal["caution", "problem", "remark"]

COMPARISON_FINDING_SEVERITY_VALUES: set[ComparisonFindingSeverity] = {
    "caution",
    "problem",
    "remark",
}


def check_comparison_finding_severity(value: str) -> ComparisonFindingSeverity:
    if value in COMPARISON_FINDING_SEVERITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARISON_FINDING_SEVERITY_VALUES!r}")
