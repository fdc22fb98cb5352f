"""All responses of a dataset as flat arrays, in order of practice.

S students, N steps. Nothing here holds one Python object per response.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.vocabulary import SkillVocabulary, index_skills, offsets_of

FORMAT_VERSION = "1"

__all__ = [
    "Sequences",
    "SkillVocabulary",
    "describe",
    "index_skills",
    "load_sequences",
    "offsets_of",
    "save_sequences",
]


@dataclass(frozen=True, eq=False)
class Sequences:
    """All responses; student s owns the steps offsets[s]:offsets[s+1]. Compare two by `content_hash`."""

    student_ids: pa.StringArray  # [S]
    folds: NDArray[np.int16]  # [S]
    offsets: NDArray[np.int64]  # [S+1]
    skill_sets: NDArray[np.int32]  # [N] one step per item, also when the item has several skills
    responses: NDArray[np.int8]  # [N] 0 or 1
    vocabulary: SkillVocabulary
    timestamps: NDArray[np.int64] | None = None  # [N] milliseconds since the epoch, UTC
    items: pa.DictionaryArray | None = None  # [N] null where the item is not known

    def __post_init__(self) -> None:
        if len(self.folds) != self.n_students or len(self.offsets) != self.n_students + 1:
            raise ValueError("student_ids, folds, offsets: must tell of the same students")
        if self.offsets[-1] != self.n_responses:
            raise ValueError("offsets: must end at the number of responses")
        for name in ("responses", "timestamps", "items"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.skill_sets):
                raise ValueError(f"{name}: must have one entry per step")

    @property
    def n_students(self) -> int:
        return len(self.student_ids)

    @property
    def n_responses(self) -> int:
        return len(self.skill_sets)

    @property
    def n_skills(self) -> int:
        return self.vocabulary.n_skills

    @property
    def n_folds(self) -> int:
        """Number of folds in use; -1 marks students that belong to none."""
        return len(np.unique(self.folds[self.folds >= 0]))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[S] number of steps of each student."""
        return np.diff(self.offsets)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the content; neither the order of students nor the file's format enters."""
        return _content_hash(self)

    def history(self, student: int) -> slice:
        """Where one student's steps lie in the flat arrays."""
        return slice(int(self.offsets[student]), int(self.offsets[student + 1]))

    def student_of_step(self) -> NDArray[np.int64]:
        """[N] position of the student who owns each step."""
        return np.repeat(np.arange(self.n_students), self.lengths)

    def select(self, students: NDArray[np.bool_] | NDArray[np.intp]) -> Sequences:
        """Only these students, in the order given (a mask keeps theirs); the vocabulary stays whole."""
        chosen = np.flatnonzero(students) if students.dtype == np.bool_ else students
        lengths = self.lengths[chosen]
        offsets = offsets_of(lengths)
        steps = np.repeat(self.offsets[:-1][chosen] - offsets[:-1], lengths)
        steps += np.arange(len(steps))
        return Sequences(
            student_ids=self.student_ids.take(pa.array(chosen, type=pa.int64())),
            folds=self.folds[chosen],
            offsets=offsets,
            skill_sets=self.skill_sets[steps],
            responses=self.responses[steps],
            vocabulary=self.vocabulary,
            timestamps=None if self.timestamps is None else self.timestamps[steps],
            items=None if self.items is None else self.items.take(pa.array(steps)),
        )


def _content_hash(sequences: Sequences) -> str:
    ids = sequences.student_ids
    order = pc.sort_indices(ids).to_numpy()
    if not np.array_equal(order, np.arange(len(order))):
        sequences = sequences.select(order.astype(np.intp))
    vocabulary = sequences.vocabulary
    digest = hashlib.sha256()

    def add(name: str, values: NDArray[Any] | Sequence[str]) -> None:
        if isinstance(values, np.ndarray):
            # fixed width, little-endian: the same bytes on every machine
            body = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
            digest.update(f"{name}:{body.dtype.str}:{body.size};".encode())
            digest.update(body.data)
        else:
            text = json.dumps(list(values), ensure_ascii=False).encode("utf-8", "surrogatepass")
            digest.update(f"{name}:{len(text)};".encode() + text)

    add("students", sequences.student_ids.to_pylist())
    add("folds", sequences.folds)
    add("offsets", sequences.offsets)
    add("skills", vocabulary.names)
    # A set id means nothing outside its vocabulary: name the members of the sets in use instead.
    used = np.flatnonzero(np.bincount(sequences.skill_sets, minlength=vocabulary.n_sets))
    steps = np.searchsorted(used, np.arange(vocabulary.n_sets))[sequences.skill_sets]
    sets = [tuple(vocabulary.members(set_id).tolist()) for set_id in used.tolist()]
    order = sorted(range(len(sets)), key=sets.__getitem__)
    add("sets", [str(sets[index]) for index in order])
    add("steps", np.argsort(np.array(order, dtype=np.intp)).astype(np.int32)[steps])
    add("responses", sequences.responses)
    if sequences.timestamps is not None:
        add("timestamps", sequences.timestamps)
    if sequences.items is not None:
        names, codes = _sorted_items(sequences.items)
        add("items", names)
        add("item_steps", codes)
    return digest.hexdigest()


