"""Files by key, on a local folder or on any store that fsspec knows.

A file is written under a temporary name and renamed. No object store can rename a folder in one step, so
the files of a folder go under a name of their own, `<key>/<version>/…`, and `<key>/manifest.json`, written
last, says which version counts: a reader sees the old folder, the new one or none, never a half of each.
"""

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import fsspec
from fsspec.implementations.local import LocalFileSystem

from db.base import new_id
from db.errors import ArtifactNotFound, BadArtifactKey
from db.settings import DatabaseSettings

MANIFEST = "manifest.json"
PARTIAL = ".partial"
# Longer than any download takes, and than it takes to open what was fetched.
DOWNLOAD_SECONDS, OPENING_SECONDS = 24 * 3600, 10
_COPY = re.compile(r"[0-9a-f]{32}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """One file of an artifact; its name is relative to the artifact's folder."""

    name: str
    size: int


def open_artifacts(settings: DatabaseSettings) -> "ArtifactStore":
    """The settings' store; copies of remote files are kept under the data directory."""
    return ArtifactStore(settings.artifacts_url, cache_dir=settings.data_dir / "cache")


def checkpoint_key(experiment_id: UUID) -> str:
    """Where a job in progress keeps what another worker can go on from; it is replaced after each epoch."""
    return f"experiments/{experiment_id}/checkpoint"


class ArtifactStore:
    """Files and folders by key. Keys are made by us, never from names that users sent."""

    def __init__(self, url: str, *, cache_dir: Path | None = None) -> None:
        # Other processes write too: a remembered listing would hide their files.
        self._fs, root = fsspec.url_to_fs(url, use_listings_cache=False)
        self._root = str(root).rstrip("/")
        self._given_cache = cache_dir

    def put_file(self, local: Path, key: str) -> None:
        """Store one file under `key`, replacing what was there."""
        self._put(key, lambda partial: self._fs.put_file(str(local), partial))

    def put_folder(self, local: Path, key: str, *, still_wanted: Callable[[], object] = lambda: None) -> None:
        """Store all files below `local` under `key`, replacing what was there.

        Paths that were fetched before stop working. `still_wanted` is called when all files are stored and
        none counts yet; what it raises leaves everything as it was.
        """
        replaced = self._read_manifest(key)
        files = sorted(path for path in local.rglob("*") if path.is_file())
        version = new_id().hex
        folder = f"{self._path(key)}/{version}"
        sizes = {}
        try:
            for path in files:
                name = path.relative_to(local).as_posix()
                self._make_parent(f"{folder}/{name}")
                self._fs.put_file(str(path), f"{folder}/{name}")
                sizes[name] = path.stat().st_size
            still_wanted()
            self._write_manifest(key, {"version": version, "files": sizes})
        except BaseException:
            self._remove(folder)
            raise
        # Only that one: another version may belong to a writer who is not done yet.
        if replaced is not None:
            self._remove(f"{self._path(key)}/{replaced['version']}")

    def fetch(self, key: str) -> Path:
        """A local path to read the file or folder from: the stored one itself, or a copy of a remote one.

        Raises ArtifactNotFound.
        """
        asked_at = time.time()
        manifest = self._read_manifest(key)
        if manifest is not None:
            return self._fetch_folder(key, manifest, asked_at=asked_at)
        path = self._path(key)
        if not self._fs.isfile(path):
            raise ArtifactNotFound(key)
        if self._is_local:
            return Path(path)
        # The name changes with the content, so that a copy is never out of date.
        copy = self._cache / sha256(f"{key} {self._fs.ukey(path)}".encode()).hexdigest()[:32] / Path(key).name
        return self._download([path], [copy], target=copy, asked_at=asked_at)

    def exists(self, key: str) -> bool:
        """Whether a whole file or folder is stored under `key`."""
        return self._read_manifest(key) is not None or bool(self._fs.isfile(self._path(key)))

    def version(self, key: str) -> str | None:
        """Another one whenever the file was replaced; None when there is none."""
        try:
            return str(self._fs.ukey(self._path(key)))
        except FileNotFoundError:
            return None

    def list_files(self, key: str) -> list[ArtifactFile]:
        """The files of a folder, or the file itself. Raises ArtifactNotFound."""
        manifest = self._read_manifest(key)
        if manifest is not None:
            return [ArtifactFile(name, size) for name, size in manifest["files"].items()]
        path = self._path(key)
        if not self._fs.isfile(path):
            raise ArtifactNotFound(key)
        return [ArtifactFile(Path(key).name, int(self._fs.size(path)))]

    def list_whole(self, folder: str) -> list[str]:
        """What is stored right under `folder`: files, and folders that are whole."""
        names = sorted(self._name(path) for path in self._list(self._path(folder)))
        keys = [f"{folder}/{name}" for name in names if not name.endswith(PARTIAL)]
        return [key for key in keys if self.exists(key)]

    def list_everything(self) -> list[str]:
        """Every file, and every folder that is whole; what a crash left behind is left out."""
        keys, folders = [], [self._root]
        while folders:
            for path in self._list(folders.pop()):
                key = path.removeprefix(self._root).strip("/")
                if key.endswith(PARTIAL):
                    continue
                if self.exists(key):
                    keys.append(key)
                else:
                    folders.append(path)
        return sorted(keys)

    def is_empty(self) -> bool:
        """Whether nothing at all is stored."""
        return not self._list(self._root, every_name=True)

    def copy(self, key: str, target: "ArtifactStore") -> None:
        """Store the same file or folder in `target`, too. Raises ArtifactNotFound."""
        try:
            path = self.fetch(key)
            if path.is_dir():
                target.put_folder(path, key)
            else:
                target.put_file(path, key)
        except FileNotFoundError as error:
            # Deleted, or replaced by another version, while it was read.
            raise ArtifactNotFound(key) from error

    def forget_copies(self, *, unused_since: datetime) -> list[str]:
        """Remove copies of remote files that nobody has asked for since then; their names.

        A copy goes by the content: what has changed has another name, and is never answered with. So this is
        about what may still lie there of students who were erased. All that the store held of them is gone
        when their erasure ends: who asks later gets nothing old, and the copy that was asked for since stays.
        Its time of modification is when it was last asked for, and not when its download was done, so one
        that began before the end and is done after it goes at the next look.

        What was made or asked for in the last seconds waits for the next look, since somebody is about to
        open it; a download in progress is left alone, and taken for abandoned after a day.
        """
        oldest, now = unused_since.timestamp(), time.time()
        copies = self._given_cache.iterdir() if self._given_cache and self._given_cache.exists() else ()
        return [path.name for path in copies if self._is_old(path, oldest, now) and self._drop(path)]

    @staticmethod
    def _is_old(path: Path, oldest: float, now: float) -> bool:
        try:
            status = path.stat()
        except FileNotFoundError:  # another process was faster
            return False
        if not _COPY.fullmatch(path.name):
            return status.st_mtime < min(oldest, now - DOWNLOAD_SECONDS)
        return status.st_mtime < oldest and status.st_ctime <= now - OPENING_SECONDS

    def _drop(self, path: Path) -> bool:
        # Moved first: whoever asks for it meanwhile finds all of it or nothing.
        with tempfile.TemporaryDirectory(dir=self._cache, ignore_cleanup_errors=True) as folder:
            try:
                path.rename(Path(folder) / path.name)
            except OSError:
                return False
        return True

    def delete(self, key: str) -> None:
        """Remove everything under `key`; nothing there is no error."""
        # Without its manifest a folder does not exist, so a crash in between leaves no half of it.
        self._remove(f"{self._path(key)}/{MANIFEST}")
        self._remove(self._path(key))

    def list_keys(self, folder: str) -> list[str]:
        """Every file and folder that is stored under `folder`, whether it counts or not; what is no key is
        left out. Folders are told of too, since those that a crash left empty would never be found otherwise.
        """
        paths = self._fs.find(self._path(folder), withdirs=True)
        keys = (str(path).removeprefix(f"{self._root}/").rstrip("/") for path in paths)
        return [key for key in keys if key != folder and _KEY.fullmatch(key)]

    def remove_leftovers(self, key: str) -> None:
        """Remove versions of a folder that do not count; nobody may be writing one."""
        manifest = self._read_manifest(key)
        kept = None if manifest is None else manifest["version"]
        for name in {path.removeprefix(f"{key}/").partition("/")[0] for path in self.list_keys(key)}:
            if name not in (kept, MANIFEST):
                self._remove(f"{self._path(key)}/{name}")

    def delete_named(self, folder: str, part: str) -> None:
        """Remove what lies right under `folder` and has `part` in its name."""
        for name in self.list_names(folder):
            if part in name:
                self._remove(f"{self._path(folder)}/{name}")

    def list_names(self, folder: str) -> list[str]:
        """What lies right under `folder`, also files that are not whole yet."""
        return sorted(self._name(path) for path in self._list(self._path(folder)))

    def _list(self, folder: str, *, every_name: bool = False) -> list[str]:
        """Paths right under `folder`. What no key of ours can name is left out, such as `.nfs0001`: file
        systems and people leave such files behind, and they are not ours to judge.
        """
        try:
            paths = [str(path) for path in self._fs.ls(folder, detail=False)]
        except FileNotFoundError:
            return []
        return [path for path in paths if every_name or _KEY.fullmatch(self._name(path))]

    def age_seconds(self, key: str) -> float:
        """Since a file was written. Raises ArtifactNotFound."""
        try:
            modified: datetime = self._fs.modified(self._path(key))
        except FileNotFoundError:
            raise ArtifactNotFound(key) from None
        if modified.tzinfo is None:
            modified = modified.replace(tzinfo=UTC)
        return (datetime.now(UTC) - modified).total_seconds()

    @staticmethod
    def _name(path: str) -> str:
        return path.rstrip("/").rpartition("/")[2]

    @property
    def _is_local(self) -> bool:
        return isinstance(self._fs, LocalFileSystem)

    @cached_property
    def _cache(self) -> Path:
        return self._given_cache or Path(tempfile.mkdtemp(prefix="ikt-artifacts-"))

    def _path(self, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise BadArtifactKey(key)
        return f"{self._root}/{key}"

    def _fetch_folder(self, key: str, manifest: dict[str, Any], *, asked_at: float) -> Path:
        folder = f"{self._path(key)}/{manifest['version']}"
        if self._is_local:
            return Path(folder)
        copy = self._cache / manifest["version"]
        names = list(manifest["files"])
        return self._download(
            [f"{folder}/{name}" for name in names],
            [copy / name for name in names],
            target=copy,
            asked_at=asked_at,
        )

    def _download(self, remote: list[str], local: list[Path], *, target: Path, asked_at: float) -> Path:
        entry = self._entry(target)
        if _note_use(entry, asked_at):
            return target
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache) as partial:
            copy = Path(partial) / "copy"
            for source, final in zip(remote, local, strict=True):
                path = copy / final.relative_to(entry)
                path.parent.mkdir(parents=True, exist_ok=True)
                self._fs.get_file(source, str(path))
            os.utime(copy, (asked_at, asked_at))
            try:
                copy.rename(entry)
            except OSError:
                if not _note_use(entry, asked_at):  # otherwise another process was faster with the same copy
                    raise
        return target

    def _entry(self, copy: Path) -> Path:
        """What lies right in the cache: the copy, or the folder of its own that a file has."""
        return self._cache / copy.relative_to(self._cache).parts[0]

    def _read_manifest(self, key: str) -> dict[str, Any] | None:
        try:
            manifest: dict[str, Any] = json.loads(self._fs.cat_file(f"{self._path(key)}/{MANIFEST}"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return manifest

    def _write_manifest(self, key: str, manifest: dict[str, Any]) -> None:
        content = json.dumps(manifest).encode()
        self._put(f"{key}/{MANIFEST}", lambda partial: self._fs.pipe_file(partial, content))

    def _put(self, key: str, write: Callable[[str], object]) -> None:
        """Let `write` fill a draft, whose name tells its age, and rename it."""
        final = self._path(key)
        partial = f"{final}.{new_id().hex}{PARTIAL}"
        self._make_parent(final)
        try:
            write(partial)
            self._rename(partial, final)
        except BaseException:
            self._remove(partial)
            raise

    def _rename(self, partial: str, final: str) -> None:
        if self._is_local:
            os.replace(partial, final)
        else:
            self._fs.mv(partial, final)

    def _make_parent(self, path: str) -> None:
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)

    def _remove(self, path: str) -> None:
        if self._is_local and os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        elif self._fs.exists(path):
            self._fs.rm(path, recursive=True)


def _note_use(copy: Path, asked_at: float) -> bool:
    """Whether it is there; its time of modification says when somebody has last asked for it."""
    try:
        latest = max(asked_at, copy.stat().st_mtime)
        os.utime(copy, (latest, latest))
    except FileNotFoundError:
        return False
    return True
