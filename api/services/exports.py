"""All that is stored of one student, piece by piece."""

from collections.abc import Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from api.formats.json import write_json
from api.formats.mastery import to_times
from api.schemas.audit import AuditEntryRead
from api.services.erasures import present
from api.services.exported_files import InDataset, find_in_datasets, write_list, write_predictions
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, read_scope
from db.errors import StudentNotFound
from db.models import Student
from db.repositories import audit, cohorts, erasures, interactions, models, states, students
from db.repositories.states import State

INTERACTION = ("event_id", "skills", "item", "correct", "timestamp", "received_at")
ENTRIES_AT_ONCE = 500
BLOCK_BYTES = 64 * 1024


def export_student(sessions: SessionFactory, store: ArtifactStore, student_id: str) -> Iterator[bytes]:
    """One JSON object in blocks. Raises StudentNotFound, before there is one."""
    pieces = _write(sessions, store, student_id)
    return _gather(chain([next(pieces)], pieces))


def _gather(pieces: Iterator[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def _write(sessions: SessionFactory, store: ArtifactStore, student_id: str) -> Iterator[bytes]:
    # All of one snapshot; files as it knows them.
    with read_scope(sessions) as session:
        student = students.find_student(session, student_id)
        in_files: Iterator[InDataset] = find_in_datasets(sessions, session, store, student_id)
        if student is None:
            first = next(in_files, None)
            if first is None:
                raise StudentNotFound(student_id)
            in_files = chain([first], in_files)
        head = _describe(session, student) if student is not None else _unknown(student_id)
        yield write_json(head).removesuffix(b"}") + b',"interactions":'
        history = () if student is None else interactions.iterate_history(session, student.id)
        yield from write_list([dict(zip(INTERACTION, row, strict=True)) for row in rows] for rows in history)
        pending = erasures.list_pending_of(session, student_id)
        yield b',"erasures":' + write_json([present(row).model_dump(mode="json") for row in pending])
        yield b',"audit":'
        yield from write_list(_list_audit(session, student))
        yield b',"datasets":['
        found: list[tuple[UUID, int]] = []
        for one in in_files:
            yield (b"," if found else b"") + one.head().removesuffix(b"}") + b',"responses":'
            yield from write_list(one.responses())
            yield b"}"
            found.append((one.dataset_id, one.fold))
        yield b'],"predictions":['
        yield from write_predictions(session, store, student_id, found)
    yield b"]}"


def _unknown(student_id: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"cohorts": [], "states": []}
    known = {"created_at": None, "n_interactions": 0, "last_interaction_at": None}
    return {"student_id": student_id} | known | nothing


def _list_audit(session: Session, student: Student | None) -> Iterator[list[Any]]:
    token = None if student is None else audit.find_token(session, student.id)
    cursor, is_over = None, token is None
    while not is_over:
        page = audit.list_entries(session, subject=token, cursor=cursor, limit=ENTRIES_AT_ONCE)
        yield [AuditEntryRead.model_validate(row).model_dump(mode="json") for row in page.items]
        session.expunge_all()
        cursor, is_over = page.next_cursor, page.next_cursor is None


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
