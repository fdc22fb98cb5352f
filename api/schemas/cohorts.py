"""Groups of students on the wire."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from api.paths import restore_slashes
from api.schemas.common import PLAIN_TEXT, Links, Number, RequestShape, Shape, UtcTime
from api.schemas.models import MODEL_REFERENCE_EXAMPLE, ModelReference
from api.schemas.students import StudentId

LONGEST_COHORT = 128
MOST_MEMBERS = 50_000
COHORT_EXAMPLE: dict[str, Any] = {
    "cohort": "school-7/year-5",
    "n_students": 27,
    "links": {
        "students": "/cohorts/school-7%2Fyear-5/students",
        "mastery": "/cohorts/mastery?cohort=school-7%2Fyear-5",
    },
}
GROUP_EXAMPLE: dict[str, Any] = {"n": 27, "mean": 0.64, "sd": 0.12, "share_mastered": 0.11}

CohortName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_COHORT, pattern=PLAIN_TEXT),
    BeforeValidator(restore_slashes),
]


class Members(RequestShape):
    """Who is in a cohort."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"student_ids": ["learner-16894"]}]})

    student_ids: Annotated[list[StudentId], Field(min_length=1, max_length=MOST_MEMBERS)]
    """All of them: who was in the cohort before and is not named here leaves it."""


class CohortRead(Shape):
    """A group that the caller named: a class, a school, a year."""

    model_config = ConfigDict(json_schema_extra={"examples": [COHORT_EXAMPLE]})

    cohort: str
    n_students: int
    links: Links


class CohortPage(Shape):
    """Cohorts by name."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [COHORT_EXAMPLE], "next_cursor": None}]}
    )

    items: list[CohortRead]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""


class GroupMastery(Shape):
    """Mastery of one skill over some students."""

    model_config = ConfigDict(json_schema_extra={"examples": [GROUP_EXAMPLE]})

    n: int
    """How many students."""
    mean: Number
    """Mean mastery."""
    sd: Number
    """Its standard deviation over students, with n − 1 in the denominator."""
    share_mastered: Number
    """Share of the students whose mastery is 0.85 or more."""


class CohortSkill(Shape):
    """Mastery of one skill in a cohort."""

    skill: str
    overall: GroupMastery
    """Of all students: the model expects something also of those who never practised the skill."""
    practised: GroupMastery
    """Of those who did. Null but for `n` where they, or those who did not, are too few to be told of."""


class CohortMasteryRead(Shape):
    """Mean mastery per skill over a group of students."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": MODEL_REFERENCE_EXAMPLE,
                    "cohort": "school-7/year-5",
                    "active_since": "2025-12-01T00:00:00Z",
                    "n_students": 27,
                    "skills": [
                        {
                            "skill": "57",
                            "overall": GROUP_EXAMPLE,
                            "practised": {"n": 19, "mean": 0.69, "sd": 0.1, "share_mastered": 0.16},
                        }
                    ],
                }
            ]
        }
    )

    model: ModelReference
    cohort: str | None
    active_since: UtcTime | None
    n_students: int
    """Students that the filter leaves and the model has scored."""
    skills: list[CohortSkill]
    """As the model knows them."""
