"""The product itself, with a state folder of the study's own: API and workers as `ikt up` starts them."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.cli.client import Service
from api.cli.datasets import upload_dataset
from api.cli.failures import Failure, Refused
from api.cli.processes import Running, free_port, run_service

STORES = ("IKT_DATABASE_URL", "IKT_BROKER_URL", "IKT_ARTIFACTS_URL")


@contextmanager
def open_study(state: Path, *, workers: int) -> Iterator[tuple[Service, Running]]:
    """Service and processes; one thread per job, so that equal settings give equal numbers everywhere.

    Raises Failure while another study runs in the same folder.
    """
    from db.engine import upgrade
    from db.settings import DatabaseSettings

    state.mkdir(parents=True, exist_ok=True)
    for name in STORES:  # what is measured here goes to nobody else's database
        os.environ.pop(name, None)
    os.environ["IKT_THREADS"] = "1"
    with _alone(state / "study.lock"):
        settings = DatabaseSettings(data_dir=state)
        upgrade(settings)
        processes = run_service(
            data_dir=settings.data_dir, host="127.0.0.1", port=free_port(), concurrency=workers
        )
        with processes as running, Service(running.url) as service:
            yield service, running


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure("A study already runs here", f"{lock} is held; wait for it or stop it.") from None
        yield


def upload(service: Service, file: Path, *, name: str) -> dict[str, Any]:
    """The stored dataset, described as results.json keeps it."""
    row = upload_dataset(service, file, name=name)
    kept = ("id", "content_hash", "n_students", "n_responses", "n_skills", "n_folds", "share_correct")
    return {"file": file.name} | {key: row[key] for key in kept}


def simulate(wanted: Mapping[str, Any], file: Path, *, seed: int) -> Path:
    """A simulated classroom, the same file for the same plan."""
    from ikt_model.data.simulate import simulate_classroom, write_events_csv

    classroom = simulate_classroom(
        n_students=wanted["students"],
        n_skills=wanted["skills"],
        mean_length=wanted["mean_length"],
        seed=seed,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    write_events_csv(classroom.sequences, file)
    return file


def find_report(service: Service, experiment_id: str) -> dict[str, Any] | None:
    """The experiment's report; None where it left none."""
    try:
        report: dict[str, Any] = service.get(f"/experiments/{experiment_id}/report")
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return report
