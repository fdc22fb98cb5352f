"""Students: who they are, and that they can be forgotten."""

from collections.abc import Callable
from urllib.parse import quote

from sqlalchemy.orm import Session

from api.schemas.students import StudentPage, StudentRead
from db.engine import after_commit
from db.models import Student
from db.repositories import students

PARTS = ("mastery", "mastery/history", "trajectory", "recommendations", "export")


def list_students(session: Session, *, cursor: str | None, limit: int) -> StudentPage:
    """In the order in which they were first seen."""
    page = students.list_students(session, cursor=cursor, limit=limit)
    return StudentPage(items=[present(row) for row in page.items], next_cursor=page.next_cursor)


def get_student(session: Session, student_id: str) -> StudentRead:
    """Raises StudentNotFound."""
    return present(students.get_student(session, student_id))


def delete_student(session: Session, student_id: str, *, forget: Callable[[Student], None]) -> None:
    """Erase a student with all responses, states and memberships; once that is committed, whatever memory
    holds of them is to be forgotten as well. Raises StudentNotFound.
    """
    student = students.get_student(session, student_id)
    students.delete_student(session, student_id)
    after_commit(session, lambda: forget(student))


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
