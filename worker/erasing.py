"""Students taken out of files: datasets, and what experiments on them left. Every step can be repeated.

S students are erased together, for a file is read and written as a whole.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from db.artifacts import ArtifactStore
from db.engine import SessionFactory, after_commit, read_scope, session_scope
from db.errors import ArtifactNotFound
from db.repositories import contents, erasures
from db.repositories.contents import Content
from ikt_model.data.erasing import (
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
from worker.stores import checkpoint_key, predictions_key

logger = logging.getLogger(__name__)

DATASETS, EXPERIMENTS, PAIRS = "datasets", "experiments", "paired"
# Longer than it takes to store a file that is written already and then its row.
ORPHAN_SECONDS = 15 * 60


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
    """Remove files that no row leads to; False while one is so new that its row may be on its way, and it
    holds one of the students or can't be read yet.
    """
    with artifact_access():
        stored = erasing.artifacts.list_names(DATASETS)
        folders = erasing.artifacts.list_names(EXPERIMENTS)
    # The rows after the files, so that no file is taken for an orphan whose row came in between.
    with read_scope(everybody) as session:
        known = {content.artifact for content in contents.list_contents(session)}
        experiment_ids = {str(row) for row in contents.list_experiment_ids(session)}
    with read_scope(erasing.sessions) as session:
        own = {str(content.dataset_id) for content in contents.list_contents(session)}
    with artifact_access():
        for name in folders:
            if name not in experiment_ids:
                erasing.artifacts.delete(f"{EXPERIMENTS}/{name}")
        orphans = [key for name in stored if (key := f"{DATASETS}/{name}") not in known]
        left = [key for key in orphans if not _clear_orphan(erasing, key, own)]
    return not left


def _clear_orphan(erasing: Erasing, key: str, own: set[str]) -> bool:
    # What another file was put in place of, by whoever held the erasure before and was killed.
    is_replaced = key.removeprefix(f"{DATASETS}/").partition(".")[0] in own
    with suppress(ArtifactNotFound, FileNotFoundError):
        if is_replaced or erasing.artifacts.age_seconds(key) > ORPHAN_SECONDS:
            erasing.artifacts.delete(key)
            return True
        try:
            found, _ = find_in_dataset(erasing.artifacts.fetch(key), among(erasing.names))
        except UnreadableDataset:
            return False
        return not found
    return True
