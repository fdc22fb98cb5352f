"""How surely two experiments differ: found once, and kept while both of them exist.

An experiment that has succeeded changes only when students are erased, and a worker then removes what was
found. It lies in one folder for all pairs, under a name that holds both ids, and is removed with either.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore, Lock
from uuid import UUID
from weakref import WeakValueDictionary

import pyarrow as pa
import pyarrow.parquet as pq

from api.services.evaluations import predictions_key
from db.artifacts import ArtifactStore
from db.engine import SessionFactory, read_scope
from db.errors import ArtifactNotFound, ExperimentNotFound
from db.repositories import experiments
from ikt_model.comparison.kept import KEPT_NAME, KeptBroken, read_kept, write_kept
from ikt_model.comparison.paired import COLUMNS, FoldDifferences, compare_fold

logger = logging.getLogger(__name__)

FOLDER = "paired"

# Of this process: a request may ask for a pair per candidate and fold, and all requests share the cores with
# those who ask for something else.
MOST_AT_A_TIME = 2
_computing = BoundedSemaphore(MOST_AT_A_TIME)


class PredictionsMissing(Exception):
    """One of the two has no stored predictions."""

    def __init__(self, experiment_id: UUID) -> None:
        self.experiment_id = experiment_id
        super().__init__(f"experiment {experiment_id} has no stored predictions")


def differ(
    sessions: SessionFactory, store: ArtifactStore, *, baseline: UUID, candidate: UUID, fold: int
) -> FoldDifferences:
    """Candidate less baseline, over the fold that both held out. Raises RowsDiffer, PredictionsMissing."""
    key = f"{FOLDER}/{baseline}.{candidate}.{KEPT_NAME}.parquet"
    with _one_at_a_time(key):
        try:
            return read_kept(store.fetch(key))
        except (ArtifactNotFound, FileNotFoundError):
            pass
        except KeptBroken:
            logger.exception("a kept comparison is made again")
        read = _versions(store, baseline, candidate)
        with _computing:
            found = _compare(store, baseline, candidate, fold)
        _keep(store, found, key)
        if _versions(store, baseline, candidate) != read:
            # A worker replaces predictions before it removes what was kept; this may have come afterwards.
            store.delete(key)
    _forget_unless_both_exist(sessions, store, baseline, candidate)
    return found


def forget_pairs(store: ArtifactStore, experiment_id: UUID) -> None:
    """Remove all that was found of an experiment that is gone."""
    store.delete_named(FOLDER, str(experiment_id))


def _versions(store: ArtifactStore, *experiment_ids: UUID) -> list[str | None]:
    return [store.version(predictions_key(experiment_id)) for experiment_id in experiment_ids]


def _compare(store: ArtifactStore, baseline: UUID, candidate: UUID, fold: int) -> FoldDifferences:
    """Raises RowsDiffer, which is not kept: an erasure may have come to one of the two alone so far."""
    tables = [_read_predictions(store, experiment_id) for experiment_id in (baseline, candidate)]
    # By the fold's number, so that several folds are resampled independently of each other.
    return compare_fold(*tables, seed=(0, fold))


def _read_predictions(store: ArtifactStore, experiment_id: UUID) -> pa.Table:
    try:
        return pq.read_table(store.fetch(predictions_key(experiment_id)), columns=list(COLUMNS))
    except (ArtifactNotFound, FileNotFoundError):
        raise PredictionsMissing(experiment_id) from None


def _keep(store: ArtifactStore, found: FoldDifferences, key: str) -> None:
    """Whoever can't keep it has found it nevertheless."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pair.parquet"
        write_kept(found, path)
        try:
            store.put_file(path, key)
        except OSError:
            logger.exception("a comparison could not be kept")


def _forget_unless_both_exist(
    sessions: SessionFactory, store: ArtifactStore, baseline: UUID, candidate: UUID
) -> None:
    """One that was deleted meanwhile was forgotten before its pair was kept."""
    with read_scope(sessions) as session:
        for experiment_id in (baseline, candidate):
            try:
                experiments.get_experiment(session, experiment_id)
            except ExperimentNotFound:
                forget_pairs(store, experiment_id)


# Of this process: several would find the same, and the last file written is as good as the first.
_locks: WeakValueDictionary[str, "_NamedLock"] = WeakValueDictionary()
_choosing = Lock()


class _NamedLock:
    """Exists while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self.lock = Lock()


@contextmanager
def _one_at_a_time(key: str) -> Iterator[None]:
    """Who asks for the same meanwhile waits, and then finds it kept."""
    with _choosing:
        named = _locks.get(key) or _NamedLock()
        _locks[key] = named
    with named.lock:
        yield
