from typing import Literal

GetParetoFormat = Literal["json", "svg"]

GET_PARETO_FORMAT_VALUES: set[GetParetoFormat] = {
    "json",
    "svg",
}


def check_get_pareto_format(value: str) -> GetParetoFormat:
    if value in GET_PARETO_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_PARETO_FORMAT_VALUES!r}")
