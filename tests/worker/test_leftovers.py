"""Files on a worker's machine that nobody needs any more."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from db import artifacts
from db.artifacts import ArtifactStore
from db.base import utc_now
from db.engine import SessionFactory, session_scope
from db.repositories import erasures
from tests.builders import OWNER, make_running
from tests.stacks import Stack
from tests.worker.support import settings_of
from worker.leftovers import Leftovers
from worker.stores import Stores


@pytest.fixture
def stores(sessions: SessionFactory, tmp_path: Path) -> Stores:
    return Stores(sessions, ArtifactStore(f"memory://{tmp_path}", cache_dir=tmp_path / "cache"))


def test_folders_of_ended_attempts_go(stack: Stack, stores: Stores) -> None:
    settings = settings_of(stack)
    with session_scope(stores.sessions) as session:
        running = make_running(session, owner=f"host:1:{OWNER}").id
    folders = [f"{running}.{OWNER}", f"{running}.earlier", f"{uuid4()}.gone", "erasure-1"]
    for name in folders:
        (settings.work_folder / name).mkdir(parents=True)
    Leftovers(settings).remove(stores)
    assert sorted(path.name for path in settings.work_folder.iterdir()) == sorted([folders[0], folders[3]])


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=1), timedelta(hours=-1)], ids=str)
def test_copies_made_before_an_erasure_go(
    stack: Stack, stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    for place in ("db.repositories.erasures", "worker.leftovers"):
        monkeypatch.setattr(f"{place}.shared_now", lambda _: utc_now() + ahead)
    monkeypatch.setattr(artifacts, "OPENING_SECONDS", 0)
    (tmp_path / "file").write_text("ana")
    stores.artifacts.put_file(tmp_path / "file", "datasets/one.arrow")
    copy = stores.artifacts.fetch("datasets/one.arrow")
    Leftovers(settings_of(stack)).remove(stores)
    assert copy.exists()
    with session_scope(stores.sessions) as session:
        erasures.add_erasure(session, "ana")
        assert erasures.claim_tenant(session, OWNER, lease_seconds=60) is not None
    with session_scope(stores.sessions) as session:
        erasures.finish(session, OWNER)
    Leftovers(settings_of(stack)).remove(stores)
    assert not copy.exists()
    copy = stores.artifacts.fetch("datasets/one.arrow")
    Leftovers(settings_of(stack)).remove(stores)
    assert copy.exists()
