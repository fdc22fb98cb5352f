"""Import of a long event table of any size into shards.

Two passes. The first reads the file once, in batches, checks the rows and sends them to spill files by the
hash of the student's id. The second sorts one spill after the other, each of about a shard's size, and writes
the shard. Memory is bounded by a batch and a shard, whatever the size of the file. The shards together hold
what `read_dataset` would make of the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from ikt_model.data.alignment import merge_vocabularies, renumber_skills
from ikt_model.data.columns import Coded
from ikt_model.data.csv_records import csv_lines, read_header, require_columns
from ikt_model.data.errors import BadRows, UnreadableDataset
from ikt_model.data.event_rows import EventRows, EventTable, assemble, check_rows
from ikt_model.data.events import OPTIONAL, REQUIRED, ParquetEvents, csv_tables, rows_as_lines
from ikt_model.data.limits import Limits
from ikt_model.data.readers import PARQUET_MAGIC
from ikt_model.data.refusals import Refusals
from ikt_model.data.sequences import Sequences, load_sequences, save_sequences
from ikt_model.data.shards import Shards, ShardWriter
from ikt_model.data.spills import Spills
from ikt_model.data.vocabulary import SkillVocabulary, natural_key

BATCH_ROWS = 2**20
SHARD_RESPONSES = 2**20  # aimed at: a shard with all that is computed of it takes about 300 MB
MOST_SHARDS = 512  # files that are written at a time
MOST_RESPONSES = 2**40
MOST_BAD_CELLS = 100_000  # after which reading stops: what is told are the first rows
SAMPLE_BYTES = 2**20  # of a CSV file, from which its number of rows is estimated


def import_events(
    source: str | Path,
    target: str | Path,
    *,
    limits: Limits | None = None,
    shard_responses: int = SHARD_RESPONSES,
    scratch: Path | None = None,
) -> Shards:
    """Import an event table (a CSV file, a Parquet file, a folder of Parquet files) into shards at a URL.

    `scratch` is a local folder with room for about 20 bytes per row, the system's temporary one without it.
    Raises UnreadableDataset, BadRows (of the first file that has some), FileExistsError.
    """
    limits = limits or Limits(responses=MOST_RESPONSES)
    files = [_EventFile.open(path, limits) for path in _paths(Path(source))]
    _require_alike(files)
    n_rows = sum(file.n_rows for file in files)
    n_parts = int(np.clip(-(-n_rows // shard_responses), 1, MOST_SHARDS))
    writer = ShardWriter(target)
    with tempfile.TemporaryDirectory(prefix="import-", dir=scratch) as folder:
        spills, names = Spills(Path(folder), n_parts), _Names(limits)
        n_rows = 0
        for file in files:
            for rows in file.rows():
                n_rows += len(rows)
                limits.require_responses(n_rows)
                spills.add(replace(rows, skill=names.number(rows.skill)))
        spills.close()
        if n_rows == 0:
            raise UnreadableDataset("the file has a header and no rows")
        parts = _sorted_parts(spills, names.values())
        if "item" in files[0].columns:
            parts = _over_skill_sets(parts, Path(folder))
        else:
            parts = _over_single_skills(parts, list(names.known))
        for sequences in parts:
            writer.add(sequences)
    writer.finish()
    return Shards.open(target)


@dataclass(frozen=True, slots=True)
class _EventFile:
    path: Path
    columns: list[str]
    n_rows: int  # an estimate where the file is CSV
    parquet: ParquetEvents | None

    @classmethod
    def open(cls, path: Path, limits: Limits) -> _EventFile:
        with path.open("rb") as file:
            sample = file.read(SAMPLE_BYTES)
        if sample.startswith(PARQUET_MAGIC):
            parquet = ParquetEvents(path, limits=limits)
            return cls(path, parquet.columns, parquet.n_rows, parquet)
        columns = require_columns(read_header(path), REQUIRED, optional=OPTIONAL)
        n_rows = path.stat().st_size * sample.count(b"\n") // max(len(sample), 1)
        return cls(path, columns, n_rows, None)

    def rows(self) -> Iterator[EventRows]:
        """Checked rows, batch by batch; raises BadRows at the end of a file that has some."""
        refusals, first_row = Refusals(), 0
        for table in self._tables(refusals):
            rows = check_rows(table, refusals, first_row=first_row)
            first_row += len(rows)
            if len(refusals) > MOST_BAD_CELLS:
                break
            if not len(refusals):
                yield rows
        try:
            refusals.raise_if_any(self._lines_of)
        except BadRows as error:
            error.add_note(f"in {self.path.name}")
            raise

    def _tables(self, refusals: Refusals) -> Iterator[EventTable]:
        if self.parquet is not None:
            return self.parquet.tables(BATCH_ROWS)
        return csv_tables(self.path, self.columns, refusals)

    def _lines_of(self, records: list[int]) -> list[int]:
        return rows_as_lines(records) if self.parquet is not None else csv_lines(self.path, records)


@dataclass(slots=True)
class _Names:
    """Names of skills in the order in which they came, numbered."""

    limits: Limits
    known: dict[str, int] = field(default_factory=dict)

    def number(self, column: Coded) -> Coded:
        """The same entries, numbered as all before; values that no entry has stay out."""
        used = np.flatnonzero(np.bincount(column.codes, minlength=len(column.values)))
        numbers = np.zeros(len(column.values), np.int32)
        for code, name in zip(used.tolist(), column.values.take(pa.array(used)).to_pylist(), strict=True):
            numbers[code] = self.known.setdefault(name, len(self.known))
        self.limits.require_skills(len(self.known))
        return Coded(numbers[column.codes], column.values)

    def values(self) -> pa.StringArray:
        return pa.array(self.known, pa.string())


def _paths(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    files = sorted(source.rglob("*.parquet"))
    if not files:
        raise UnreadableDataset(f"the folder {source.name} holds no .parquet file; name a folder that does")
    return files


def _require_alike(files: list[_EventFile]) -> None:
    first = files[0]
    for file in files[1:]:
        if file.columns != first.columns:
            raise UnreadableDataset(
                f"{file.path.name} has the columns {', '.join(file.columns)}, and {first.path.name} has "
                f"{', '.join(first.columns)}; write them alike"
            )


def _sorted_parts(spills: Spills, skills: pa.StringArray) -> Iterator[Sequences]:
    for index in range(len(spills)):
        rows = spills.take(index, skills)
        if rows is not None:
            yield assemble(rows)


def _over_single_skills(parts: Iterator[Sequences], names: list[str]) -> Iterator[Sequences]:
    """All parts over the one vocabulary there can be where no step has several skills."""
    vocabulary = SkillVocabulary.of_single_skills(sorted(names, key=natural_key))
    return (renumber_skills(sequences, vocabulary) for sequences in parts)


def _over_skill_sets(parts: Iterator[Sequences], folder: Path) -> Iterator[Sequences]:
    """All parts over the vocabulary of the whole.

    Which skills stand together in steps is known only when all parts have been looked at: they wait on disk.
    """
    paths, vocabularies = [], []
    for index, sequences in enumerate(parts):
        path = folder / f"sorted-{index:05d}.arrow"
        save_sequences(sequences, path)
        paths.append(path)
        vocabularies.append(sequences.vocabulary)
    vocabulary = merge_vocabularies(vocabularies)
    for path in paths:
        yield renumber_skills(load_sequences(path), vocabulary)
        path.unlink()
