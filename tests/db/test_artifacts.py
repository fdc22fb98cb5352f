"""Files appear whole or not at all, on a local folder and on a remote store."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from db import artifacts
from db.artifacts import ArtifactFile, ArtifactStore, open_artifacts
from db.base import utc_now
from db.errors import ArtifactNotFound, BadArtifactKey, LeaseLost
from db.settings import DatabaseSettings

KEY = "experiments/1/model"
WEEK = timedelta(days=7)


@pytest.fixture(params=["local", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "local":
        yield str(tmp_path / "artifacts")
        return
    yield "memory://artifacts"
    fsspec.filesystem("memory").rm("/artifacts", recursive=True)


@pytest.fixture
def store(url: str, tmp_path: Path) -> ArtifactStore:
    store = ArtifactStore(url, cache_dir=tmp_path / "cache")
    store.put_file(_file(tmp_path / "other", "other"), "datasets/other.arrow")
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    _file(folder / "weights.safetensors", "weights")
    _file(folder / "deep" / "config.json", "{}")
    return folder


@pytest.fixture
def broken_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both file systems die on the second file, as a killed process would: nothing is tidied up."""
    for filesystem in (LocalFileSystem, MemoryFileSystem):
        monkeypatch.setattr(filesystem, "put_file", _dying(filesystem.put_file, after=1))
        monkeypatch.setattr(filesystem, "rm", lambda *_, **__: None)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)


