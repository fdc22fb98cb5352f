from typing import Literal

LoadInteractionsScoring = Literal["deferred", "immediate"]

LOAD_INTERACTIONS_SCORING_VALUES: set[LoadInteractionsScoring] = {
    "deferred",
    "immediate",
}


def check_load_interactions_scoring(value: str) -> LoadInteractionsScoring:
    if value in LOAD_INTERACTIONS_SCORING_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LOAD_INTERACTIONS_SCORING_VALUES!r}")
