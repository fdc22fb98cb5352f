"""What killed processes have left is removed; what is needed, or may be, stays."""

import time
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from db.artifacts import ArtifactStore, checkpoint_key, open_artifacts
from db.base import new_id, utc_now
from db.engine import SessionFactory, session_scope
from db.models import Experiment
from db.repositories import runs
from tests.builders import make_experiment, make_running
from tests.stacks import Stack
from tests.worker.support import settings_of
from worker.settings import WorkerSettings
from worker.stores import model_key
from worker.tidying import tidy


def old_id() -> UUID:
    """As if it had been made two days ago."""
    milliseconds = int((utc_now() - timedelta(days=2)).timestamp() * 1000)
    return UUID(int=milliseconds << 80 | new_id().int & (1 << 80) - 1)


@pytest.fixture
def settings(stack: Stack) -> WorkerSettings:
    return settings_of(stack)


@pytest.fixture
def store(settings: WorkerSettings) -> ArtifactStore:
    return open_artifacts(settings)


def run_tidy(settings: WorkerSettings) -> None:
    tidy(settings, connected=nullcontext())


def put(store: ArtifactStore, key: str, folder: Path) -> None:
    """A folder with one file, and beside it a version that its writer never finished."""
    local = folder / uuid4().hex
    local.mkdir()
    (local / "weights").write_text("1")
    store.put_folder(local, key)
    abandoned = store.fetch(key).with_name(new_id().hex)
    abandoned.mkdir()
    (abandoned / "weights").write_text("0")


def succeed(sessions: SessionFactory) -> Experiment:
    with session_scope(sessions) as session:
        experiment = make_running(session)
        runs.finish(session, experiment.id, experiment.lease_owner or "", metrics={})
        return experiment


def test_versions_and_checkpoints_of_ended_jobs_go(
    settings: WorkerSettings, store: ArtifactStore, sessions: SessionFactory, tmp_path: Path
) -> None:
    ended, emptied = succeed(sessions), succeed(sessions)
    with session_scope(sessions) as session:
        queued = make_experiment(session)
    for experiment in (ended, queued):
        put(store, checkpoint_key(experiment.id), tmp_path)
        put(store, model_key(experiment.id), tmp_path)
    current = store.fetch(model_key(ended.id))
    (current.parent / f"manifest.json.{new_id().hex}.partial").write_text("{")
    # Their writers were killed between a folder and its first file, or between the last file and its folder.
    (current.parent / new_id().hex).mkdir()
    empty = Path(settings.artifacts_url) / checkpoint_key(emptied.id)
    empty.mkdir(parents=True)

    run_tidy(settings)

    assert sorted(path.name for path in current.parent.iterdir()) == sorted([current.name, "manifest.json"])
    assert (current / "weights").read_text() == "1"
    assert not store.exists(checkpoint_key(ended.id))
    assert not empty.exists()
    # Of one that is not over a writer may be at work.
    for key in (checkpoint_key(queued.id), model_key(queued.id)):
        assert len(list(store.fetch(key).parent.iterdir())) == 3


def test_drafts_go_when_they_are_old(settings: WorkerSettings, store: ArtifactStore) -> None:
    root = Path(settings.artifacts_url)
    messages, taken = settings.broker_folder / "messages", settings.broker_folder / "taken"
    for folder in (root / "datasets", root / "probes", messages, taken):
        folder.mkdir(parents=True)
    long_ago = time.time_ns() - timedelta(days=2) // timedelta(microseconds=1) * 1000
    old = [root / "datasets" / f"{uuid4()}.arrow.{old_id().hex}.partial", root / "probes" / str(old_id())]
    old += [taken / f"{long_ago:020d}_1.cpu.msg", messages / f"{long_ago:020d}_1.cpu.msg.draft"]
    kept = [root / "datasets" / f"{uuid4()}.arrow.{new_id().hex}.partial", root / "probes" / str(new_id())]
    kept += [taken / f"{time.time_ns():020d}_1.cpu.msg", messages / f"{long_ago:020d}_1.cpu.msg"]
    for path in (*old, *kept):
        path.write_text("")

    run_tidy(settings)

    assert [path for path in old if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []
    assert store.list_keys("nothing") == []


def test_files_that_the_database_does_not_know_are_left_alone(
    settings: WorkerSettings, store: ArtifactStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    stranger = old_id()
    store.put_file(file, f"datasets/{stranger}.arrow")
    put(store, model_key(stranger), tmp_path)

    run_tidy(settings)

    assert store.exists(f"datasets/{stranger}.arrow")
    assert store.exists(model_key(stranger))
    assert f"event=files_without_rows n=1 newest={stranger}" in caplog.text
