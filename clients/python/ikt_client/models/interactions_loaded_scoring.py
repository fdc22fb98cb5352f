from typing import Literal

InteractionsLoadedScoring = Literal["deferred", "done", "none"]

INTERACTIONS_LOADED_SCORING_VALUES: set[InteractionsLoadedScoring] = {
    "deferred",
    "done",
    "none",
}


def check_interactions_loaded_scoring(value: str) -> InteractionsLoadedScoring:
    if value in INTERACTIONS_LOADED_SCORING_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {INTERACTIONS_LOADED_SCORING_VALUES!r}")
