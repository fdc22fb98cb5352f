from typing import Literal

SweepSummaryStatus = Literal["cancelled", "failed", "running", "succeeded"]

SWEEP_SUMMARY_STATUS_VALUES: set[SweepSummaryStatus] = {
    "cancelled",
    "failed",
    "running",
    "succeeded",
}


def check_sweep_summary_status(value: str) -> SweepSummaryStatus:
    if value in SWEEP_SUMMARY_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SWEEP_SUMMARY_STATUS_VALUES!r}")
