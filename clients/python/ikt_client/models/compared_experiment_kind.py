from typing import Literal

ComparedExperimentKind = Literal["cross-validation", "experiment"]

COMPARED_EXPERIMENT_KIND_VALUES: set[ComparedExperimentKind] = {
    "cross-validation",
    "experiment",
}


def check_compared_experiment_kind(value: str) -> ComparedExperimentKind:
    if value in COMPARED_EXPERIMENT_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARED_EXPERIMENT_KIND_VALUES!r}")
