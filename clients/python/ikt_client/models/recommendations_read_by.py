from typing import Literal

RecommendationsReadBy = Literal["information", "learning"]

RECOMMENDATIONS_READ_BY_VALUES: set[RecommendationsReadBy] = {
    "information",
    "learning",
}


def check_recommendations_read_by(value: str) -> RecommendationsReadBy:
    if value in RECOMMENDATIONS_READ_BY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RECOMMENDATIONS_READ_BY_VALUES!r}")
