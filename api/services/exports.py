"""All that is stored of one student, piece by piece."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sqlalchemy.orm import Session

from api.formats.json import write_json
from api.formats.mastery import to_times
from db.engine import SessionFactory, read_scope
from db.models import Student
from db.repositories import cohorts, interactions, models, states, students
from db.repositories.states import State

INTERACTION = ("event_id", "skills", "item", "correct", "timestamp", "received_at")


def export_student(sessions: SessionFactory, student_id: str) -> Iterator[bytes]:
    """One JSON object in pieces, all of one snapshot. Raises StudentNotFound, before there is a piece."""
    pieces = _write(sessions, student_id)
    return chain([next(pieces)], pieces)


def _write(sessions: SessionFactory, student_id: str) -> Iterator[bytes]:
    with read_scope(sessions) as session:
        student = students.get_student(session, student_id)
        head = write_json(_describe(session, student))
        yield head.removesuffix(b"}") + b',"interactions":['
        separator = b""
        for rows in interactions.iterate_history(session, student.id):
            listed = write_json([dict(zip(INTERACTION, row, strict=True)) for row in rows])
            yield separator + listed[1:-1]
            separator = b","
    yield b"]}"


def _describe(session: Session, student: Student) -> dict[str, Any]:
    return {
        "student_id": student.student_id,
        "created_at": student.created_at,
        "n_interactions": student.n_interactions,
        "last_interaction_at": student.last_interaction_at,
        "cohorts": cohorts.list_cohorts_of(session, student.id),
        "states": [_present(session, state) for state in states.list_states(session, student.id)],
    }


def _present(session: Session, state: State) -> dict[str, Any]:
    columns = {
        "skill": [skill.name for skill in models.list_skills(session, state.model_id)],
        "mastery": state.mastery.tolist(),
        "probability_correct": state.probability.tolist(),
        "reference_mastery": state.mastery_reference.tolist(),
        "evidence": state.evidence.tolist(),
        "last_practised": to_times(state.last_practised),
        "mastered_at": to_times(state.mastered_at),
    }
    return {
        "model_id": state.model_id,
        "model": models.get_model(session, state.model_id).name,
        "as_of": state.as_of,
        "n_interactions": state.n_interactions,
        "theta": state.theta,
        "theta_reference": state.theta_reference,
        "theta_reference_sd": state.theta_reference_sd,
        "skills": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }
