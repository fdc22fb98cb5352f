from typing import Literal

EvaluateExperimentProtocol = Literal["history", "window"]

EVALUATE_EXPERIMENT_PROTOCOL_VALUES: set[EvaluateExperimentProtocol] = {
    "history",
    "window",
}


def check_evaluate_experiment_protocol(value: str) -> EvaluateExperimentProtocol:
    if value in EVALUATE_EXPERIMENT_PROTOCOL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EVALUATE_EXPERIMENT_PROTOCOL_VALUES!r}")