class TestPutFile:
    def test_another_file_is_another_version(self, store: ArtifactStore, tmp_path: Path) -> None:
        key, file = "datasets/1.arrow", _file(tmp_path / "any", "rows")
        versions = [store.version(key)]
        for _ in range(2):
            store.put_file(file, key)
            versions += [store.version(key), store.version(key)]
        assert versions[0] is None
        assert versions[1] == versions[2] != versions[3] == versions[4]

    def test_file_is_fetched_as_it_was(self, store: ArtifactStore, tmp_path: Path) -> None:
        store.put_file(_file(tmp_path / "any", "rows"), "datasets/1.arrow")
        assert store.fetch("datasets/1.arrow").read_text() == "rows"
        assert store.list_files("datasets/1.arrow") == [ArtifactFile("1.arrow", 4)]

    def test_replaced_file_is_fetched_anew(self, store: ArtifactStore, tmp_path: Path) -> None:
        for content in ("old", "new"):
            store.put_file(_file(tmp_path / "any", content), "datasets/1.arrow")
            assert store.fetch("datasets/1.arrow").read_text() == content

    def test_crash_leaves_nothing_under_the_key(self, store: ArtifactStore, tmp_path: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for filesystem in (LocalFileSystem, MemoryFileSystem):
                patch.setattr(filesystem, "put_file", _halfway)
                patch.setattr(filesystem, "rm", lambda *_, **__: None)
            with pytest.raises(Killed):
                store.put_file(_file(tmp_path / "any", "rows"), "datasets/1.arrow")
        assert not store.exists("datasets/1.arrow")

    def test_failure_leaves_no_partial_file(self, url: str, store: ArtifactStore, tmp_path: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for filesystem in (LocalFileSystem, MemoryFileSystem):
                patch.setattr(filesystem, "put_file", _halfway)
            with pytest.raises(Killed):
                store.put_file(_file(tmp_path / "any", "rows"), "datasets/1.arrow")
        assert _names(url) == ["datasets/other.arrow"]


class TestPutFolder:
    def test_folder_is_fetched_as_it_was(self, store: ArtifactStore, folder: Path) -> None:
        store.put_folder(folder, KEY)
        assert _content(store.fetch(KEY)) == _content(folder)
        assert store.list_files(KEY) == [
            ArtifactFile("deep/config.json", 2),
            ArtifactFile("weights.safetensors", 7),
        ]

    def test_replacing_leaves_only_the_new_files(self, url: str, store: ArtifactStore, folder: Path) -> None:
        store.put_folder(folder, KEY)
        shutil.rmtree(folder / "deep")
        _file(folder / "weights.safetensors", "better")
        store.put_folder(folder, KEY)
        assert _content(store.fetch(KEY)) == {"weights.safetensors": "better"}
        assert len(_names(url)) == 3  # the file, its manifest, and the store's other file

    @pytest.mark.usefixtures("broken_upload")
    def test_crash_leaves_nothing_under_the_key(self, url: str, folder: Path, tmp_path: Path) -> None:
        store = ArtifactStore(url, cache_dir=tmp_path / "cache")
        with pytest.raises(Killed):
            store.put_folder(folder, KEY)
        assert not store.exists(KEY)
        with pytest.raises(ArtifactNotFound, match=KEY):
            store.fetch(KEY)

    def test_crash_while_replacing_keeps_the_old_folder(
        self, store: ArtifactStore, folder: Path, request: pytest.FixtureRequest
    ) -> None:
        store.put_folder(folder, KEY)
        before = _content(folder)
        _file(folder / "deep" / "config.json", "changed")
        request.getfixturevalue("broken_upload")
        with pytest.raises(Killed):
            store.put_folder(folder, KEY)
        assert _content(store.fetch(KEY)) == before

    def test_failure_is_tidied_up(self, url: str, store: ArtifactStore, folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for filesystem in (LocalFileSystem, MemoryFileSystem):
                patch.setattr(filesystem, "put_file", _dying(filesystem.put_file, after=1))
            with pytest.raises(Killed):
                store.put_folder(folder, KEY)
        assert _names(url) == ["datasets/other.arrow"]

    def test_what_is_no_longer_wanted_does_not_count(
        self, url: str, store: ArtifactStore, folder: Path
    ) -> None:
        store.put_folder(folder, "model")
        kept, names = _content(store.fetch("model")), _names(url)
        (folder / "a.txt").write_text("of another writer")

        def refuse() -> None:
            raise LeaseLost("model", owner="another")

        with pytest.raises(LeaseLost):
            store.put_folder(folder, "model", still_wanted=refuse)

        assert _content(store.fetch("model")) == kept
        assert _names(url) == names


class TestFetch:
    @pytest.mark.parametrize("url", ["local"], indirect=True)
    def test_local_store_gives_its_own_path(self, url: str, store: ArtifactStore) -> None:
        assert store.fetch("datasets/other.arrow") == Path(url) / "datasets" / "other.arrow"

    @pytest.mark.parametrize("url", ["memory"], indirect=True)
    def test_remote_file_is_copied_once(self, store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
        first = store.fetch("datasets/other.arrow")
        monkeypatch.setattr(MemoryFileSystem, "get_file", _halfway)
        assert store.fetch("datasets/other.arrow") == first
        assert first.name == "other.arrow"

    @pytest.mark.parametrize("url", ["memory"], indirect=True)
    def test_broken_download_leaves_no_copy(self, store: ArtifactStore, folder: Path) -> None:
        store.put_folder(folder, KEY)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(MemoryFileSystem, "get_file", _dying(MemoryFileSystem.get_file, after=1))
            with pytest.raises(Killed):
                store.fetch(KEY)
        assert _content(store.fetch(KEY)) == _content(folder)

    def test_absent_key_raises(self, store: ArtifactStore) -> None:
        for ask in (store.fetch, store.list_files):
            with pytest.raises(ArtifactNotFound, match="datasets/2"):
                ask("datasets/2")


class TestDelete:
    def test_file_and_folder_are_gone(self, store: ArtifactStore, folder: Path) -> None:
        store.put_folder(folder, KEY)
        for key in (KEY, "datasets/other.arrow"):
            store.delete(key)
            assert not store.exists(key)

    def test_everything_below_a_prefix_is_gone(self, url: str, store: ArtifactStore, folder: Path) -> None:
        store.put_folder(folder, KEY)
        store.delete("experiments/1")
        assert _names(url) == ["datasets/other.arrow"]

    def test_nothing_there_is_no_error(self, url: str, store: ArtifactStore) -> None:
        store.delete("experiments/2")
        assert _names(url) == ["datasets/other.arrow"]

    def test_what_has_a_part_in_its_name_is_gone(self, store: ArtifactStore, tmp_path: Path) -> None:
        file = _file(tmp_path / "any", "rows")
        for name in ("one.two.v1", "two.three.v1", "three.one.v1", "twofold.v1"):
            store.put_file(file, f"pairs/{name}")
        store.put_file(file, "pairs-two/other")

        store.delete_named("pairs", "two.")
        store.delete_named("pairs", "four")
        store.delete_named("nowhere", "two.")

        kept = ("pairs/three.one.v1", "pairs/twofold.v1", "pairs-two/other")
        assert all(store.exists(key) for key in kept)
        assert not store.exists("pairs/one.two.v1")
        assert not store.exists("pairs/two.three.v1")


@pytest.mark.parametrize(
    "key", ["", "/", "/etc/passwd", "..", "a/../b", "a//b", "a/", ".hidden", "a\\b", "a b", "s3://x", "a\n"]
)
def test_key_that_could_leave_the_store_is_refused(store: ArtifactStore, key: str) -> None:
    for ask in (store.fetch, store.exists, store.delete, store.list_files):
        with pytest.raises(BadArtifactKey):
            ask(key)


def test_settings_open_their_store(tmp_path: Path) -> None:
    store = open_artifacts(DatabaseSettings(data_dir=tmp_path))
    store.put_file(_file(tmp_path / "any", "x"), "datasets/1.arrow")
    assert (tmp_path / "artifacts" / "datasets" / "1.arrow").read_text() == "x"


class Killed(BaseException):
    """Stands for the end of the process."""


def _dying(method: Any, *, after: int) -> Any:
    calls = []

    def wrapper(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) > after:
            return _halfway(*arguments, **options)
        return method(*arguments, **options)

    return wrapper


def _halfway(filesystem: Any, source: str, target: str, **_: Any) -> None:
    if isinstance(filesystem, LocalFileSystem):
        Path(target).write_text("ha")
    elif Path(source).exists():
        filesystem.pipe_file(target, b"ha")
    raise Killed


def _file(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def _content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _names(url: str) -> list[str]:
    filesystem, root = fsspec.url_to_fs(url)
    return sorted(str(path).removeprefix(f"{root}/") for path in filesystem.find(root))


class TestCopies:
    @pytest.fixture(autouse=True)
    def opened_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(artifacts, "OPENING_SECONDS", 0)

    @pytest.fixture
    def remote(self, tmp_path: Path) -> ArtifactStore:
        store = ArtifactStore("memory://copied", cache_dir=tmp_path / "cache")
        store.put_file(_file(tmp_path / "any", "ana"), "datasets/one.arrow")
        return store

    def test_one_that_was_asked_for_since_stays(self, remote: ArtifactStore) -> None:
        ended = utc_now()
        path = remote.fetch("datasets/one.arrow")
        assert remote.forget_copies(unused_since=ended) == []
        assert path.read_text() == "ana"
        long_ago = (ended - WEEK).timestamp()
        os.utime(path.parent, (long_ago, long_ago))
        remote.fetch("datasets/one.arrow")
        assert remote.forget_copies(unused_since=ended) == []

    @pytest.mark.parametrize("key", ["datasets/one.arrow", KEY])
    def test_a_download_ends_well_and_goes_if_it_was_begun_before(
        self, remote: ArtifactStore, folder: Path, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        remote.put_folder(folder, KEY)
        get_file, ends = MemoryFileSystem.get_file, []

        def forget_meanwhile(*given: Any, **named: Any) -> None:
            get_file(*given, **named)
            ends.append(utc_now())
            assert remote.forget_copies(unused_since=ends[-1]) == []

        monkeypatch.setattr(MemoryFileSystem, "get_file", forget_meanwhile)
        path = remote.fetch(key)
        assert path.exists()
        with monkeypatch.context() as patched:
            patched.setattr(artifacts, "OPENING_SECONDS", 10)
            assert remote.forget_copies(unused_since=ends[0]) == []  # somebody is about to open it
        assert len(remote.forget_copies(unused_since=ends[0])) == 1
        assert not path.exists()

    def test_downloads_that_were_given_up_go(self, remote: ArtifactStore, tmp_path: Path) -> None:
        file = _file(tmp_path / "cache" / "tmpabandoned" / "copy", "ana")
        remote.fetch("datasets/one.arrow")
        for age, is_there in ((timedelta(hours=23), True), (timedelta(hours=25), False)):
            written = (utc_now() - age).timestamp()
            os.utime(file.parent, (written, written))
            remote.forget_copies(unused_since=utc_now() - timedelta(hours=1))
            assert file.exists() is is_there
        assert len(list((tmp_path / "cache").iterdir())) == 1

    def test_those_that_nobody_asks_for_are_forgotten(self, folder: Path, tmp_path: Path) -> None:
        store = ArtifactStore("memory://copied", cache_dir=tmp_path / "cache")
        store.put_folder(folder, KEY)
        store.put_file(folder / "weights.safetensors", "datasets/one.arrow")
        copies = [store.fetch(KEY), store.fetch("datasets/one.arrow").parent]
        long_ago = (utc_now() - 2 * WEEK).timestamp()
        for copy in copies:
            os.utime(copy, (long_ago, long_ago))
        store.fetch(KEY)

        assert store.forget_copies(unused_since=utc_now() - WEEK) == [copies[1].name]
        assert [copy.exists() for copy in copies] == [True, False]
        assert _content(store.fetch(KEY)) == _content(folder)
        assert store.fetch("datasets/one.arrow").read_text() == "weights"

    def test_stored_files_are_no_copies(self, folder: Path, tmp_path: Path) -> None:
        store = ArtifactStore(str(tmp_path / "artifacts"), cache_dir=tmp_path / "cache")
        store.put_folder(folder, KEY)
        os.utime(store.fetch(KEY), (0, 0))

        assert store.forget_copies(unused_since=utc_now() - WEEK) == []
        assert store.exists(KEY)


class TestListing:
    def test_whole_artifacts_are_listed_and_drafts_are_not(
        self, store: ArtifactStore, folder: Path, url: str
    ) -> None:
        store.put_folder(folder, KEY)
        other = ArtifactStore(f"{url}-2")
        assert other.is_empty()
        for key in store.list_everything():
            store.copy(key, other)

        assert other.list_everything() == store.list_everything() == sorted(["datasets/other.arrow", KEY])
        assert store.list_whole("datasets") == ["datasets/other.arrow"]
        assert not other.is_empty()
        assert _content(other.fetch(KEY)) == _content(folder)
        with pytest.raises(ArtifactNotFound):
            store.copy("datasets/none.arrow", other)
        for key in other.list_everything():
            other.delete(key)
