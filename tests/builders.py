"""Valid rows with one line each; a test states only what matters to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
from sqlalchemy.orm import Session

from db.base import to_microseconds
from db.models import Dataset, Experiment, Model, Student, Sweep
from db.repositories import datasets, experiments, interactions, models, runs, students, sweeps
from db.repositories.interactions import NewInteraction
from db.repositories.models import NewSkill
from db.repositories.states import StateBatch

Row = TypeVar("Row")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OWNER = "worker-1"

_numbers = count(1)


def make_dataset(session: Session, **changes: Any) -> Dataset:
    """A stored dataset; its file is not."""
    values: dict[str, Any] = {
        "name": "classroom",
        "format": "pykt",
        "content_hash": uuid4().hex,
        "n_students": 20,
        "n_responses": 400,
        "n_skills": 3,
        "n_folds": 5,
        "share_correct": 0.7,
        "statistics": {"mean_length": 20.0},
        "artifact": "datasets/none.arrow",
    }
    return datasets.add_dataset(session, **{**values, **changes})


def make_experiment(session: Session, **changes: Any) -> Experiment:
    """A queued experiment, on a dataset of its own unless `dataset_id` is given.

    Columns that submitting does not set (status, attempt, metrics, …) are written as they are given.
    """
    if "dataset_id" not in changes:
        changes["dataset_id"] = make_dataset(session).id
    values: dict[str, Any] = {
        "name": f"experiment-{next(_numbers)}",
        "fold": 0,
        "preset": "small-dynamic",
        "config": {"training": {"epochs": 2}},
        "config_fingerprint": "0123456789abcdef",
        "seed": 42,
        "epochs": 2,
    }
    submitted = {
        *values, "dataset_id", "device", "code_version", "max_attempts", "idempotency_key", "request_hash",
        "exclude_folds", "cross_validation_id", "sweep_id", "trial", "trial_settings", "job_version",
    }  # fmt: skip
    values |= {name: value for name, value in changes.items() if name in submitted}
    experiment = experiments.add_experiment(session, **values)
    return _overwrite(session, experiment, {k: v for k, v in changes.items() if k not in submitted})


def make_running(
    session: Session, *, owner: str = OWNER, lease_seconds: float = 60, **changes: Any
) -> Experiment:
    """An experiment that `owner` has claimed."""
    experiment = make_experiment(session, **changes)
    running = runs.claim(session, experiment.id, owner, lease_seconds=lease_seconds)
    assert running is not None
    return running


def make_sweep(session: Session, **changes: Any) -> Sweep:
    """A running sweep of λ over a grid of four, without any trial."""
    if "dataset_id" not in changes:
        changes["dataset_id"] = make_dataset(session).id
    values: dict[str, Any] = {
        "name": f"sweep-{next(_numbers)}",
        "fold": 1,
        "exclude_folds": [0],
        "preset": "small-dynamic",
        "config": {},
        "search": {"method": "grid", "space": {"loss.lambda_target": [0.0, 0.1, 0.2, 0.3]}},
        "metric": "auc",
        "direction": "maximise",
        "pruner": {"name": "none"},
        "parallel": 2,
        "n_trials": 4,
    }
    return sweeps.add_sweep(session, **{**values, **changes})


def make_trial(session: Session, sweep: Sweep, **changes: Any) -> Experiment:
    """The sweep's next trial, though it were not its turn; columns are written as they are given."""
    changes = {"trial": sweep.n_created, "trial_settings": {"loss.lambda_target": 0.1}} | changes
    sweep.n_created += 1
    return make_experiment(
        session, dataset_id=sweep.dataset_id, fold=sweep.fold, sweep_id=sweep.id, **changes
    )


def make_model(
    session: Session, *, skills: Sequence[str | NewSkill] = ("add", "subtract"), **changes: Any
) -> Model:
    """A candidate with its skills, trained by an experiment of its own unless `experiment_id` is given."""
    status = changes.pop("status", None)
    if "experiment_id" not in changes:
        changes["experiment_id"] = make_experiment(session, status="succeeded", progress=1.0).id
    values: dict[str, Any] = {
        "name": f"model-{next(_numbers)}",
        "artifact": f"experiments/{changes['experiment_id']}/model",
        "metrics": {"auc": 0.73},
        "skills": [
            skill if isinstance(skill, NewSkill) else NewSkill(skill, -0.5 + position, 0.1, n_responses=50)
            for position, skill in enumerate(skills)
        ],
    }
    model = models.add_model(session, **{**values, **changes})
    return _overwrite(session, model, {} if status is None else {"status": status})


def make_student(session: Session, *, n_interactions: int = 0, **changes: Any) -> Student:
    """A student with `n_interactions` responses, one per minute from NOON on."""
    student_id = changes.pop("student_id", f"student-{next(_numbers)}")
    student = students.get_or_add_student(session, student_id)
    events = [make_event(number, student_id=student_id) for number in range(n_interactions)]
    interactions.add_interactions(session, events)
    session.refresh(student)
    return _overwrite(session, student, changes)


def make_event(number: int, **changes: Any) -> NewInteraction:
    """The `number`-th response of a student, not stored."""
    values: dict[str, Any] = {
        "student_id": "ann",
        "event_id": f"event-{number}",
        "skills": ["add"],
        "correct": number % 2 == 0,
        "occurred_at": NOON + timedelta(minutes=number),
    }
    return NewInteraction(**{**values, **changes})


def make_states(students: Sequence[Student], model: Model, **changes: Any) -> StateBatch:
    """States of the students under a two-skill model, not stored; each has seen all there is."""
    size = len(students)
    values: dict[str, Any] = {
        "student_pks": [student.id for student in students],
        "theta": 0.2,
        "theta_reference": 0.1,
        "theta_reference_sd": 0.5,
        "n_interactions": [student.n_interactions for student in students],
        "as_of": to_microseconds(NOON),
    } | changes
    packed: dict[str, Any] = {
        "mastery": [0.6, 0.4],
        "probability": [0.7, 0.5],
        "mastery_reference": [0.55, 0.45],
        "evidence": [2, 0],
        "last_practised": [to_microseconds(NOON), 0],
        "mastered_at": [0, 0],
    }
    kinds = {"student_pks": "i8", "n_interactions": "i8", "as_of": "i8", "evidence": "i4"}
    columns: dict[str, Any] = {}
    for name in values.keys() | packed.keys():
        shape = (size, 2) if name in packed else (size,)
        kind = kinds.get(name) or (
            "i8" if name in ("last_practised", "mastered_at") else "f4" if name in packed else "f8"
        )
        columns[name] = np.broadcast_to(np.asarray(values.get(name, packed.get(name)), kind), shape)
    return StateBatch(model_id=model.id, **columns)


def _overwrite(session: Session, row: Row, changes: dict[str, Any]) -> Row:
    for name, value in changes.items():
        setattr(row, name, value)
    session.flush()
    return row
