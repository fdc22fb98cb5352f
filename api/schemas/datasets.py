"""Datasets on the wire."""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict

from api.schemas.common import Links, Name, Number, Shape, UtcTime

DatasetFormat = Literal["auto", "pykt", "events"]

DATASET_EXAMPLE: dict[str, Any] = {
    "id": "0193a1f4-6c2e-7b60-8f1a-2f4c5d6e7f80",
    "name": "assist2015",
    "format": "pykt",
    "content_hash": "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab",
    "n_students": 15275,
    "n_responses": 544339,
    "n_skills": 100,
    "n_folds": 5,
    "share_correct": 0.733,
    "statistics": {"mean_length": 35.6, "students_per_fold": [3055, 3055, 3055, 3055, 3055]},
    "created_at": "2025-12-07T20:10:37Z",
    "links": {"self": "/datasets/0193a1f4-6c2e-7b60-8f1a-2f4c5d6e7f80"},
}


class FileFields(Shape):
    """What may be said about a file that is read and forgotten."""

    format: DatasetFormat = "auto"
    """`pykt` (rows per student), `events` (a row per response), or `auto`: told from the file."""


class UploadFields(FileFields):
    """What may be said about a file that is kept."""

    name: Name | None = None
    """For people; default: the file's name."""


class DatasetRead(Shape):
    """A dataset: responses of students to skills, in the order of practice."""

    model_config = ConfigDict(json_schema_extra={"examples": [DATASET_EXAMPLE]})

    id: UUID
    name: str
    format: str
    """The format it was read from."""
    content_hash: str
    """SHA-256 of the content; the same content is stored once."""
    n_students: int
    n_responses: int
    n_skills: int
    n_folds: int
    """Experiments hold one of the folds 0..n_folds-1 out."""
    share_correct: Number
    statistics: dict[str, Any]
    created_at: UtcTime
    links: Links


class DatasetPage(Shape):
    """Datasets, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [DATASET_EXAMPLE], "next_cursor": None}]}
    )

    items: list[DatasetRead]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""
