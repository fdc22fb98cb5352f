"""A student's way: the model's view after every response, computed once for several pages."""

from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy.orm import Session

from api.cursors import decode_cursor, encode_cursor
from api.formats.trajectories import tabulate_steps
from api.inference import Inference, StudentKey, key_of
from api.schemas.models import ModelReference
from api.services.mastery import spread_positions
from api.services.refusals import NoServingModel, PagesRefused
from api.serving import ServingModels
from api.student_cache import StudentCache
from db.errors import BadCursor
from db.repositories import interactions, students

MOST_ON_PAGE = 200  # unless the caller says
COLUMN_BYTES = 512  # about what a column takes besides its values
PART = "trajectory"
LISTING = "step"


@dataclass(frozen=True, slots=True)
class Way:
    """All steps of a student, one row each."""

    student_id: str
    model: ModelReference
    steps: pa.RecordBatch


@dataclass(slots=True)
class Page:
    """Some of them, and where the next ones begin, if there are any."""

    steps: pa.RecordBatch
    next_cursor: str | None = None


class Trajectories:
    """Computes ways, and keeps the last few of them."""

    def __init__(self, serving: ServingModels, inference: Inference, *, cache_bytes: int) -> None:
        self._serving = serving
        self._inference = inference
        self._kept: StudentCache[pa.RecordBatch] = StudentCache(limit_bytes=cache_bytes)

    def find_way(self, session: Session, student_id: str) -> Way:
        """Raises StudentNotFound, NoServingModel."""
        student = students.get_student(session, student_id)
        model = self._serving.current(session)
        if model is None:
            raise NoServingModel
        key = key_of(student.id, student.created_at)
        version = (model.id, student.n_interactions)
        steps = self._kept.find(key, PART, version=version)
        if steps is None:
            history = interactions.list_history(session, student)
            steps = tabulate_steps(history, self._inference.trajectory(model.artifact, history))
            n_bytes = steps.nbytes + COLUMN_BYTES * steps.num_columns
            self._kept.keep(key, PART, version=version, made=steps, n_bytes=n_bytes)
        return Way(student_id, model.reference, steps)

    def forget(self, student: StudentKey) -> None:
        """Keep nothing of a student who was erased."""
        self._kept.forget(student)


def turn_to_page(steps: pa.RecordBatch, *, cursor: str | None, limit: int | None) -> Page:
    """Raises BadCursor."""
    start = 0 if cursor is None else min(_decode(cursor), steps.num_rows)
    page = steps.slice(start, limit or MOST_ON_PAGE)
    stop = start + page.num_rows
    return Page(page, encode_cursor(LISTING, str(stop)) if stop < steps.num_rows else None)


def choose_points(steps: pa.RecordBatch, points: int | None) -> pa.RecordBatch:
    """At most so many steps, evenly spread, the first and the last among them; all when None."""
    if points is None or points >= steps.num_rows:
        return steps
    return steps.take(pa.array(spread_positions(steps.num_rows, most=points)))


def refuse_pages(*, cursor: str | None, limit: int | None, instead: str) -> None:
    """Raises PagesRefused when a page is asked for."""
    for parameter, value in (("cursor", cursor), ("limit", limit)):
        if value is not None:
            raise PagesRefused(parameter, instead=instead)


def _decode(cursor: str) -> int:
    place = decode_cursor(LISTING, cursor)
    if not (place.isascii() and place.isdecimal()):
        raise BadCursor(cursor)
    return int(place)
