"""Students, their interactions, and what a model makes of them, on the wire."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
    model_validator,
)

from api.paths import restore_slashes
from api.schemas.common import PLAIN_TEXT, Name, Number, Shape, UtcTime
from api.schemas.models import MODEL_REFERENCE_EXAMPLE, ModelReference
from ikt_model.data.columns import LONGEST_NAME

MOST_INTERACTIONS = 1000
MOST_SKILLS_OF_ITEM = 20
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _require_rfc3339(value: Any) -> Any:
    if not isinstance(value, str) or not RFC3339.fullmatch(value):
        raise ValueError("must be an RFC 3339 time with its offset, like 2025-12-07T20:10:37Z")
    return value


def _require_plausible(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise ValueError("must lie between the years 1970 and 2200")
    return value


Timestamp = Annotated[AwareDatetime, BeforeValidator(_require_rfc3339), AfterValidator(_require_plausible)]

StudentId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=PLAIN_TEXT),
    BeforeValidator(restore_slashes),
]

INTERACTION_EXAMPLE: dict[str, Any] = {
    "event_id": "9f0c1a2b-attempt-17",
    "skill": "57",
    "correct": True,
    "item": "i7410",
    "timestamp": "2025-12-07T20:10:37Z",
}
STATE_EXAMPLE: dict[str, Any] = {
    "model": MODEL_REFERENCE_EXAMPLE,
    "as_of": "2025-12-07T20:10:37Z",
    "n_interactions": 17,
    "theta": 0.31,
    "theta_low": -0.38,
    "theta_high": 1.0,
    "theta_reference": 0.29,
    "theta_reference_sd": 0.42,
}
STUDENT_EXAMPLE: dict[str, Any] = {
    "student_id": "learner-16894",
    "n_interactions": 17,
    "created_at": "2025-12-01T08:00:00Z",
    "last_interaction_at": "2025-12-07T20:10:37Z",
    "links": {
        "self": "/students/learner-16894",
        "mastery": "/students/learner-16894/mastery",
        "mastery_history": "/students/learner-16894/mastery/history",
        "trajectory": "/students/learner-16894/trajectory",
    },
}
STEP_EXAMPLE: dict[str, Any] = {
    "position": 16,
    "event_id": "9f0c1a2b-attempt-17",
    "timestamp": "2025-12-07T20:10:37Z",
    "skills": ["57"],
    "correct": True,
    "known": True,
    "theta": 0.31,
    "theta_low": -0.38,
    "theta_high": 1.0,
    "theta_reference": 0.29,
    "theta_reference_sd": 0.42,
    "probability": 0.71,
    "mastery": 0.69,
}


class InteractionCreate(Shape):
    """One response of a student to one item."""

    model_config = ConfigDict(json_schema_extra={"examples": [INTERACTION_EXAMPLE]})

    event_id: Name | None = None
    """The caller's name for this response; sent again, it is counted once. Made up when it is left out."""
    skill: Name | None = None
    """The skill that the item needs; give this or `skills`."""
    skills: Annotated[list[Name], Field(min_length=1, max_length=MOST_SKILLS_OF_ITEM)] | None = None
    """The skills that the item needs together."""
    correct: StrictBool
    item: Name | None = None
    timestamp: Timestamp | None = None
    """When it happened; default: now. Responses of one moment stand in the order in which they came."""

    @model_validator(mode="after")
    def _one_of_skill_and_skills(self) -> "InteractionCreate":
        if (self.skill is None) == (self.skills is None):
            raise ValueError("give either skill or skills")
        return self

    @property
    def skill_names(self) -> list[str]:
        """Each skill once, in the order given."""
        return list(dict.fromkeys([self.skill] if self.skill is not None else self.skills or []))


def _one_or_many(value: Any) -> str | None:
    """Which of both was meant: a mistake within a list is then told of the list alone."""
    if isinstance(value, list):
        return "many"
    return "one" if isinstance(value, dict | InteractionCreate) else None


Interactions = Annotated[
    Annotated[InteractionCreate, Tag("one")]
    | Annotated[list[InteractionCreate], Field(min_length=1, max_length=MOST_INTERACTIONS), Tag("many")],
    Discriminator(
        _one_or_many,
        custom_error_type="one_or_many",
        custom_error_message="must be a response or a list of responses",
    ),
    Field(
        description="One response, or up to 1000 of them.",
        examples=[INTERACTION_EXAMPLE, [INTERACTION_EXAMPLE]],
    ),
]


class AbilityRead(Shape):
    """Where a student stands after their last response."""

    model: ModelReference
    as_of: UtcTime
    """Time of the last response that is included."""
    n_interactions: int
    """Responses of the student that are included."""
    theta: Number
    """Ability θ in logits, after the last response, as the model estimates it."""
    theta_low: Number
    """Where the 90 % band θ ± 1.645 · `theta_reference_sd` begins. It holds how unsure the reference is of an
    ability after so many responses, not what the network may be wrong about."""
    theta_high: Number
    """Where that band ends."""
    theta_reference: Number
    """The same by the reference model, whose ability is Rasch-like whatever its mastery is made of."""
    theta_reference_sd: Number
    """Standard deviation (or error) of `theta_reference`: how sure the reference is."""


