"""What every answer about a student begins with, in one statement."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.postgres import fetch, speaks_postgres
from db.repositories.models import Serving, find_serving
from db.repositories.states import Head, read_heads

_SERVED = """
SELECT models.id, models.promoted_at,
    students.id, students.student_id, students.created_at, students.n_interactions,
    students.last_interaction_at, student_states.n_interactions, student_states.as_of
FROM students
LEFT JOIN models ON models.status = 'serving'
LEFT JOIN student_states ON student_states.model_id = models.id
    AND student_states.student_pk = students.id
WHERE students.student_id = ANY (%(student_ids)s::text[])
"""


def read_served(session: Session, student_ids: Sequence[str]) -> tuple[Serving | None, dict[str, Head]]:
    """The model that serves, and the known ones of these students under it, by external id.

    Where none of them is known, no model may be told.
    """
    if not speaks_postgres(session):
        serving = find_serving(session)
        return serving, read_heads(session, None if serving is None else serving.id, student_ids)
    rows = fetch(session, _SERVED, {"student_ids": list(student_ids)})
    serving = Serving(*rows[0][:2]) if rows and rows[0][0] is not None else None
    return serving, {row[3]: Head(*row[2:]) for row in rows}
