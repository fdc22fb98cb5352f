"""Jobs of a second or two, what they should end with, and what they must not leave behind."""

import hashlib
import json
import os
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from celery import Celery
from sqlalchemy import func, select

from db.artifacts import open_artifacts
from db.engine import SessionFactory, read_scope, session_scope
from db.models import Dataset, Experiment, Model
from db.repositories import experiments
from ikt_model.config import resolve_config
from tests.running import System, wait_for
from tests.worker.support import TINY, Seen, classroom, look, store_dataset
from worker.celery_app import create_celery
from worker.enqueue import enqueue_training
from worker.stores import model_key, predictions_key

QUICK = {
    "IKT_LEASE_SECONDS": "3",
    "IKT_HEARTBEAT_SECONDS": "0.5",
    "IKT_JANITOR_SECONDS": "0.5",
    "IKT_TIDY_SECONDS": "1",
    "IKT_ABANDONED_SECONDS": "5",
    "IKT_CONCURRENCY": "3",
}
"""How soon workers notice what happened; living jobs still have a few seconds to say that they live."""

EPOCHS = 3
QUEUES = ("cpu", "gpu", "bulk")


def points(default: int) -> int:
    """How many faults are injected: POINTS, or so many."""
    return int(os.environ.get("POINTS") or default)


def is_short() -> bool:
    """Whether everything that can be smaller is (SHORT=1)."""
    return bool(os.environ.get("SHORT"))


def dice(salt: str) -> random.Random:
    """Random numbers, the same for the same SEED."""
    return random.Random(f"{os.environ.get('SEED') or 1} {salt}")


def add_classroom(system: System, *, n_students: int = 40) -> Dataset:
    """The data that jobs train on."""
    return store_dataset(system.settings, system.sessions, classroom(n_students=n_students), system.folder)


@dataclass(frozen=True, slots=True)
class Kind:
    """What decides about the numbers of a job."""

    seed: int
    fold: int


KINDS = [Kind(seed=seed, fold=fold) for seed in (1, 2) for fold in (0, 1)]


def submit(system: System, dataset: Dataset, kind: Kind, *, ring: bool = True, epochs: int = EPOCHS) -> UUID:
    """Queue a training, as the API does."""
    experiment_id = add_row(system.sessions, dataset, kind, epochs=epochs)
    if ring:
        enqueue_training(experiment_id, settings=system.settings)
    return experiment_id


def add_row(sessions: SessionFactory, dataset: Dataset, kind: Kind, *, epochs: int = EPOCHS) -> UUID:
    """A queued row that nobody has rung for."""
    training = {"epochs": epochs, "batch_tokens": 256, "seed": kind.seed}
    return add_configured(sessions, dataset, None, {**TINY, "training": training}, fold=kind.fold)


def add_configured(
    sessions: SessionFactory, dataset: Dataset, preset: str | None, overrides: dict[str, Any], *, fold: int
) -> UUID:
    config = resolve_config(preset, overrides)
    with session_scope(sessions) as session:
        return experiments.add_experiment(
            session,
            name="tiny",
            dataset_id=dataset.id,
            fold=fold,
            preset=preset,
            config=config.model_dump(mode="json"),
            config_fingerprint=config.fingerprint(),
            seed=config.training.seed,
            epochs=config.training.epochs,
            max_attempts=20,
        ).id


def statuses(sessions: SessionFactory, ids: Iterable[UUID]) -> dict[str, int]:
    """How many of these experiments are in each state."""
    statement = (
        select(Experiment.status, func.count())
        .where(Experiment.id.in_(list(ids)))
        .group_by(Experiment.status)
    )
    with read_scope(sessions) as session:
        return {status.value: count for status, count in session.execute(statement)}


def wait_for_end(system: System, ids: list[UUID], *, seconds: float = 240) -> None:
    """Until all have succeeded; one that ended otherwise is told at once."""

    def ended() -> bool:
        found = statuses(system.sessions, ids)
        assert not found.keys() & {"failed", "cancelled", "pruned"}, tell_failures(system, ids)
        return found == {"succeeded": len(set(ids))}

    wait_for(ended, seconds=seconds, what=f"{len(ids)} experiments succeed: {statuses(system.sessions, ids)}")


def tell_failures(system: System, ids: list[UUID]) -> list[str]:
    """What the rows say of those that failed."""
    seen = [look(system.sessions, one).experiment for one in ids]
    return [f"{one.id} {one.error_type}: {one.error_detail}" for one in seen if one.error_type]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything of a job that has to be equal, bit for bit, whatever happened to it on the way."""

    numbers: tuple[Any, ...]
    weights: str
    predictions: str


def outcome(system: System, experiment_id: UUID) -> Outcome:
    """What a job ended with; it is checked that it ended once, with nothing of its run left in the row."""
    seen = look(system.sessions, experiment_id)
    _check_ended(system.sessions, seen)
    store = open_artifacts(system.settings)
    weights = store.fetch(model_key(experiment_id)) / "weights.safetensors"
    predictions = store.fetch(predictions_key(experiment_id))
    return Outcome(seen.numbers, _digest(weights), _digest(predictions))


def _check_ended(sessions: SessionFactory, seen: Seen) -> None:
    experiment = seen.experiment
    assert experiment.status.value == "succeeded", experiment.error_detail
    assert (experiment.lease_owner, experiment.lease_expires_at) == (None, None)
    assert [row.epoch for row in seen.epochs] == list(range(1, experiment.epochs + 1))
    assert experiment.epochs_done == experiment.epochs
    with read_scope(sessions) as session:
        n_models = session.scalar(select(func.count()).where(Model.experiment_id == experiment.id))
    assert n_models == 1


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(system: System) -> list[str]:
    """Files and messages that nobody needs once all jobs have ended."""
    return files_left(system) + _waiting_messages(system)


def files_left(system: System) -> list[str]:
    """What is no artifact that counts, and no message that waits."""
    home = system.stack.data_dir
    paths = [*(home / "work").glob("*"), *(home / "uploads").glob("*"), *(home / "broker/taken").glob("*")]
    paths += [*home.rglob("*.partial"), *home.rglob("*.draft"), *(home / "artifacts/probes").glob("*")]
    paths += (home / "artifacts/experiments").glob("*/checkpoint")
    for manifest in (home / "artifacts").rglob("manifest.json"):
        version = json.loads(manifest.read_text())["version"]
        paths += [path for path in manifest.parent.iterdir() if path.name not in (version, manifest.name)]
    return sorted({str(path.relative_to(home)) for path in paths})


def _waiting_messages(system: System) -> list[str]:
    if system.redis is None:
        return [str(path.name) for path in (system.stack.data_dir / "broker/messages").glob("*.msg")]
    celery: Celery = create_celery(lambda: system.settings)
    with celery.connection_for_read() as connection, connection.channel() as channel:
        sizes = {name: channel._size(name) for name in QUEUES}
    return [f"{size} messages in {name}" for name, size in sizes.items() if size]


def check_nothing_left(system: System, *, seconds: float = 60) -> None:
    """Wait until the workers have tidied up."""
    try:
        wait_for(lambda: not leftovers(system), seconds=seconds, what="tidy")
    except TimeoutError:
        raise AssertionError(f"left behind: {leftovers(system)}") from None
