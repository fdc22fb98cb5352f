"""Where a student would stand after responses that nobody has given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from api.inference import Inference, gather, histories_of, seen
from api.serving import ServingModel
from db.models import Student
from db.repositories.interactions import read_histories

if TYPE_CHECKING:
    from api.inference import Scores

TRIES = 5


@dataclass(frozen=True, slots=True)
class Supposed:
    """One response, as an engine takes it."""

    skills: list[str]
    correct: bool


def imagine(
    session: Session,
    inference: Inference,
    model: ServingModel,
    student: Student,
    continuations: Sequence[Sequence[Supposed]],
) -> Scores:
    """After all that is known of the student and each of S continuations; nothing of it is kept.

    Raises ArtifactNotFound.
    """
    engine = inference.engine(model.artifact)
    known = seen(student.id, student.created_at, student.n_interactions)
    for _ in range(TRIES):
        try:
            return engine.imagine(known, gather(continuations))
        except KeyError:
            # Not remembered, or forgotten again for others who are asked about at the same moment.
            engine.load_students([known], histories_of(read_histories(session, [student.id])))
    return engine.imagine(known, gather(continuations))
