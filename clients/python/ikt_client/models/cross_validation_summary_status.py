from typing import Literal

CrossValidationSummaryStatus = Literal["cancelled", "failed", "incomplete", "queued", "running", "succeeded"]

CROSS_VALIDATION_SUMMARY_STATUS_VALUES: set[CrossValidationSummaryStatus] = {
    "cancelled",
    "failed",
    "incomplete",
    "queued",
    "running",
    "succeeded",
}


def check_cross_validation_summary_status(value: str) -> CrossValidationSummaryStatus:
    if value in CROSS_VALIDATION_SUMMARY_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CROSS_VALIDATION_SUMMARY_STATUS_VALUES!r}")
