from typing import Literal

ComparedMetricForm = Literal["count", "number", "range"]

COMPARED_METRIC_FORM_VALUES: set[ComparedMetricForm] = {
    "count",
    "number",
    "range",
}


def check_compared_metric_form(value: str) -> ComparedMetricForm:
    if value in COMPARED_METRIC_FORM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARED_METRIC_FORM_VALUES!r}")
