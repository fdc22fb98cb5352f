from typing import Literal

OptunaSearchSampler = Literal["random", "tpe"]

OPTUNA_SEARCH_SAMPLER_VALUES: set[OptunaSearchSampler] = {
    "random",
    "tpe",
}


def check_optuna_search_sampler(value: str) -> OptunaSearchSampler:
    if value in OPTUNA_SEARCH_SAMPLER_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {OPTUNA_SEARCH_SAMPLER_VALUES!r}")
