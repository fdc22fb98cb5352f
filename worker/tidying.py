"""Removing what killed processes have left in the store and among messages: drafts, files of ended jobs.

Files of experiments and datasets that the database does not know are told of, and left alone: in front of a
database that was restored from a backup, or of another service's, they would be all there is.
Erasures alone look into them (`worker.erasing`).
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from db.artifacts import PARTIAL, ArtifactStore, checkpoint_key, open_artifacts
from db.base import utc_now
from db.engine import read_scope
from db.lifecycle import ExperimentStatus
from db.repositories.leavings import find_datasets, read_statuses
from worker.logs import event
from worker.settings import WorkerSettings
from worker.stores import model_key, open_stores

logger = logging.getLogger(__name__)

# Those that were stopped or failed may be taken up again at their checkpoint.
DONE_WITH_CHECKPOINT = (ExperimentStatus.SUCCEEDED, ExperimentStatus.PRUNED)
UUID_VERSION_WITH_TIME = 7
# Copies of a remote store's files; the next who asks makes another.
UNUSED = timedelta(days=7)


def tidy(settings: WorkerSettings, *, connected: AbstractContextManager[object]) -> None:
    """One look at all files; rows are read while `connected` is held. Raises SQLAlchemyError, OSError."""
    store = open_artifacts(settings)
    keys = {folder: store.list_keys(folder) for folder in ("experiments", "datasets", "probes", "paired")}
    experiments, datasets = _by_id(keys["experiments"]), _by_id(keys["datasets"])
    # Files were listed first: what an ended job is seen to have now is not being written any more.
    with connected, open_stores(settings) as stores, read_scope(stores.sessions) as session:
        statuses = read_statuses(session, experiments)
        known = find_datasets(session, datasets)
    for experiment_id, under in experiments.items():
        if status := statuses.get(experiment_id):
            _tidy_experiment(store, experiment_id, status, under)
    unknown = (experiments.keys() - statuses.keys()) | (datasets.keys() - known)
    if strangers := [one for one in unknown if _is_old([str(one)], settings=settings)]:
        logger.warning(event("files_without_rows", n=len(strangers), newest=max(strangers)))
    drafts = [key for some in keys.values() for key in some if key.endswith(PARTIAL)]
    _remove_old(store, [*drafts, *keys["probes"]], settings=settings)
    _tidy_broker(settings)
    for copy in store.forget_copies(unused_since=utc_now() - UNUSED):
        _log(f"cache/{copy}")


def _tidy_experiment(
    store: ArtifactStore, experiment_id: UUID, status: ExperimentStatus, keys: Sequence[str]
) -> None:
    if not status.is_terminal:
        return
    checkpoint, model = checkpoint_key(experiment_id), model_key(experiment_id)
    # Not every store knows folders.
    has_checkpoint = any(f"{key}/".startswith(f"{checkpoint}/") for key in keys)
    if status in DONE_WITH_CHECKPOINT and has_checkpoint:
        _log(checkpoint)
        store.delete(checkpoint)
    for folder in (checkpoint, model):
        versions = {key.split("/")[3] for key in keys if key.startswith(f"{folder}/")}
        if len(versions) not in (0, 2):  # a manifest and the version that it names
            _log(folder)
            store.remove_leftovers(folder)
    for draft in [key for key in keys if key.endswith(PARTIAL)]:
        _log(draft)
        store.delete(draft)


def _remove_old(store: ArtifactStore, keys: Iterable[str], *, settings: WorkerSettings) -> None:
    """Those whose name has a time in it that is long past."""
    for key in keys:
        if _is_old(key.removesuffix(PARTIAL).replace("/", ".").split("."), settings=settings):
            _log(key)
            store.delete(key)


def _is_old(names: Iterable[str], *, settings: WorkerSettings) -> bool:
    times = [_time_of(one) for one in map(_read_id, names) if one is not None]
    newest = max((time for time in times if time is not None), default=None)
    return newest is not None and newest < utc_now() - timedelta(seconds=settings.abandoned_seconds)


def _tidy_broker(settings: WorkerSettings) -> None:
    """Messages that were being written or read when the process ended; their names begin with the time."""
    oldest = (utc_now() - timedelta(seconds=settings.abandoned_seconds)).timestamp() * 1e9
    taken, drafts = settings.broker_folder / "taken", settings.broker_folder / "messages"
    for path in (*taken.glob("*.msg"), *drafts.glob("*.draft")):
        number = path.name.partition("_")[0]
        if number.isdecimal() and int(number) < oldest:
            _log(f"broker/{path.name}")
            path.unlink(missing_ok=True)


def _by_id(keys: Iterable[str]) -> dict[UUID, list[str]]:
    """Keys whose second part begins with an id, by that id."""
    found: dict[UUID, list[str]] = defaultdict(list)
    for key in keys:
        if row_id := _read_id(key.split("/")[1].partition(".")[0]):
            found[row_id].append(key)
    return found


def _read_id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _time_of(row_id: UUID) -> datetime | None:
    if row_id.version != UUID_VERSION_WITH_TIME:
        return None
    return datetime.fromtimestamp((row_id.int >> 80) / 1000, UTC)


def _log(what: str) -> None:
    logger.info(event("removed_leftover", what=what))
