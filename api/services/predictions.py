"""What if: predictions after responses that nobody has given."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from api.formats.mastery import name_levels
from api.inference import Inference
from api.schemas.predictions import PredictionsCreate, PredictionsRead, SkillPrediction
from api.services.imagining import Supposed, imagine
from api.services.ingest_items import explain_skills
from api.services.refusals import FieldRefused, NoServingModel, SkillsUnknown
from api.serving import ServingModel, ServingModels
from db.repositories import students


def predict(
    session: Session,
    serving: ServingModels,
    inference: Inference,
    *,
    student_id: str,
    wanted: PredictionsCreate,
) -> PredictionsRead:
    """Raises StudentNotFound, NoServingModel, SkillsUnknown."""
    student = students.get_student(session, student_id)
    model = serving.current(session)
    if model is None:
        raise NoServingModel
    supposed = [
        Supposed(list(dict.fromkeys(one.skills or [str(one.skill)])), one.correct) for one in wanted.responses
    ]
    _require_known(model, _name_with_pointers(wanted))
    scores = imagine(session, inference, model, student, [[], supposed])
    positions = [model.position[name] for name in dict.fromkeys(wanted.skills)]
    columns: dict[str, Sequence[Any]] = {"skill": [model.names[at] for at in positions]}
    for row, moment in enumerate(("before", "after")):
        columns[f"probability_{moment}"] = scores.probability[row, positions].tolist()
        columns[f"mastery_{moment}"] = scores.mastery[row, positions].tolist()
        columns[f"level_{moment}"] = name_levels(scores.mastery[row, positions])
    return PredictionsRead(
        student_id=student_id,
        model=model.reference,
        n_interactions=student.n_interactions,
        n_hypothetical=len(supposed),
        theta_before=float(scores.theta[0]),
        theta_after=float(scores.theta[1]),
        skills=[
            SkillPrediction(**dict(zip(columns, row, strict=True)))
            for row in zip(*columns.values(), strict=True)
        ],
    )


def _name_with_pointers(wanted: PredictionsCreate) -> Iterable[tuple[str, str]]:
    """Every skill that the body names, and where it stands."""
    for number, name in enumerate(wanted.skills):
        yield name, f"/skills/{number}"
    for number, response in enumerate(wanted.responses):
        if response.skill is not None:
            yield response.skill, f"/responses/{number}/skill"
        for place, name in enumerate(response.skills or ()):
            yield name, f"/responses/{number}/skills/{place}"


def _require_known(model: ServingModel, named: Iterable[tuple[str, str]]) -> None:
    unknown = [(name, pointer) for name, pointer in named if name not in model.position]
    if unknown:
        details = explain_skills([name for name, _ in unknown], model.names)
        errors = [FieldRefused(pointer, details[name]) for name, pointer in unknown]
        raise SkillsUnknown(errors, vocabulary_size=len(model.names))
