"""A service with something of every kind in it, and the names of what is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.engine import read_scope
from db.models import ApiKey
from tests.api.support import Service, run_service
from tests.api.training import TINY, Trained, cross_validate, train, train_two
from tests.stacks import Stack

N_KEPT = 15  # students; cohorts of fewer than ten are not told of
PLENTY = 2**31 - 1
N_SPENT = 40  # of each kind that an operation deletes
COHORT = "year 7"
LISTENERS_LEAVE_AFTER = 0.2

Names = dict[str, list[str]]


@dataclass(frozen=True)
class Stage:
    """A running service, what stays in it, and what may be deleted."""

    url: str
    kept: Names
    spent: Names


@contextmanager
def set_stage(stack: Stack) -> Iterator[Stage]:
    """A service on this stack: trained experiments, a serving model, students, cohorts, and work to do."""
    with run_service(
        stack,
        event_heartbeat_seconds=LISTENERS_LEAVE_AFTER,
        keys="on",
        audit="on",
        refused_per_minute=PLENTY,
    ) as service:
        trained = train_two(service)
        _record_students(service, trained)
        yield Stage(str(service.client.base_url), _kept(service, trained), _spent(service, trained))


def _kept(service: Service, trained: Trained) -> Names:
    dataset_id = trained.dataset["id"]
    third = train(service, dataset_id, name="third")
    models = service.client.get("/models").raise_for_status().json()["items"]
    validated = cross_validate(service, dataset_id, folds=[0, 1])
    sweep = _post(service, "/sweeps", _sweep(dataset_id))
    erasure = _post(service, "/erasures", {"student_id": "somebody else"})
    return {
        "dataset_id": [dataset_id],
        "experiment_id": [row["id"] for row in (trained.baseline, trained.candidate, third)],
        "cross_validation_id": [validated["id"]],
        "sweep_id": [sweep["id"]],
        "model_id": [model["id"] for model in models],
        "student_id": [f"kept-{number}" for number in range(N_KEPT)],
        "cohort": [COHORT],
        "erasure_id": [erasure["id"]],
        "key_id": [_key_id(service)],
        "skill": trained.skills,
        "name": ["no-such-path", "no-serving-model", "internal"],
        "metric": ["auc", "l_21_kl"],
    }


def _spent(service: Service, trained: Trained) -> Names:
    experiments = [
        service.submit(trained.dataset["id"], config=TINY).raise_for_status().json()["id"]
        for _ in range(N_SPENT)
    ]
    return {
        "dataset_id": [service.add_dataset()["id"] for _ in range(N_SPENT)],
        "experiment_id": experiments,
        "student_id": [f"spent-{number}" for number in range(N_SPENT)],
        "cohort": [f"group {number}" for number in range(N_SPENT)],
        "sweep_id": [_post(service, "/sweeps", _sweep(trained.dataset["id"]))["id"] for _ in range(3)],
    }


def _record_students(service: Service, trained: Trained) -> None:
    kept = [f"kept-{number}" for number in range(N_KEPT)]
    spent = [f"spent-{number}" for number in range(N_SPENT)]
    responses = [
        {"student_id": student, "skill": skill, "correct": place % 2 == 0}
        for student in kept + spent
        for place, skill in enumerate(trained.skills)
    ]
    _post(service, "/interactions?scoring=immediate", responses)
    for cohort in [COHORT, *(f"group {number}" for number in range(N_SPENT))]:
        service.client.put(f"/cohorts/{cohort}/students", json={"student_ids": kept}).raise_for_status()


def _sweep(dataset_id: str) -> dict[str, Any]:
    search = {"method": "grid", "space": {"loss.lambda_target": [0.1, 0.2]}}
    return {"search": search, "fold": 1, "exclude_folds": [0], "config": TINY, "dataset_id": dataset_id}


def _key_id(service: Service) -> str:
    """Of the key that everything is done with."""
    with read_scope(service.sessions) as session:
        return str(session.scalars(select(ApiKey.id)).one())


def _post(service: Service, path: str, body: Any) -> Any:
    return service.client.post(path, json=body).raise_for_status().json()
