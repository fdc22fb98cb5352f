from typing import Literal

CompareExperimentsFormat = Literal["html", "json", "md"]

COMPARE_EXPERIMENTS_FORMAT_VALUES: set[CompareExperimentsFormat] = {
    "html",
    "json",
    "md",
}


def check_compare_experiments_format(value: str) -> CompareExperimentsFormat:
    if value in COMPARE_EXPERIMENTS_FORMAT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARE_EXPERIMENTS_FORMAT_VALUES!r}")
