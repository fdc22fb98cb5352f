"""What a student should practise next, and why. K skills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.formats.mastery import name_levels, nobody, to_times
from api.inference import Inference
from api.schemas.recommendations import Aim, Recommendation, RecommendationsRead
from api.services.imagining import Supposed, imagine
from api.services.refusals import NoServingModel
from api.serving import ServingModel, ServingModels
from db.models import Student
from db.repositories import students
from db.repositories.states import read_states
from ikt_model.levels import MASTERED

Floats = NDArray[np.floating]

MOST_INFORMATION = 0.25  # M · (1 − M) at M = 0.5
CONTINUATIONS_AT_ONCE = 32  # in one call of the engine, so that others who ask come in between


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where the student stands."""

    n_interactions: int
    mastery: Floats  # [K]
    probability: Floats  # [K]
    evidence: NDArray[np.int32]  # [K]
    last_practised: Sequence[datetime | None]  # [K]


@dataclass(frozen=True, slots=True)
class _Outlook:
    """Mastery of each skill after one more response on it."""

    right: Floats  # [K]
    wrong: Floats  # [K]


def recommend(
    session: Session,
    serving: ServingModels,
    inference: Inference,
    *,
    student_id: str,
    by: Aim,
    limit: int,
) -> RecommendationsRead:
    """The most worthwhile skills first. Raises StudentNotFound, NoServingModel."""
    student = students.get_student(session, student_id)
    model = serving.current(session)
    if model is None:
        raise NoServingModel
    now = _stored(session, model, student)
    if by == "information":
        items = _by_information(model, now, limit=limit)
    else:
        now, outlook = _imagined(session, inference, model, student, now)
        items = _by_learning(model, now, outlook, limit=limit)
    return RecommendationsRead(
        student_id=student_id,
        model=model.reference,
        n_interactions=now.n_interactions,
        by=by,
        n_mastered=int((now.mastery >= MASTERED).sum()),
        items=items,
    )


def _stored(session: Session, model: ServingModel, student: Student) -> _Standing:
    """As of the last response that was scored."""
    state = read_states(session, model.id, [student.id]).get(student.id)
    told = state or nobody(model, as_of=student.created_at)
    times = [time and time.replace(tzinfo=UTC) for time in to_times(told.last_practised)]
    return _Standing(told.n_interactions, told.mastery, told.probability, told.evidence, times)


def _imagined(
    session: Session, inference: Inference, model: ServingModel, student: Student, stored: _Standing
) -> tuple[_Standing, _Outlook]:
    """As of the last response that is known, and one further on each skill: right, then wrong."""
    nothing: list[Supposed] = []
    wanted = [nothing] + [[Supposed([name], right)] for right in (True, False) for name in model.names]
    parts = [
        imagine(session, inference, model, student, wanted[start : start + CONTINUATIONS_AT_ONCE])
        for start in range(0, len(wanted), CONTINUATIONS_AT_ONCE)
    ]
    mastery = np.concatenate([part.mastery for part in parts])
    own = np.arange(len(model.names))
    right, wrong = mastery[1 + own, own], mastery[1 + len(own) + own, own]
    now = _Standing(
        student.n_interactions,
        mastery[0],
        parts[0].probability[0],
        parts[0].evidence[0],
        stored.last_practised,
    )
    return now, _Outlook(right, wrong)


def _by_learning(
    model: ServingModel, now: _Standing, outlook: _Outlook, *, limit: int
) -> list[Recommendation]:
    """By what one response is expected to add; what is mastered is left out."""
    p, gain = now.probability, _expected_gain(now, outlook)
    order = _most_first(np.where(now.mastery >= MASTERED, np.nan, gain))[:limit]
    return [
        _present(
            model,
            now,
            at,
            value=gain[at],
            outlook=outlook,
            reason=f"Right with probability {p[at]:.2f}: then mastery is {outlook.right[at]:.2f}, else "
            f"{outlook.wrong[at]:.2f}; now it is {now.mastery[at]:.2f}, so one response is "
            + (f"expected to add {gain[at]:.3f}." if gain[at] > 0 else "not expected to raise it."),
        )
        for at in order
    ]


def _expected_gain(now: _Standing, outlook: _Outlook) -> Floats:
    """p · M(right) + (1 − p) · M(wrong) − M [K]."""
    p = now.probability.astype(np.float64)
    return p * outlook.right + (1 - p) * outlook.wrong - now.mastery


def _by_information(model: ServingModel, now: _Standing, *, limit: int) -> list[Recommendation]:
    """By what one response would tell of the ability: Fisher's information M · (1 − M) of a Rasch item."""
    information = now.mastery.astype(np.float64) * (1 - now.mastery)
    return [
        _present(
            model,
            now,
            at,
            value=information[at],
            reason=f"With a mastery of {now.mastery[at]:.2f} the next response tells {information[at]:.3f} "
            f"of the ability, where {MOST_INFORMATION} is the most.",
        )
        for at in _most_first(information)[:limit]
    ]


def _most_first(values: Floats) -> list[int]:
    """Positions of the values that exist, the highest first."""
    order: list[int] = np.argsort(-values, kind="stable")[: np.isfinite(values).sum()].tolist()
    return order


def _present(
    model: ServingModel,
    now: _Standing,
    at: int,
    *,
    value: float,
    reason: str,
    outlook: _Outlook | None = None,
) -> Recommendation:
    return Recommendation(
        skill=model.names[at],
        value=float(value),
        reason=reason,
        mastery=float(now.mastery[at]),
        level=name_levels(now.mastery[at : at + 1])[0],
        probability_correct=float(now.probability[at]),
        mastery_if_right=None if outlook is None else float(outlook.right[at]),
        mastery_if_wrong=None if outlook is None else float(outlook.wrong[at]),
        evidence=int(now.evidence[at]),
        last_practised=now.last_practised[at],
    )
