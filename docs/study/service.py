"""The product itself, with a state folder of the study's own: API and workers as `ikt up` starts them."""

import csv
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from api.cli.client import TIMEOUT, authorization
from api.cli.datasets import upload_dataset
from api.cli.failures import Failure, Refused
from api.cli.processes import Running, free_port, run_service
from docs.study.by_path import Service
from docs.study.plan import Plan
from ikt_model.data.simulate import Classroom, simulate_classroom, with_fixed_abilities, write_events_csv

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
    row = upload_dataset(service.commands, file, name=name)
    kept = ("id", "content_hash", "n_students", "n_responses", "n_skills", "n_folds", "share_correct")
    return {"file": file.name} | {key: row[key] for key in kept} | {"n_attempts": count_attempts(file)}


def count_attempts(file: Path) -> int | None:
    """Attempts at items in a table of events: neighbouring rows of a student on one item, until the answer
    changes or a skill comes again. None for a file without items.
    """
    attempts, before = 0, dict[str, tuple[str, str, set[str]]]()
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"student_id", "item", "skill", "correct"} <= set(rows.fieldnames or ()):
            return None
        for row in rows:
            item, correct, skills = before.get(row["student_id"], ("", "", set()))
            if (item, correct) != (row["item"], row["correct"]) or row["skill"] in skills:
                attempts, skills = attempts + 1, set()
            before[row["student_id"]] = row["item"], row["correct"], skills | {row["skill"]}
    return attempts


def make_classroom(plan: Plan, name: str) -> Classroom:
    """The simulated classroom of that name, or the one that in the miniature stands in for its data."""
    said = plan.data[name]
    size = plan.classroom or said
    classroom = simulate_classroom(
        n_students=size["students"],
        n_skills=size["skills"],
        mean_length=size["mean_length"],
        seed=said["seed"],
    )
    return with_fixed_abilities(classroom, seed=said["seed"]) if "students" in said else classroom


def simulate(plan: Plan, name: str, folder: Path) -> Path:
    """Its responses as a file, the same for the same plan."""
    file = folder / f"{name}.csv"
    folder.mkdir(parents=True, exist_ok=True)
    write_events_csv(make_classroom(plan, name).sequences, file)
    return file


def read_predictions(service: Service, experiment_id: str) -> pa.Table:
    """Held-out predictions, one row per response."""
    address = f"{service.url}/experiments/{experiment_id}/predictions"
    answer = httpx.get(address, headers=authorization(), trust_env=False, timeout=TIMEOUT)
    answer.raise_for_status()
    return pq.read_table(io.BytesIO(answer.content))


def find_report(service: Service, experiment_id: str) -> dict[str, Any] | None:
    """The experiment's report; None where it left none."""
    try:
        report: dict[str, Any] = service.get(f"/experiments/{experiment_id}/report")
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return report
