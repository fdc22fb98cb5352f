"""Datasets: taken in whole or not at all, and each content once."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.schemas.datasets import DatasetPage, DatasetRead, FileFields, UploadFields
from api.services.refusals import FieldRefused, StudentsErasedMeanwhile, UploadRefused
from api.services.undo import on_failure
from api.services.validation import refused_fields
from db.artifacts import ArtifactStore
from db.base import new_id, utc_now
from db.engine import SessionFactory, after_commit, read_scope
from db.errors import DuplicateDataset
from db.models import Dataset
from db.repositories import datasets as repository
from db.repositories import erasures, leases
from db.repositories.leavings import find_datasets
from db.tenancy import EVERY_TENANT
from ikt_model.data.columns import LONGEST_NAME
from ikt_model.data.csv_records import read_header
from ikt_model.data.readers import PARQUET_MAGIC, read_dataset, sniff_format
from ikt_model.data.sequences import Sequences, describe, save_sequences

Fields = TypeVar("Fields", bound=FileFields)


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file and what was said about it; the file is gone when the request is over."""

    path: Path
    filename: str | None = None
    """What the sender calls it: to show, never to open."""
    fields: dict[str, str] = field(default_factory=dict)
    began_at: datetime = field(default_factory=utc_now)
    """When its first byte was awaited."""


def add_dataset(
    session: Session, sessions: SessionFactory, store: ArtifactStore, upload: Upload, *, fields: UploadFields
) -> tuple[DatasetRead, bool]:
    """Store an uploaded dataset, and whether it is new: the same content again gives the stored one.

    Raises DatasetRefused when the file cannot be read or holds bad rows, and StudentsErasedMeanwhile when it
    may bring somebody back; nothing of it is kept.
    """
    # The slow parts come before the session's first statement: on SQLite that one takes the write lock.
    sequences = read_dataset(upload.path, format=fields.format)
    with read_scope(sessions) as reader:
        stored = repository.find_dataset_by_hash(reader, sequences.content_hash)
    if stored is not None:
        return present(stored), False
    statistics, format = describe(sequences), _format_of(upload, fields)
    dataset_id = new_id()
    key = _key(dataset_id)
    # Should the process die, the draft's name tells what to undo.
    draft = upload.path.with_name(f"{upload.path.name}.{dataset_id}")
    on_failure(session, lambda: _undo(sessions, store, dataset_id, draft))
    after_commit(session, draft.unlink)
    save_sequences(sequences, draft)
    store.put_file(draft, key)
    name = fields.name or _shown_name(upload.filename) or f"dataset {sequences.content_hash[:8]}"
    # An erasure that is not done yet will find this dataset, too.
    erasures.hold_datasets(session)
    # Erasures are noted by another clock than this machine's.
    began_at = leases.shared_now(session) - (utc_now() - upload.began_at)
    if erasures.is_any_done_since(session, began_at):
        raise StudentsErasedMeanwhile
    try:
        dataset = _add_row(
            session,
            sequences,
            statistics=statistics,
            dataset_id=dataset_id,
            name=name,
            format=format,
            key=key,
        )
    except DuplicateDataset as known:
        after_commit(session, lambda: store.delete(key))
        return present(repository.get_dataset(session, known.dataset_id)), False
    return present(dataset), True


def merge_fields(upload: Upload, query: Fields) -> Fields:
    """What the form says about its file; the query for what it leaves out. Raises UploadRefused."""
    kind = type(query)
    given = {name: value for name, value in upload.fields.items() if name in kind.model_fields}
    unknown = sorted(set(upload.fields) - set(given))
    if unknown:
        known = ", ".join(("file", *kind.model_fields))
        detail = f"is not a field of this form; it takes {known}"
        raise UploadRefused([FieldRefused(f"/{name}", detail) for name in unknown])
    try:
        return kind.model_validate(query.model_dump(exclude_unset=True) | given)
    except ValidationError as error:
        raise UploadRefused(refused_fields(error)) from error


def list_datasets(session: Session, *, cursor: str | None, limit: int) -> DatasetPage:
    """Newest first."""
    page = repository.list_datasets(session, cursor=cursor, limit=limit)
    return DatasetPage(items=[present(row) for row in page.items], next_cursor=page.next_cursor)


def get_dataset(session: Session, dataset_id: UUID) -> DatasetRead:
    """Raises DatasetNotFound."""
    return present(repository.get_dataset(session, dataset_id))


def delete_dataset(session: Session, store: ArtifactStore, dataset_id: UUID) -> None:
    """Forget a dataset, its calibrations and its file. Raises DatasetNotFound, DatasetInUse."""
    key = repository.delete_dataset(session, dataset_id)
    after_commit(session, lambda: store.delete(key))


def present(dataset: Dataset) -> DatasetRead:
    """The dataset as callers see it."""
    return DatasetRead(
        id=dataset.id,
        name=dataset.name,
        format=dataset.format,
        content_hash=dataset.content_hash,
        n_students=dataset.n_students,
        n_responses=dataset.n_responses,
        n_skills=dataset.n_skills,
        n_folds=dataset.n_folds,
        share_correct=dataset.share_correct,
        statistics=dataset.statistics,
        created_at=dataset.created_at,
        links={"self": f"/datasets/{dataset.id}"},
    )


def _key(dataset_id: UUID) -> str:
    return f"datasets/{dataset_id}.arrow"


def undo_unfinished(sessions: SessionFactory, store: ArtifactStore, dataset_id: UUID) -> None:
    """Delete a dataset's file unless its row is there; a commit whose answer was lost may have stored it."""
    with read_scope(sessions, tenant=EVERY_TENANT) as session:
        if not find_datasets(session, [dataset_id]):
            store.delete(_key(dataset_id))


def _undo(sessions: SessionFactory, store: ArtifactStore, dataset_id: UUID, draft: Path) -> None:
    undo_unfinished(sessions, store, dataset_id)
    draft.unlink(missing_ok=True)


def _add_row(
    session: Session,
    sequences: Sequences,
    *,
    statistics: dict[str, Any],
    dataset_id: UUID,
    name: str,
    format: str,
    key: str,
) -> Dataset:
    return repository.add_dataset(
        session,
        dataset_id=dataset_id,
        name=name,
        format=format,
        content_hash=sequences.content_hash,
        n_students=sequences.n_students,
        n_responses=sequences.n_responses,
        n_skills=sequences.n_skills,
        n_folds=sequences.n_folds,
        share_correct=statistics["share_correct"],
        statistics=statistics,
        artifact=key,
    )


def _format_of(upload: Upload, fields: UploadFields) -> str:
    if fields.format != "auto":
        return fields.format
    with upload.path.open("rb") as file:
        is_parquet = file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    return "events" if is_parquet else sniff_format(read_header(upload.path))


def _shown_name(filename: str | None) -> str | None:
    stem = PurePosixPath((filename or "").replace("\\", "/")).stem
    printable = "".join(letter for letter in stem if letter.isprintable()).strip()
    return printable[:LONGEST_NAME].strip() if printable.strip(".") else None
