"""Students, known by the caller's own identifiers."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.base import utc_now
from db.errors import StudentNotFound
from db.models import Interaction, Student
from db.repositories.paging import Page, read_page
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
        parse=_parse_key,
        cursor=cursor,
        limit=limit,
        newest_first=False,
    )


def _parse_key(text: str) -> int:
    key = int(text)
    if not 0 <= key < 2**63:
        raise ValueError(f"key {key} is not one the database could have made")
    return key


def delete_student(session: Session, student_id: str) -> None:
    """Forget a student with all interactions, states and memberships. Raises StudentNotFound."""
    statement = delete(Student).where(Student.student_id == student_id).returning(Student.id)
    pk = session.scalar(statement)
    if pk is None:
        raise StudentNotFound(student_id)
    # Now that the row is ours nobody stores more of them.
    session.execute(delete(Interaction).where(Interaction.student_pk == pk))
