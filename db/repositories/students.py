"""Students, known by the caller's own identifiers."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.base import utc_now
from db.errors import StudentNotFound
from db.models import Student
from db.repositories.paging import Page, parse_key, read_page
from db.repositories.upserts import insert_into


def get_or_add_student(session: Session, student_id: str) -> Student:
    """The student with that external id, added at first sight; two requests at once add one."""
    student = find_student(session, student_id)
    if student is None:
        values = {
            "student_id": student_id,
            "n_interactions": 0,
            "created_at": utc_now(),
            "scoring_due": False,
        }
        insert = insert_into(session, Student).values(values)
        session.execute(insert.on_conflict_do_nothing(index_elements=["tenant_pk", "student_id"]))
        student = get_student(session, student_id)
    return student


def find_student(session: Session, student_id: str) -> Student | None:
    """The student with that external id, if they were ever seen."""
    return session.scalar(select(Student).where(Student.student_id == student_id))


def get_student(session: Session, student_id: str) -> Student:
    """Raises StudentNotFound."""
    student = find_student(session, student_id)
    if student is None:
        raise StudentNotFound(student_id)
    return student


def list_students(session: Session, *, cursor: str | None = None, limit: int = 50) -> Page[Student]:
    """In the order in which they were first seen."""
    return read_page(
        session,
        select(Student),
        key=Student.id,
        parse=parse_key,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )


def lock_student(session: Session, student_id: str) -> Student:
    """The student, whom nobody else changes until this transaction ends. Raises StudentNotFound."""
    statement = select(Student).where(Student.student_id == student_id).with_for_update()
    student = session.scalar(statement.execution_options(populate_existing=True))
    if student is None:
        raise StudentNotFound(student_id)
    return student
