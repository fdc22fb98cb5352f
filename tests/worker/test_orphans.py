"""Files that no row leads to: an erasure removes those that hold its students, and no others."""

import logging
import os
import shutil
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from db.artifacts import ArtifactStore, open_artifacts
from db.base import new_id
from db.engine import SessionFactory, session_scope
from db.models import Dataset
from db.repositories import erasures
from ikt_model.data.sequences import save_sequences
from tests.stacks import Stack
from tests.worker.support import classroom, settings_of
from worker.erasing import ORPHAN_SECONDS
from worker.erasure import erase_due
from worker.settings import WorkerSettings

STUDENT = str(classroom().student_ids[0])


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


@pytest.fixture
def root(stack: Stack) -> Path:
    """Of the store."""
    return Path(stack.artifacts_url.removeprefix("file://"))


def erase(sessions: SessionFactory, settings: WorkerSettings, student: str = STUDENT) -> int:
    with session_scope(sessions) as session:
        erasures.add_erasure(session, student)
    return erase_due(settings=settings)


def put_dataset(root: Path, *, is_old: bool = True) -> Path:
    path = root / "datasets" / f"{new_id()}.arrow"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_sequences(classroom(), path)
    return age(path) if is_old else path


def put_experiment(root: Path, *students: str) -> Path:
    """The folder of one that no row tells of."""
    folder = root / "experiments" / str(new_id())
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "weights.safetensors").write_text("hours of a GPU")
    pq.write_table(pa.table({"student_id": [*students], "p": [0.5] * len(students)}), predictions(folder))
    return folder


def predictions(folder: Path) -> Path:
    return folder / "predictions.parquet"


def age(path: Path) -> Path:
    written = path.stat().st_mtime - ORPHAN_SECONDS - 1
    os.utime(path, (written, written))
    return path


def test_what_holds_none_of_them_stays(
    stack: Stack, sessions: SessionFactory, dataset: Dataset, settings: WorkerSettings, root: Path
) -> None:
    assert dataset.n_students
    kept = [put_dataset(root), put_dataset(root, is_old=False), put_experiment(root, "ben")]
    assert erase(sessions, settings, "somebody-else") == 1
    assert all(path.exists() for path in kept)
    assert predictions(kept[2]).exists()
    assert open_artifacts(stack.database_settings()).exists(dataset.artifact)


def test_what_holds_one_goes(sessions: SessionFactory, settings: WorkerSettings, root: Path) -> None:
    uploaded, trained, other = put_dataset(root), put_experiment(root, "ben", STUDENT), put_experiment(root)
    draft = trained / f"predictions.parquet.{new_id().hex}.partial"
    shutil.copy(predictions(trained), draft)
    assert erase(sessions, settings) == 1
    assert [path.exists() for path in (uploaded, predictions(trained), draft)] == [False] * 3
    assert (trained / "model" / "weights.safetensors").exists()
    assert predictions(other).exists()


def test_the_rest_of_an_own_dataset_goes_at_once(
    sessions: SessionFactory, dataset: Dataset, settings: WorkerSettings, root: Path
) -> None:
    replaced = root / "datasets" / f"{dataset.id}.{UUID(int=1).hex}.arrow"
    replaced.write_text("the beginning of a file")
    assert erase(sessions, settings, "somebody-else") == 1
    assert not replaced.exists()


@pytest.mark.parametrize("content", [b"", b"x", b"PAR1" + bytes(40) + b"PAR1", b"ARROW1"])
@pytest.mark.parametrize("place", ["datasets/{}.arrow", "experiments/{}/predictions.parquet"])
def test_what_can_not_be_read_is_waited_for_and_then_told_of(
    sessions: SessionFactory,
    settings: WorkerSettings,
    root: Path,
    place: str,
    content: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = root / place.format(new_id())
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    later = settings.model_copy(update={"erasure_retry_seconds": 1e-6})
    assert erase(sessions, settings.model_copy(update={"erasure_retry_seconds": 3600.0})) == 0
    age(path)
    with caplog.at_level(logging.WARNING):
        assert erase(sessions, later, "another") == 1
    assert "orphan_unreadable" in caplog.text
    assert path.exists()


def test_names_that_are_no_keys_are_no_obstacle(
    stack: Stack, sessions: SessionFactory, settings: WorkerSettings, root: Path
) -> None:
    strangers = [root / folder / ".nfs0001" for folder in ("datasets", "experiments", "paired")]
    for path in strangers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STUDENT)
    assert erase(sessions, settings) == 1
    assert all(path.exists() for path in strangers)
    store: ArtifactStore = open_artifacts(stack.database_settings())
    assert store.list_names("datasets") == store.list_keys("datasets") == store.list_everything() == []
    assert not store.is_empty()
