"""What a student masters, and the way that led there."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.inference import Inference
from api.schemas.students import MasteryRead, SkillMastery, Step, TrajectoryRead
from api.services.models import get_serving, refer_to
from api.services.refusals import SkillUnknown
from api.services.students import current_state, present_state
from db.errors import BadCursor
from db.models import Interaction, Model, Skill
from db.repositories import models, students

PER_STEP = ("theta", "theta_reference", "theta_reference_sd", "probability", "mastery")


def show_mastery(
    session: Session, inference: Inference, *, student_id: str, skills: Sequence[str]
) -> MasteryRead:
    """Every skill of the serving model, or the ones asked for.

    Raises StudentNotFound, NoServingModel, SkillUnknown.
    """
    student = students.get_student(session, student_id)
    model = get_serving(session)
    chosen = _choose_skills(models.list_skills(session, model.id), skills)
    history = students.list_history(session, student)
    state = current_state(session, inference, student=student, model=model, history=history)
    practice = _practice_by_skill(history)
    items = [
        SkillMastery(
            skill=skill.name,
            mastery=state.mastery[skill.position],
            probability_correct=state.probability[skill.position],
            reference_mastery=state.mastery_reference[skill.position],
            difficulty=skill.difficulty,
            difficulty_standard_error=skill.standard_error,
            evidence=len(practice.get(skill.name, ())),
            last_practised=max(practice.get(skill.name, ()), default=None),
        )
        for skill in chosen
    ]
    ability = present_state(state, model=model)
    return MasteryRead(student_id=student_id, skills=items, **dict(ability))


def show_trajectory(
    session: Session, inference: Inference, *, student_id: str, cursor: str | None, limit: int
) -> TrajectoryRead:
    """One page of the student's steps. Raises StudentNotFound, NoServingModel, BadCursor."""
    start = 0 if cursor is None else _decode(cursor)
    student = students.get_student(session, student_id)
    model = get_serving(session)
    history = students.list_history(session, student)
    values = _values_by_step(inference, model=model, history=history)
    stop = min(start + limit, len(history))
    return TrajectoryRead(
        student_id=student_id,
        model=refer_to(model),
        n_interactions=len(history),
        items=[_present_step(history[at], values, position=at) for at in range(start, stop)],
        next_cursor=_encode(stop) if stop < len(history) else None,
    )


def _choose_skills(known: Sequence[Skill], wanted: Sequence[str]) -> list[Skill]:
    if not wanted:
        return list(known)
    by_name = {skill.name: skill for skill in known}
    for name in wanted:
        if name not in by_name:
            raise SkillUnknown(name)
    return [by_name[name] for name in dict.fromkeys(wanted)]


def _practice_by_skill(history: Sequence[Interaction]) -> dict[str, list[datetime]]:
    practice: dict[str, list[datetime]] = {}
    for response in history:
        for name in response.skills:
            practice.setdefault(name, []).append(response.occurred_at)
    return practice


def _values_by_step(
    inference: Inference, *, model: Model, history: Sequence[Interaction]
) -> dict[str, NDArray[np.float64]]:
    """One value per response, NaN where the model knows none of its skills."""
    trajectory = inference.trajectory(model.artifact, history)
    known = np.asarray(trajectory.known, dtype=bool)
    values = {"known": known.astype(np.float64)}
    for name in PER_STEP:
        values[name] = np.full(len(history), np.nan)
        values[name][known] = getattr(trajectory, name)
    return values


def _present_step(response: Interaction, values: dict[str, NDArray[np.float64]], *, position: int) -> Step:
    return Step(
        position=position,
        event_id=response.event_id,
        timestamp=response.occurred_at,
        skills=response.skills,
        correct=response.correct,
        known=bool(values["known"][position]),
        **{name: float(values[name][position]) for name in PER_STEP},
    )


def _encode(position: int) -> str:
    return urlsafe_b64encode(f"step={position}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> int:
    try:
        name, _, position = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("=")
        if name != "step" or not position.isdecimal():
            raise BadCursor(cursor)
        return int(position)
    except ValueError as error:
        raise BadCursor(cursor) from error
