"""Students taken out of files: datasets, and what experiments on them left. Every step can be repeated.

S students are erased together, for a file is read and written as a whole.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from db.artifacts import ArtifactStore, checkpoint_key
from db.engine import SessionFactory, after_commit, read_scope, session_scope
from db.errors import ArtifactNotFound
from db.repositories import contents, erasures
from db.repositories.contents import Content
from ikt_model.data.erasing import (
    Choose,
    among,
    dataset_without,
    find_in_dataset,
    find_in_predictions,
    write_predictions_without,
)
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.sequences import describe, save_sequences
from worker.failures import artifact_access
from worker.logs import event
from worker.stores import predictions_key

logger = logging.getLogger(__name__)

DATASETS, EXPERIMENTS, PAIRS = "datasets", "experiments", "paired"
PREDICTIONS = predictions_key(UUID(int=0)).rpartition("/")[2]
# Longer than it takes to store a file that is written already and then its row.
ORPHAN_SECONDS = 15 * 60
# What comes of reading a file that is none of ours, or only the beginning of one.
UNREADABLE = (UnreadableDataset, ValueError, LookupError, TypeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Erasing:
    """Students of one tenant whose erasures `owner` leases."""

    names: list[str]  # [S]
    owner: str
    sessions: SessionFactory
    artifacts: ArtifactStore
    folder: Path


def clear_dataset(erasing: Erasing, content: Content) -> Content:
    """The dataset's content once none of the students is in it. Raises LeaseLost, ArtifactAccessFailed."""
    chosen = among(erasing.names)
    try:
        with artifact_access():
            path = erasing.artifacts.fetch(content.artifact)
            found, folds = find_in_dataset(path, chosen)
    except (ArtifactNotFound, FileNotFoundError):
        # Its row leads to another file by now, or it was deleted; whoever ends the erasure looks again.
        return content
    if not found:
        return content
    left = dataset_without(path, chosen)
    changed = Content(content.dataset_id, f"{DATASETS}/{content.dataset_id}.{uuid4().hex}.arrow")
    arrow = erasing.folder / "dataset.arrow"
    save_sequences(left, arrow)
    with artifact_access():
        erasing.artifacts.put_file(arrow, changed.artifact)
    arrow.unlink()
    with session_scope(erasing.sessions) as session:
        held = erasures.list_held(session, erasing.owner)
        erasures.lock_datasets(session)
        n_models = contents.replace_content(
            session,
            content,
            artifact=changed.artifact,
            content_hash=left.content_hash,
            statistics=describe(left),
            erased_folds=folds,
        )
        unneeded = changed.artifact if n_models is None else content.artifact
        if n_models is not None:
            learned = {name: n_models.get(fold, 0) for name, fold in zip(found, folds, strict=True)}
            erasures.note_dataset(held, content.dataset_id, n_models=learned)
        # Should it stay, for want of time, it is an orphan.
        after_commit(session, lambda: erasing.artifacts.delete(unneeded))
    logger.info(event("dataset_cleared", dataset_id=content.dataset_id, students=len(found)))
    return changed if n_models is not None else content


def clear_experiments(erasing: Erasing, trained: Sequence[tuple[UUID, bool]]) -> None:
    """Take the students out of what these experiments left; the flag says which of them are running."""
    for experiment_id, is_running in trained:
        found = _clear_predictions(erasing, experiment_id)
        with artifact_access():
            # Figures of pairs were made of both experiments' predictions.
            erasing.artifacts.delete_named(PAIRS, str(experiment_id))
            if not is_running:
                erasing.artifacts.delete(checkpoint_key(experiment_id))
        if found:
            with session_scope(erasing.sessions) as session:
                erasures.note_experiment(erasures.list_held(session, erasing.owner), found)


def _clear_predictions(erasing: Erasing, experiment_id: UUID) -> list[str]:
    chosen, key = among(erasing.names), predictions_key(experiment_id)
    try:
        with artifact_access():
            path = erasing.artifacts.fetch(key)
            found = find_in_predictions(path, chosen)
    except (ArtifactNotFound, FileNotFoundError):
        return []
    if found:
        target = erasing.folder / "predictions.parquet"
        write_predictions_without(path, chosen, target)
        with artifact_access():
            erasing.artifacts.put_file(target, key)
        target.unlink()
    return found


def clear_orphans(erasing: Erasing, everybody: SessionFactory) -> bool:
    """Remove files that no row leads to and that hold one of the students; False while one of them is so new
    that its row may be on its way, or that it can't be read yet.

    What holds none of them is left alone: in front of a database that was restored from a backup, or of
    another service's, it would be all there is.
    """
    store = erasing.artifacts
    with artifact_access():
        stored = store.list_names(DATASETS)
        folders = store.list_names(EXPERIMENTS)
    # The rows after the files, so that no file is taken for an orphan whose row came in between.
    with read_scope(everybody) as session:
        known = {content.artifact for content in contents.list_contents(session)}
        experiment_ids = {str(row) for row in contents.list_experiment_ids(session)}
    with read_scope(erasing.sessions) as session:
        own = {str(content.dataset_id) for content in contents.list_contents(session)}
    left = 0
    for key in (f"{DATASETS}/{name}" for name in stored):
        if key in known:
            continue
        if key.removeprefix(f"{DATASETS}/").partition(".")[0] in own:
            # What another file was put in place of, by whoever held the erasure before and was killed.
            with artifact_access():
                store.delete(key)
        else:
            left += not _clear_orphan(erasing, key, lambda path, chosen: find_in_dataset(path, chosen)[0])
    for name in folders:
        if name not in experiment_ids:
            left += not _clear_unknown_experiment(erasing, f"{EXPERIMENTS}/{name}")
    return left == 0


def _clear_unknown_experiment(erasing: Erasing, folder: str) -> bool:
    """Of an experiment's files only predictions name students, and drafts of them."""
    with artifact_access():
        names = erasing.artifacts.list_names(folder)
    keys = [f"{folder}/{name}" for name in names if name.startswith(PREDICTIONS)]
    # Its row was there before its files, so none is on its way.
    clear = [_clear_orphan(erasing, key, find_in_predictions, is_awaited=False) for key in keys]
    return all(clear)


def _clear_orphan(
    erasing: Erasing, key: str, find: Callable[[Path, Choose], list[str]], *, is_awaited: bool = True
) -> bool:
    """Whether nothing of the students is in it any more, as far as can be known; it is waited for if not."""
    with suppress(ArtifactNotFound, FileNotFoundError):
        with artifact_access():
            is_new = erasing.artifacts.age_seconds(key) <= ORPHAN_SECONDS
            path = erasing.artifacts.fetch(key)
        try:
            found = find(path, among(erasing.names))
        except (*UNREADABLE, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # trouble with the disk, and not with what is in the file
            if not is_new:
                logger.warning(event("orphan_unreadable", file=key, error=type(error).__name__))
            return not is_new
        if found and is_new and is_awaited:
            return False
        if found:
            with artifact_access():
                erasing.artifacts.delete(key)
            logger.info(event("orphan_removed", file=key))
    return True
