from typing import Literal

EvaluateExperimentFilesBodyProtocol = Literal["history", "window"]

EVALUATE_EXPERIMENT_FILES_BODY_PROTOCOL_VALUES: set[EvaluateExperimentFilesBodyProtocol] = {
    "history",
    "window",
}


def check_evaluate_experiment_files_body_protocol(value: str) -> EvaluateExperimentFilesBodyProtocol:
    if value in EVALUATE_EXPERIMENT_FILES_BODY_PROTOCOL_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {EVALUATE_EXPERIMENT_FILES_BODY_PROTOCOL_VALUES!r}"
    )
