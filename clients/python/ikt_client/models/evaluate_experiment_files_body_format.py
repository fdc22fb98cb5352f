from typing import Literal

EvaluateExperimentFilesBodyFormat = Literal["auto", "events", "pykt"]

EVALUATE_EXPERIMENT_FILES_BODY_FORMAT_VALUES: set[EvaluateExperimentFilesBodyFormat] = {
    "auto",
    "events",
    "pykt",
}


def check_evaluate_experiment_files_body_format(value: str) -> EvaluateExperimentFilesBodyFormat:
    if value in EVALUATE_EXPERIMENT_FILES_BODY_FORMAT_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {EVALUATE_EXPERIMENT_FILES_BODY_FORMAT_VALUES!r}"
    )
