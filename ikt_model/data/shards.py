"""A dataset as shards: a folder of ordinary saved sequences on any fsspec store, and a manifest.

A student lies in one shard only, and all shards share one vocabulary, so whatever is counted by student or by
skill can be counted shard by shard. The manifest is written last: a folder without one is not a dataset.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import fsspec
import numpy as np
from fsspec.implementations.local import LocalFileSystem

from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.refusals import shorten
from ikt_model.data.sequences import Sequences, load_sequences, save_sequences
from ikt_model.data.vocabulary import SkillVocabulary

FORMAT_VERSION = "1"
MANIFEST = "manifest.json"
CACHED_BYTES = 4 * 2**30  # of remote shards, on the local disk


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """What the manifest says of one shard."""

    file: str
    n_students: int
    n_responses: int
    n_bytes: int
    content_hash: str
    students_per_fold: dict[str, int]


class Shards:
    """A dataset that is read one shard after the other.

    Local shards are mapped into memory where they lie. Remote ones are copied to a folder of at most
    `cached_bytes` (at least the shard that is asked for), the least recently used of which go first. Several
    threads may load at a time.
    """

    def __init__(self, url: str, manifest: dict[str, Any], *, cached_bytes: int = CACHED_BYTES) -> None:
        self._fs, self._root = _open_store(url)
        self.entries = [ShardEntry(**entry) for entry in manifest["shards"]]
        self.vocabulary = SkillVocabulary.from_plain(manifest["vocabulary"])
        self._cached_bytes, self._cached = cached_bytes, OrderedDict[int, Path]()
        self._folder: Path | None = None
        self._lock = Lock()

    @classmethod
    def open(cls, url: str | Path, *, cached_bytes: int = CACHED_BYTES) -> Shards:
        """The shards under a folder or a fsspec URL. Raises UnreadableDataset."""
        fs, root = _open_store(str(url))
        try:
            manifest = json.loads(fs.cat_file(f"{root}/{MANIFEST}"))
        except FileNotFoundError:
            raise UnreadableDataset(
                f"{url} holds no {MANIFEST}: it is not a folder of shards, or its import never ended; import "
                "the data again"
            ) from None
        except ValueError as error:
            raise UnreadableDataset(f"{url}/{MANIFEST} is not JSON: {shorten(str(error))}") from error
        version = manifest.get("format_version") if isinstance(manifest, dict) else None
        if version != FORMAT_VERSION:
            raise UnreadableDataset(
                f"{url}/{MANIFEST}: format_version must be {FORMAT_VERSION!r}, got {shorten(repr(version))}; "
                "import the data again"
            )
        try:
            return cls(str(url), manifest, cached_bytes=cached_bytes)
        except (KeyError, TypeError, ValueError) as error:
            raise UnreadableDataset(
                f"{url}/{MANIFEST} was not written by an import: {shorten(repr(error))}; import again"
            ) from error

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Sequences]:
        return (self.load(index) for index in range(len(self)))

    @property
    def n_students(self) -> int:
        return sum(entry.n_students for entry in self.entries)

    @property
    def n_responses(self) -> int:
        return sum(entry.n_responses for entry in self.entries)

    @property
    def students_per_fold(self) -> dict[int, int]:
        """Number of students by fold; -1 for those that belong to none."""
        folds = sorted({int(fold) for entry in self.entries for fold in entry.students_per_fold})
        return {
            fold: sum(entry.students_per_fold.get(str(fold), 0) for entry in self.entries) for fold in folds
        }

    @property
    def content_hash(self) -> str:
        """SHA-256 of the shards' own; the order of the shards does not enter, their number does."""
        return combined_hash(self.entries)

    def load(self, index: int) -> Sequences:
        """One shard. Raises UnreadableDataset when it is missing, or not the one of the manifest."""
        entry = self.entries[index]
        try:
            sequences = load_sequences(self._local_path(index))
        except FileNotFoundError:
            raise UnreadableDataset(
                f"{entry.file} is missing beside its {MANIFEST}; import the data again"
            ) from None
        if (sequences.n_students, sequences.n_responses) != (entry.n_students, entry.n_responses):
            raise UnreadableDataset(
                f"{entry.file} holds {sequences.n_responses:,} responses of {sequences.n_students:,} "
                f"students, and {MANIFEST} tells of {entry.n_responses:,} of {entry.n_students:,}; "
                "import the data again"
            )
        return sequences

    def _local_path(self, index: int) -> Path:
        if isinstance(self._fs, LocalFileSystem):
            return Path(self._root) / self.entries[index].file
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="shards-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            if index not in self._cached:
                self._make_room(self.entries[index].n_bytes)
                copy = self._folder / self.entries[index].file
                self._fs.get_file(f"{self._root}/{copy.name}", str(copy))
                self._cached[index] = copy
            self._cached.move_to_end(index)
            return self._cached[index]

    def _make_room(self, n_bytes: int) -> None:
        kept = sum(self.entries[index].n_bytes for index in self._cached)
        while self._cached and kept + n_bytes > self._cached_bytes:
            index, path = self._cached.popitem(last=False)
            path.unlink()  # what is mapped of it stays readable
            kept -= self.entries[index].n_bytes


