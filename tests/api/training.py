"""Experiments that were really trained, on a classroom so small that it takes seconds."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from ikt_model.data.simulate import simulate_classroom, write_events_csv
from tests.api.support import Service
from worker.settings import WorkerSettings
from worker.training import run_experiment

TINY: dict[str, Any] = {
    "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32, "window": 50},
    "training": {"epochs": 2, "batch_tokens": 512},
}


@dataclass(frozen=True)
class Trained:
    """A service, its dataset, and the experiments that were trained on it."""

    service: Service
    dataset: dict[str, Any]
    baseline: dict[str, Any]
    candidate: dict[str, Any]
    model: dict[str, Any]

    @cached_property
    def skills(self) -> list[str]:
        found = self.service.client.get("/skills").raise_for_status().json()["items"]
        return [skill["name"] for skill in found]


def classroom_csv(*, n_students: int = 120, seed: int = 7) -> bytes:
    """A simulated classroom as an upload; so many students are enough in every fold for an interval."""
    classroom = simulate_classroom(n_students=n_students, n_skills=5, seed=seed, mean_length=15.0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "classroom.csv"
        write_events_csv(classroom.sequences, path)
        return path.read_bytes()


def train_two(service: Service) -> Trained:
    """Submit two experiments over HTTP, train them here, and promote the second one's model."""
    dataset = service.add_dataset(classroom_csv())
    baseline = train(service, dataset["id"], preset="small-mean", name="baseline")
    candidate = train(service, dataset["id"], preset="small-dynamic", name="candidate")
    models = service.client.get("/models").raise_for_status().json()["items"]
    (model,) = [row for row in models if row["experiment_id"] == candidate["id"]]
    promoted = service.client.post(f"/models/{model['id']}/promote")
    assert promoted.status_code == 200, promoted.text
    return Trained(service, dataset, baseline, candidate, promoted.json())


def cross_validate(service: Service, dataset_id: str, **body: Any) -> dict[str, Any]:
    """Submit a cross-validation and be the worker of its experiments."""
    wanted = {"dataset_id": dataset_id, "config": TINY, **body}
    row = service.client.post("/cross-validations", json=wanted).raise_for_status().json()
    for member in row["experiments"]:
        assert run_experiment(UUID(member["id"]), settings=_settings(service))
    found: dict[str, Any] = service.client.get(row["links"]["self"]).raise_for_status().json()
    assert found["status"] == "succeeded"
    return found


def train(service: Service, dataset_id: str, **body: Any) -> dict[str, Any]:
    """Submit an experiment and be its worker."""
    submitted = service.submit(dataset_id, config=TINY, **body)
    assert submitted.status_code == 202, submitted.text
    experiment_id = submitted.json()["id"]
    assert run_experiment(UUID(experiment_id), settings=_settings(service))
    ended: dict[str, Any] = service.client.get(f"/experiments/{experiment_id}").raise_for_status().json()
    assert ended["status"] == "succeeded", ended["error"]
    return ended


def _settings(service: Service) -> WorkerSettings:
    stack = service.stack
    return WorkerSettings(
        data_dir=stack.data_dir,
        database_url=stack.database_url,
        artifacts_url=stack.artifacts_url,
        broker_url=stack.broker_url,
        threads=1,
    )
