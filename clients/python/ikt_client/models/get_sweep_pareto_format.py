from typing import Literal

GetSweepParetoFormat = Literal["json", "svg"]

GET_SWEEP_PARETO_FORMAT_VALUES: set[GetSweepParetoFormat] = {
    "json",
    "svg",
}


def check_get_sweep_pareto_format(value: str) -> GetSweepParetoFormat:
    if value in GET_SWEEP_PARETO_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_SWEEP_PARETO_FORMAT_VALUES!r}")
