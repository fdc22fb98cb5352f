"""What a student masters, and the way that led there."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.inference import Inference
from api.schemas.students import (
    MasteryHistoryRead,
    MasteryRead,
    SkillHistory,
    SkillMastery,
    Step,
    TrajectoryRead,
)
from api.services.intervals import ability_band, mastery_interval
from api.services.models import get_serving, refer_to
from api.services.refusals import SkillUnknown
from api.services.students import current_state, present_state
from db.errors import BadCursor
from db.models import Interaction, Model, Skill, StudentState
from db.repositories import models, students
from db.repositories.students import NewState

MOST_PRACTISED = 50  # skills of a history when none is asked for
MOST_STEPS = 2_000_000  # points times responses of a history: the reference reads the history anew for each
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
    items = [_present_skill(skill, state, practice.get(skill.name, [])) for skill in chosen]
    ability = present_state(state, model=model)
    return MasteryRead(student_id=student_id, skills=items, **dict(ability))


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
    history = students.list_history(session, student)
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
            raise SkillUnknown(name, known=[*by_name])
    return [by_name[name] for name in dict.fromkeys(wanted)]


def _most_practised(known: Sequence[Skill], practice: dict[str, list[datetime]]) -> list[Skill]:
    practised = [skill for skill in known if skill.name in practice]
    return sorted(practised, key=lambda skill: -len(practice[skill.name]))[:MOST_PRACTISED]


def _present_skill(
    skill: Skill, state: NewState | StudentState, practised: Sequence[datetime]
) -> SkillMastery:
    mastery = state.mastery[skill.position]
    low, high = mastery_interval(
        mastery, theta_sd=state.theta_reference_sd, difficulty_se=skill.standard_error
    )
    return SkillMastery(
        skill=skill.name,
        mastery=mastery,
        mastery_low=low,
        mastery_high=high,
        probability_correct=state.probability[skill.position],
        reference_mastery=state.mastery_reference[skill.position],
        difficulty=skill.difficulty,
        difficulty_standard_error=skill.standard_error,
        evidence=len(practised),
        last_practised=max(practised, default=None),
    )


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
    theta, sd = (float(values[name][position]) for name in ("theta", "theta_reference_sd"))
    low, high = ability_band(theta, sd)
    return Step(
        position=position,
        event_id=response.event_id,
        timestamp=response.occurred_at,
        skills=response.skills,
        correct=response.correct,
        known=bool(values["known"][position]),
        theta_low=low,
        theta_high=high,
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
