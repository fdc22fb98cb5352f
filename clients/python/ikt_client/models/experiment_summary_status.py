from typing import Literal

ExperimentSummaryStatus = Literal["cancelled", "failed", "pruned", "queued", "running", "succeeded"]

EXPERIMENT_SUMMARY_STATUS_VALUES: set[ExperimentSummaryStatus] = {
    "cancelled",
    "failed",
    "pruned",
    "queued",
    "running",
    "succeeded",
}


def check_experiment_summary_status(value: str) -> ExperimentSummaryStatus:
    if value in EXPERIMENT_SUMMARY_STATUS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EXPERIMENT_SUMMARY_STATUS_VALUES!r}")
