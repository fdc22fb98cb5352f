"""Students: who they are, and that they can be forgotten."""

from urllib.parse import quote

from sqlalchemy.orm import Session

from api.doorbell import Doorbell
from api.principal import Principal
from api.schemas.students import StudentPage, StudentRead
from api.services.erasures import Forget, settle
from db.errors import NoResponsesHere, StudentNotFound
from db.models import Student
from db.repositories import audit, erasures, students

PARTS = ("mastery", "mastery/history", "trajectory", "recommendations", "export")


def list_students(session: Session, *, cursor: str | None, limit: int) -> StudentPage:
    """In the order in which they were first seen."""
    page = students.list_students(session, cursor=cursor, limit=limit)
    return StudentPage(items=[present(row) for row in page.items], next_cursor=page.next_cursor)


def get_student(session: Session, student_id: str) -> StudentRead:
    """Raises StudentNotFound."""
    return present(students.get_student(session, student_id))


def delete_student(
    session: Session, doorbell: Doorbell, principal: Principal, student_id: str, *, forget: Forget
) -> None:
    """Erase a student with all responses, states and memberships, and have a worker look through files; once
    that is committed, whatever memory holds of them is to be forgotten as well. Raises NoResponsesHere.
    """
    try:
        erasure = erasures.erase_student(session, student_id, key_id=principal.key_id)
    except StudentNotFound:
        raise NoResponsesHere(student_id) from None
    settle(session, doorbell, erasure, forget=forget)
    deed = audit.deed("delete_student", key_id=principal.key_id, method="DELETE", status=204)
    audit.add_entry(session, deed, subject=erasure.subject)


def present(student: Student) -> StudentRead:
    """The student as callers see them."""
    own = f"/students/{quote(student.student_id, safe='')}"
    return StudentRead(
        student_id=student.student_id,
        n_interactions=student.n_interactions,
        created_at=student.created_at,
        last_interaction_at=student.last_interaction_at,
        links={"self": own} | {part.replace("/", "_"): f"{own}/{part}" for part in PARTS},
    )
