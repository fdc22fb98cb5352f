"""Backups of all that is kept: a folder with the rows, the files that they refer to, and a manifest.

Checkpoints of jobs in progress come first, then the rows, then all other files. A file is written before the
row that refers to it, so every file of a row that was read can be copied afterwards; the other way round,
rows of the meantime would refer to files that were not copied. A row that is deleted in between takes its
files along: then the rows are read again. Two kinds of files change under their keys. A checkpoint older
than its rows repeats epochs that are recorded, with equal numbers; a younger one would leave epochs out.
Predictions lose students who are erased, and checkpoints go: what was copied before an erasure that the rows
know as done is dropped and copied anew. One that they know as pending is carried out after a restore.
The manifest is written last: a folder without one is no backup.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import file_digest
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import Engine

from db import migrate
from db.artifacts import ArtifactStore, checkpoint_key
from db.base import utc_now
from db.dumps import Contents, describe, dump, is_blank, load, require_database
from db.engine import create_engine
from db.errors import ArtifactNotFound, BackupRefused
from db.folders import make_private
from db.settings import DatabaseSettings

FORMAT = 1
CHECKPOINT = checkpoint_key(UUID(int=0)).rpartition("/")[2]
MANIFEST, ARTIFACTS = "backup.json", "artifacts"
# Once more for each time that something was deleted while it was copied.
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    format: int
    version: str
    """The release that made it."""
    created_at: str
    """When it was begun: what was committed by then is in it."""
    database: str
    """sqlite or postgresql: it is restored into a database of the same kind."""
    revision: str | None
    rows: str
    """The file with all rows."""
    counts: dict[str, int]
    """Rows by table."""
    files: dict[str, str]
    """SHA-256 of every file, by its path in the backup."""


def back_up(settings: DatabaseSettings, folder: Path) -> Manifest:
    """Save rows and artifacts in a new folder, while the service goes on. Raises BackupRefused."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupRefused(f"{folder} is not empty; name a new folder for the backup")
    # It holds what everybody answered; a folder that somebody made before has the mode that they gave it.
    make_private(folder)
    created_at = utc_now().isoformat(timespec="seconds")
    engine = create_engine(settings)
    try:
        require_database(engine, settings.database_variable)
        with TemporaryDirectory(dir=folder) as fetched:
            source = ArtifactStore(settings.artifacts_url, cache_dir=Path(fetched))
            rows, contents = _save(engine, source, folder)
    finally:
        engine.dispose()
    manifest = Manifest(
        format=FORMAT,
        version=metadata.version("ikt"),
        created_at=created_at,
        database=engine.dialect.name,
        revision=contents.revision,
        rows=rows.name,
        counts=contents.counts,
        files={path.relative_to(folder).as_posix(): _checksum(path) for path in _files(folder)},
    )
    draft = folder / f"{MANIFEST}.draft"
    draft.write_text(json.dumps(asdict(manifest), indent=2), "utf-8")
    draft.rename(folder / MANIFEST)
    return manifest


def restore(settings: DatabaseSettings, folder: Path) -> Manifest:
    """Bring a backup into a blank database and an empty store. Raises BackupRefused.

    The rows come last: until they are there, nothing refers to files that are not.
    """
    manifest = read_manifest(folder)
    _check_files(folder, manifest)
    source, target = ArtifactStore(str(folder / ARTIFACTS)), ArtifactStore(settings.artifacts_url)
    engine = create_engine(settings)
    try:
        if engine.dialect.name != manifest.database:
            raise BackupRefused(
                f"the backup is of {manifest.database}, and the database here is {engine.dialect.name}; "
                "name one of that kind in IKT_DATABASE_URL"
            )
        if not is_blank(engine):
            raise BackupRefused(
                f"the database has tables already; name a new one in {settings.database_variable}"
            )
        if not target.is_empty():
            raise BackupRefused(
                f"{settings.artifacts_url} holds files; name an empty place in {settings.artifacts_variable}"
            )
        for key in source.list_everything():
            source.copy(key, target)
        there = load(engine, folder / manifest.rows)
    finally:
        engine.dispose()
    if (there.revision, there.counts) != (manifest.revision, manifest.counts):
        raise BackupRefused(f"rows were lost on the way: {there.counts} and not {manifest.counts}")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself. Raises BackupRefused."""
    try:
        stored = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BackupRefused(f"{folder} holds no {MANIFEST}: it is no backup, or an unfinished one") from None
    except ValueError as error:
        raise BackupRefused(f"{folder / MANIFEST} can't be read ({error}); take another backup") from None
    if stored.get("format") != FORMAT or not migrate.is_known(stored.get("revision")):
        made_by = stored.get("version")
        raise BackupRefused(
            f"the backup is of another release; restore it with release {made_by}, then upgrade"
        )
    return Manifest(**stored)


def _save(engine: Engine, source: ArtifactStore, folder: Path) -> tuple[Path, Contents]:
    copies = ArtifactStore(str(folder / ARTIFACTS))
    erased_at = _copy_checkpoints(engine, source, copies)
    missing: ArtifactNotFound
    for _ in range(MOST_TRIES):
        rows, contents = dump(engine, folder)
        if contents.erased_at != erased_at:
            _drop_what_was_erased(source, copies)
            erased_at = contents.erased_at
        try:
            _copy_files(source, copies, contents)
        except ArtifactNotFound as error:
            missing = error
        else:
            _drop_what_nobody_needs(copies, contents)
            return rows, contents
    raise BackupRefused(
        f"rows refer to a file that is not there, in {MOST_TRIES} tries: {missing}; has the store lost files?"
    )


def _copy_checkpoints(engine: Engine, source: ArtifactStore, copies: ArtifactStore) -> datetime | None:
    """When the last erasure was done by then."""
    with engine.connect() as connection:
        contents = describe(connection)
    for key in map(checkpoint_key, contents.unfinished):
        # Where the next epoch replaces it just now, the next one is copied; without one its job starts anew.
        for _ in range(MOST_TRIES):
            with suppress(ArtifactNotFound):
                source.copy(key, copies)
                break
    return contents.erased_at


def _drop_what_was_erased(source: ArtifactStore, copies: ArtifactStore) -> None:
    """What is left is copied anew, but for checkpoints that are still there: now they would be too young."""
    for key in copies.list_everything():
        folder, _, name = key.rpartition("/")
        is_kept = name == CHECKPOINT and source.exists(key)
        if folder.startswith("experiments/") and not is_kept:
            copies.delete(key)


def _copy_files(source: ArtifactStore, copies: ArtifactStore, contents: Contents) -> None:
    """Raises ArtifactNotFound."""
    found = {key for one in contents.experiments for key in source.list_whole(f"experiments/{one}")}
    checkpoints = {checkpoint_key(one) for one in contents.experiments}
    for key in sorted((found | contents.required) - checkpoints):
        if not copies.exists(key):
            source.copy(key, copies)


def _drop_what_nobody_needs(copies: ArtifactStore, contents: Contents) -> None:
    """What was copied for rows that were gone, or for jobs that had ended, when the rows were read."""
    wanted = contents.required | {checkpoint_key(one) for one in contents.unfinished}
    experiments = {f"experiments/{one}" for one in contents.experiments}
    checkpoints = {checkpoint_key(one) for one in contents.experiments}
    for key in {*copies.list_everything()} - wanted:
        if key in checkpoints or key.rpartition("/")[0] not in experiments:
            copies.delete(key)


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name, checksum in manifest.files.items():
        path = folder / name
        if not path.is_file() or _checksum(path) != checksum:
            raise BackupRefused(f"{path} is damaged or missing; use another backup")


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
