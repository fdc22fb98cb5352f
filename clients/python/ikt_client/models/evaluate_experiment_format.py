from typing import Literal

EvaluateExperimentFormat = Literal["auto", "events", "pykt"]

EVALUATE_EXPERIMENT_FORMAT_VALUES: set[EvaluateExperimentFormat] = {
    "auto",
    "events",
    "pykt",
}


def check_evaluate_experiment_format(value: str) -> EvaluateExperimentFormat:
    if value in EVALUATE_EXPERIMENT_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EVALUATE_EXPERIMENT_FORMAT_VALUES!r}")