class ShardWriter:
    """Writes a folder of shards, one after the other."""

    def __init__(self, url: str | Path) -> None:
        """Raises FileExistsError where shards are already."""
        self._fs, self._root = _open_store(str(url))
        if self._fs.exists(f"{self._root}/{MANIFEST}"):
            raise FileExistsError(f"{url} holds shards already; name another folder, or remove this one")
        self._fs.makedirs(self._root, exist_ok=True)
        self._vocabulary: SkillVocabulary | None = None
        self._entries: list[ShardEntry] = []

    def add(self, sequences: Sequences) -> None:
        """Write the next shard; its vocabulary must be that of the first. Raises ValueError."""
        self._vocabulary = self._vocabulary or sequences.vocabulary
        if sequences.vocabulary.to_plain() != self._vocabulary.to_plain():
            raise ValueError(
                "vocabulary: every shard must have the one vocabulary of all; see renumber_skills"
            )
        name = f"shard-{len(self._entries):05d}.arrow"
        if isinstance(self._fs, LocalFileSystem):
            path = Path(self._root) / name
            save_sequences(sequences, path)
            n_bytes = path.stat().st_size
        else:
            with tempfile.TemporaryDirectory(prefix="shards-") as folder:
                path = Path(folder) / name
                save_sequences(sequences, path)
                n_bytes = path.stat().st_size
                self._fs.put_file(str(path), f"{self._root}/{name}")
        folds, students = np.unique(sequences.folds, return_counts=True)
        self._entries.append(
            ShardEntry(
                file=name,
                n_students=sequences.n_students,
                n_responses=sequences.n_responses,
                n_bytes=n_bytes,
                content_hash=sequences.content_hash,
                students_per_fold={str(fold): int(n) for fold, n in zip(folds, students, strict=True)},
            )
        )

    def finish(self) -> None:
        """Write the manifest: from here on the folder is a dataset. Raises ValueError without a shard."""
        if self._vocabulary is None:
            raise ValueError("shards: there must be at least one; add it before finish")
        manifest = {
            "format_version": FORMAT_VERSION,
            "content_hash": combined_hash(self._entries),
            "n_students": sum(entry.n_students for entry in self._entries),
            "n_responses": sum(entry.n_responses for entry in self._entries),
            "vocabulary": self._vocabulary.to_plain(),
            "shards": [asdict(entry) for entry in self._entries],
        }
        partial = f"{self._root}/.{MANIFEST}"
        self._fs.pipe_file(partial, json.dumps(manifest).encode())
        self._fs.mv(partial, f"{self._root}/{MANIFEST}")


def combined_hash(entries: list[ShardEntry]) -> str:
    """SHA-256 of the sorted hashes of the shards."""
    return sha256("".join(sorted(entry.content_hash for entry in entries)).encode()).hexdigest()


def _open_store(url: str) -> tuple[Any, str]:
    # Other processes write too: a remembered listing would hide their files.
    fs, root = fsspec.url_to_fs(url, use_listings_cache=False)
    return fs, str(root).rstrip("/")