class InteractionsAccepted(Shape):
    """What became of the responses that were sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "student_id": "learner-16894",
                    "accepted": 1,
                    "duplicates": 0,
                    "event_ids": ["9f0c1a2b-attempt-17"],
                    "unknown_skills": [],
                    "state": STATE_EXAMPLE,
                }
            ]
        }
    )

    student_id: str
    accepted: int
    """Responses that are new."""
    duplicates: int
    """Responses that were known already; they changed nothing."""
    event_ids: list[str]
    """The event id of each response, in the order sent; made up where none was given."""
    unknown_skills: list[str]
    """Skills that the serving model never saw; responses on them alone do not move the state."""
    state: AbilityRead | None
    """The student after these responses; null while no model serves."""


class StudentRead(Shape):
    """A student, known by the caller's pseudonymous identifier."""

    model_config = ConfigDict(json_schema_extra={"examples": [STUDENT_EXAMPLE]})

    student_id: str
    n_interactions: int
    created_at: UtcTime
    last_interaction_at: UtcTime | None
    links: dict[str, str]


class StudentPage(Shape):
    """Students, in the order in which they were first seen."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [STUDENT_EXAMPLE], "next_cursor": None}]}
    )

    items: list[StudentRead]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""


class SkillMastery(Shape):
    """How well a student masters one skill."""

    skill: str
    mastery: Number
    """M: the share of such items that the model's interpretable half expects to be right. σ(θ − β) where
    `model.mastery` is `scalar`, σ(θ + s − β) with a part s of this student's own on the skill where it is
    `skill-wise`; of a reference as a model, that reference's."""
    mastery_low: Number
    """Where the 90 % interval around `mastery` begins: in logits ± 1.645 · √(`theta_reference_sd`² +
    `difficulty_standard_error`²). It holds how unsure the reference is of ability and difficulty, not what
    the network may be wrong about, and no error of s. 0 to 1 where nobody practised the skill in training."""
    mastery_high: Number
    """Where that interval ends."""
    probability_correct: Number
    """The model's prediction for the next response on this skill, from the whole history."""
    reference_mastery: Number
    """The same by the reference model: σ(θ − β) for `rasch`; `pfa` and `bkt` know more of the skill."""
    difficulty: Number
    """β in logits."""
    difficulty_standard_error: Number
    evidence: int
    """Responses of this student on this skill."""
    last_practised: UtcTime | None


class MasteryRead(AbilityRead):
    """What a student masters now, skill by skill."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"student_id": "learner-16894"}
                | STATE_EXAMPLE
                | {
                    "skills": [
                        {
                            "skill": "57",
                            "mastery": 0.69,
                            "mastery_low": 0.53,
                            "mastery_high": 0.82,
                            "probability_correct": 0.73,
                            "reference_mastery": 0.68,
                            "difficulty": -0.49,
                            "difficulty_standard_error": 0.04,
                            "evidence": 5,
                            "last_practised": "2025-12-07T20:10:37Z",
                        }
                    ]
                }
            ]
        }
    )

    student_id: str
    skills: list[SkillMastery]


class SkillHistory(Shape):
    """How the mastery of one skill moved."""

    skill: str
    evidence: int
    """Responses of this student on this skill, in all."""
    mastery: list[Number]
    """M after each of the `positions`, also of responses on other skills."""


class MasteryHistoryRead(Shape):
    """Mastery of skills over a student's way, at some moments of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "student_id": "learner-16894",
                    "model": MODEL_REFERENCE_EXAMPLE,
                    "n_interactions": 17,
                    "positions": [0, 8, 16],
                    "timestamps": ["2025-12-01T08:00:00Z", "2025-12-04T09:12:05Z", "2025-12-07T20:10:37Z"],
                    "skills": [{"skill": "57", "evidence": 5, "mastery": [0.61, 0.66, 0.69]}],
                }
            ]
        }
    )

    student_id: str
    model: ModelReference
    n_interactions: int
    positions: list[int]
    """Steps of the trajectory after which mastery is told, evenly spread; the last one is the present."""
    timestamps: list[UtcTime]
    """When those responses happened."""
    skills: list[SkillHistory]
    """In the order asked; else the most practised first."""


class Step(Shape):
    """One response, and where it left the student."""

    position: int
    """Counted from 0, in the order in which the responses happened."""
    event_id: str
    timestamp: UtcTime
    skills: list[str]
    correct: bool
    known: bool
    """Whether the model knows one of the skills; where it does not, the values are null."""
    theta: Number
    """θ_t: ability in logits after this response (it includes `correct` of this step)."""
    theta_low: Number
    """Where the 90 % band θ ± 1.645 · `theta_reference_sd` begins: how unsure the reference is of an ability,
    not what the network may be wrong about."""
    theta_high: Number
    """Where that band ends."""
    theta_reference: Number
    """The reference model's ability after this response."""
    theta_reference_sd: Number
    probability: Number
    """The chance of a right answer, predicted before this response was seen. Null for the first one."""
    mastery: Number
    """M of this step's skills, before this response was seen. Null for the first one."""


class TrajectoryRead(Shape):
    """A student's way, step by step."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "student_id": "learner-16894",
                    "model": MODEL_REFERENCE_EXAMPLE,
                    "n_interactions": 17,
                    "items": [STEP_EXAMPLE],
                    "next_cursor": None,
                }
            ]
        }
    )

    student_id: str
    model: ModelReference
    n_interactions: int
    items: list[Step]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""
