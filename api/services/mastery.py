"""How the mastery of a student moved. What it is now is read by `api/reader.py`."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from api.inference import Inference
from api.schemas.mastery import MasteryHistoryRead, SkillHistory
from api.services.models import get_serving, refer_to
from api.services.refusals import SkillUnknown
from db.models import Interaction, Skill
from db.repositories import interactions, models, students

MOST_PRACTISED = 50  # skills of a history when none is asked for
MOST_STEPS = 2_000_000  # points times responses of a history: the reference reads the history anew for each


def show_history(
    session: Session, inference: Inference, *, student_id: str, skills: Sequence[str], points: int
) -> MasteryHistoryRead:
    """Mastery of the skills asked for, or of those practised most, at no more than so many moments; at fewer
    where points times responses would exceed MOST_STEPS, the last response always among them.

    Raises StudentNotFound, NoServingModel, SkillUnknown.
    """
    student = students.get_student(session, student_id)
    model = get_serving(session)
    known = models.list_skills(session, model.id)
    history = interactions.list_history(session, student)
    practice = _practice_by_skill(history)
    chosen = _choose_skills(known, skills) if skills else _most_practised(known, practice)
    affordable = max(2, MOST_STEPS // max(1, len(history)))
    shown = spread_positions(len(history), most=min(points, affordable))
    mastery = inference.mastery_along(model.artifact, history, [position + 1 for position in shown])
    return MasteryHistoryRead(
        student_id=student_id,
        model=refer_to(model),
        n_interactions=len(history),
        positions=shown,
        timestamps=[history[position].occurred_at for position in shown],
        skills=[
            SkillHistory(
                skill=skill.name,
                evidence=len(practice.get(skill.name, ())),
                mastery=mastery[:, skill.position].tolist(),
            )
            for skill in chosen
        ],
    )


def spread_positions(n_steps: int, *, most: int) -> list[int]:
    """At most so many positions out of 0..n_steps − 1, evenly spread, the first and the last among them."""
    positions: list[int] = np.linspace(0, n_steps - 1, min(most, n_steps)).round().astype(int).tolist()
    return positions


def _choose_skills(known: Sequence[Skill], wanted: Sequence[str]) -> list[Skill]:
    by_name = {skill.name: skill for skill in known}
    for name in wanted:
        if name not in by_name:
            raise SkillUnknown(name, known=list(by_name))
    return [by_name[name] for name in dict.fromkeys(wanted)]


def _most_practised(known: Sequence[Skill], practice: dict[str, list[datetime]]) -> list[Skill]:
    practised = [skill for skill in known if skill.name in practice]
    return sorted(practised, key=lambda skill: -len(practice[skill.name]))[:MOST_PRACTISED]


def _practice_by_skill(history: Sequence[Interaction]) -> dict[str, list[datetime]]:
    practice: dict[str, list[datetime]] = {}
    for response in history:
        for name in response.skills:
            practice.setdefault(name, []).append(response.occurred_at)
    return practice