def _sorted_items(items: pa.DictionaryArray) -> tuple[list[str], NDArray[np.int32]]:
    """Names in use, sorted, and each step's position among them; -1 where the item is not known."""
    names = items.dictionary.to_pylist()
    codes = items.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    used = np.unique(codes[codes >= 0]).tolist()
    sorted_names = sorted({names[code] for code in used})
    position = {name: index for index, name in enumerate(sorted_names)}
    lookup = np.full(len(names) + 1, -1, dtype=np.int32)
    for code in used:
        lookup[code] = position[names[code]]
    return sorted_names, lookup[codes]


def save_sequences(sequences: Sequences, path: Path) -> None:
    """Write one Arrow IPC file, a row per student; readers see the old file or the whole new one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as sink:
            batch = _to_batch(sequences)
            with pa.ipc.new_file(sink, batch.schema) as writer:
                writer.write_batch(batch)
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _to_batch(sequences: Sequences) -> pa.RecordBatch:
    offsets = pa.array(sequences.offsets, type=pa.int64())
    columns = {
        "student_id": sequences.student_ids,
        "fold": pa.array(sequences.folds, type=pa.int16()),
        "skill_set": pa.LargeListArray.from_arrays(offsets, pa.array(sequences.skill_sets)),
        "response": pa.LargeListArray.from_arrays(offsets, pa.array(sequences.responses)),
    }
    if sequences.timestamps is not None:
        columns["timestamp"] = pa.LargeListArray.from_arrays(offsets, pa.array(sequences.timestamps))
    if sequences.items is not None:
        columns["item"] = pa.LargeListArray.from_arrays(offsets, sequences.items)
    vocabulary = json.dumps(sequences.vocabulary.to_plain())
    metadata = {"format_version": FORMAT_VERSION, "vocabulary": vocabulary}
    return pa.RecordBatch.from_pydict(columns).replace_schema_metadata(metadata)


def load_sequences(path: Path) -> Sequences:
    """Open a saved file; the arrays are views of the mapped file."""
    try:
        batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    except (pa.ArrowInvalid, IndexError) as error:
        raise UnreadableDataset(f"{path.name} is not a saved dataset: {error}") from error
    metadata = batch.schema.metadata or {}
    if metadata.get(b"format_version") != FORMAT_VERSION.encode():
        raise UnreadableDataset(
            f"{path.name}: format_version must be {FORMAT_VERSION}; add the dataset again"
        )
    columns = {name: batch.column(name) for name in batch.schema.names}
    skill_sets = columns["skill_set"]
    return Sequences(
        student_ids=columns["student_id"],
        folds=columns["fold"].to_numpy(),
        offsets=skill_sets.offsets.to_numpy(),
        skill_sets=skill_sets.values.to_numpy(),
        responses=columns["response"].values.to_numpy(),
        vocabulary=SkillVocabulary.from_plain(json.loads(metadata[b"vocabulary"])),
        timestamps=columns["timestamp"].values.to_numpy() if "timestamp" in columns else None,
        items=columns["item"].values if "item" in columns else None,
    )


def describe(sequences: Sequences) -> dict[str, Any]:
    """Counts and shares of a dataset, plain numbers only."""
    lengths = sequences.lengths
    folds, students = np.unique(sequences.folds, return_counts=True)
    several = sequences.vocabulary.set_sizes[sequences.skill_sets] > 1
    empty = sequences.n_responses == 0
    return {
        "n_students": sequences.n_students,
        "n_responses": sequences.n_responses,
        "n_skills": sequences.n_skills,
        "n_folds": sequences.n_folds,
        "n_multi_skill_steps": int(several.sum()),
        "share_correct": None if empty else float(sequences.responses.mean(dtype=np.float64)),
        "mean_length": None if empty else float(lengths.mean()),
        "median_length": None if empty else float(np.median(lengths)),
        "max_length": int(lengths.max(initial=0)),
        "students_per_fold": {str(fold): int(n) for fold, n in zip(folds, students, strict=True)},
    }
