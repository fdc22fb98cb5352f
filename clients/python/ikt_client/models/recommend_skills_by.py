from typing import Literal

RecommendSkillsBy = Literal["information", "learning"]

RECOMMEND_SKILLS_BY_VALUES: set[RecommendSkillsBy] = {
    "information",
    "learning",
}


def check_recommend_skills_by(value: str) -> RecommendSkillsBy:
    if value in RECOMMEND_SKILLS_BY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RECOMMEND_SKILLS_BY_VALUES!r}")
