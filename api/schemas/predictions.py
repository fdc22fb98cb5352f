"""What-if questions on the wire."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from api.schemas.common import Name, Number, RequestShape, Shape
from api.schemas.interactions import MOST_SKILLS_OF_ITEM, SKILL_OR_SKILLS, Answer
from api.schemas.models import MODEL_REFERENCE_EXAMPLE, ModelReference

MOST_SKILLS = 1000
MOST_HYPOTHETICAL = 200
SKILL_PREDICTION_EXAMPLE: dict[str, Any] = {
    "skill": "57",
    "probability_before": 0.73,
    "probability_after": 0.78,
    "mastery_before": 0.69,
    "mastery_after": 0.74,
    "level_before": "developing",
    "level_after": "proficient",
}


class Hypothetical(RequestShape):
    """A response that nobody has given."""

    model_config = ConfigDict(json_schema_extra=SKILL_OR_SKILLS)

    skill: Name | None = None
    """The skill that the item would need; give this or `skills`."""
    skills: Annotated[list[Name], Field(min_length=1, max_length=MOST_SKILLS_OF_ITEM)] | None = None
    """The skills that the item would need together."""
    correct: Answer
    """Whether the response would be right: true or 1, false or 0."""

    @model_validator(mode="after")
    def _one_of_skill_and_skills(self) -> "Hypothetical":
        if (self.skill is None) == (self.skills is None):
            raise ValueError("give either skill or skills")
        return self


class PredictionsCreate(RequestShape):
    """Skills to predict, and what to suppose."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"skills": ["57"], "responses": [{"skill": "57", "correct": True}]}]}
    )

    skills: Annotated[list[Name], Field(min_length=1, max_length=MOST_SKILLS)]
    """The skills to predict."""
    responses: list[Hypothetical] = Field(
        default_factory=list, json_schema_extra={"maxItems": MOST_HYPOTHETICAL}
    )
    """Responses that the student might give next, in this order; none asks about the present alone."""


class SkillPrediction(Shape):
    """One skill, before and after the hypothetical responses."""

    skill: str
    probability_before: Number
    """The chance that the next response on the skill is right, as things are."""
    probability_after: Number
    """The same once the hypothetical responses were given."""
    mastery_before: Number
    mastery_after: Number
    level_before: str | None
    level_after: str | None


class PredictionsRead(Shape):
    """What the model would say. Nothing of it is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "student_id": "learner-16894",
                    "model": MODEL_REFERENCE_EXAMPLE,
                    "n_interactions": 17,
                    "n_hypothetical": 1,
                    "theta_before": 0.31,
                    "theta_after": 0.36,
                    "skills": [SKILL_PREDICTION_EXAMPLE],
                }
            ]
        }
    )

    student_id: str
    model: ModelReference
    n_interactions: int
    """Responses that were really given; all of them are included."""
    n_hypothetical: int
    theta_before: Number
    """Ability as things are, in logits."""
    theta_after: Number
    skills: list[SkillPrediction]
    """In the order asked."""
