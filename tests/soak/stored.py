"""What the database holds, read in one snapshot."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.lifecycle import ModelStatus
from db.models import Dataset, EpochMetrics, Experiment, Interaction, Model, Student, StudentState


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One response."""

    skills: list[str]
    correct: bool
    occurred_at: datetime
    arrival: int


@dataclass(frozen=True, slots=True)
class StoredStudent:
    """A student, and every response of theirs by its event id."""

    n_interactions: int
    is_due: bool
    n_included: int | None
    """By the state under the serving model."""
    events: dict[str, StoredEvent]


@dataclass(frozen=True, slots=True)
class StoredJob:
    """An experiment or a model that a worker is or was at."""

    id: str
    status: str
    is_leased: bool
    key: str | None = None
    epochs: int = 0
    n_epochs: int = 0
    """Epochs that were written down."""
    n_models: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """All that the soak looks at."""

    students: dict[str, StoredStudent]
    n_orphans: int
    """Responses and states of students who are not there."""
    experiments: list[StoredJob]
    models: list[StoredJob]
    datasets: dict[str, tuple[str, int]]
    """Names and numbers of responses by id."""


def read_stored(session: Session) -> Stored:
    """Everything at one moment."""
    events: dict[int, dict[str, StoredEvent]] = defaultdict(dict)
    for row in session.scalars(select(Interaction)):
        events[row.student_pk][row.event_id] = StoredEvent(
            row.skills, row.correct, row.occurred_at, row.arrival
        )
    students = list(session.scalars(select(Student)))
    states = _states(session)
    known = {student.id for student in students}
    return Stored(
        students={
            one.student_id: StoredStudent(
                one.n_interactions, one.scoring_due, states.get(one.id), events.get(one.id, {})
            )
            for one in students
        },
        n_orphans=sum(len(some) for pk, some in events.items() if pk not in known)
        + sum(pk not in known for pk in _all_states(session)),
        experiments=_experiments(session),
        models=[
            StoredJob(str(one.id), str(one.status), one.lease_owner is not None, error=one.error_detail)
            for one in session.scalars(select(Model))
        ],
        datasets={str(one.id): (one.name, one.n_responses) for one in session.scalars(select(Dataset))},
    )


def is_quiet(session: Session) -> bool:
    """Whether no job is under way and nobody waits to be scored."""
    jobs = [*_experiments(session)]
    models = session.scalars(select(Model)).all()
    n_due = session.scalar(select(func.count()).where(Student.scoring_due))
    return (
        all(job.status not in ("queued", "running") for job in jobs)
        and all(one.lease_owner is None and one.status is not ModelStatus.PROMOTING for one in models)
        and not n_due
    )


def _states(session: Session) -> dict[int, int]:
    serving = select(Model.id).where(Model.status == ModelStatus.SERVING).scalar_subquery()
    rows = session.execute(
        select(StudentState.student_pk, StudentState.n_interactions).where(StudentState.model_id == serving)
    )
    return dict(rows.all())


def _all_states(session: Session) -> set[int]:
    return set(session.scalars(select(StudentState.student_pk)))


def _experiments(session: Session) -> list[StoredJob]:
    epochs: dict[Any, int] = _counted(session, EpochMetrics.experiment_id)
    models: dict[Any, int] = _counted(session, Model.experiment_id)
    return [
        StoredJob(
            str(one.id),
            str(one.status),
            one.lease_owner is not None,
            key=one.idempotency_key,
            epochs=one.epochs,
            n_epochs=epochs.get(one.id, 0),
            n_models=models.get(one.id, 0),
            error=f"{one.error_type}: {one.error_detail}" if one.error_type else None,
        )
        for one in session.scalars(select(Experiment))
    ]


def _counted(session: Session, column: Any) -> dict[Any, int]:
    return dict(session.execute(select(column, func.count()).group_by(column)).all())
