from typing import Literal

RecordInteractionsMastery = Literal["all", "none", "practised"]

RECORD_INTERACTIONS_MASTERY_VALUES: set[RecordInteractionsMastery] = {
    "all",
    "none",
    "practised",
}


def check_record_interactions_mastery(value: str) -> RecordInteractionsMastery:
    if value in RECORD_INTERACTIONS_MASTERY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RECORD_INTERACTIONS_MASTERY_VALUES!r}")
