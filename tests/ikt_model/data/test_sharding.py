"""Imported into shards, a file holds what the reader makes of it; what the reader refuses is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from ikt_model.data import sharding
from ikt_model.data.errors import BadRows, DatasetRefused, UnreadableDataset
from ikt_model.data.hashing import hash_texts
from ikt_model.data.limits import Limits
from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences, offsets_of
from ikt_model.data.sharding import import_events
from ikt_model.data.shards import Shards

Write = Callable[[pa.Table, Path], None]


def event_table(n_rows: int = 4000, *, seed: int = 5, items: bool = True, times: bool = True) -> pa.Table:
    """Students and items that interleave, equal times, missing items, and rows that are one step."""
    rng = np.random.default_rng(seed)
    of_attempt = np.sort(rng.integers(0, n_rows // 2, n_rows))  # rows that come together
    attempts = rng.integers(0, 1_000_000, n_rows)[of_attempt]
    columns = {
        "student_id": [f"Schüler {value % 97}" if value % 3 else f"s{value % 11}" for value in attempts],
        "skill": [f"skill {value}" for value in rng.integers(0, 12, n_rows)],
        "correct": (attempts % 2).astype(np.int8),
    }
    if times:
        columns["timestamp"] = pa.array(1_700_000_000_000 + attempts % 50 * 1000).cast(pa.timestamp("ms"))
    if items:
        columns["item"] = [f"item {value % 40}" if value % 5 else None for value in attempts]
    return pa.table(columns)


def union(shards: Shards) -> Sequences:
    """All shards as one, students by id."""
    parts = list(shards)
    items = [part.items for part in parts if part.items is not None]
    times = [part.timestamps for part in parts if part.timestamps is not None]
    ids = pa.concat_arrays([part.student_ids for part in parts])
    whole = Sequences(
        student_ids=ids,
        folds=np.concatenate([part.folds for part in parts]),
        offsets=offsets_of(np.concatenate([part.lengths for part in parts])),
        skill_sets=np.concatenate([part.skill_sets for part in parts]),
        responses=np.concatenate([part.responses for part in parts]),
        vocabulary=shards.vocabulary,
        timestamps=np.concatenate(times) if times else None,
        items=pa.chunked_array(items).unify_dictionaries().combine_chunks() if items else None,
    )
    return whole.select(np.argsort(np.array(ids.to_pylist(), dtype=object)).astype(np.intp))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharding, "BATCH_ROWS", 256)


class TestContent:
    @pytest.mark.parametrize("write", [pq.write_table, pa_csv.write_csv])
    @pytest.mark.parametrize(("items", "times"), [(True, True), (True, False), (False, True), (False, False)])
    def test_the_shards_together_are_the_file(
        self, tmp_path: Path, write: Write, items: bool, times: bool
    ) -> None:
        path = tmp_path / "events"
        write(event_table(items=items, times=times), path)

        shards = import_events(path, tmp_path / "shards", shard_responses=500)

        whole = read_dataset(path)
        assert len(shards) >= 6
        assert union(shards).content_hash == whole.content_hash
        assert shards.vocabulary.to_plain() == whole.vocabulary.to_plain()
        assert (whole.vocabulary.n_sets > whole.n_skills) == items

    def test_a_folder_is_read_file_by_file_in_order_of_the_names(self, tmp_path: Path) -> None:
        table = event_table(times=False)
        (tmp_path / "parts").mkdir()
        for part in range(4):
            pq.write_table(table.slice(part * 1000, 1000), tmp_path / "parts" / f"{part}.parquet")
        pq.write_table(table, tmp_path / "whole.parquet")

        shards = import_events(tmp_path / "parts", tmp_path / "shards", shard_responses=1000)

        assert union(shards).content_hash == read_dataset(tmp_path / "whole.parquet").content_hash

    @pytest.mark.parametrize("kind", [pa.int64(), pa.dictionary(pa.int16(), pa.string()), pa.large_string()])
    def test_ids_of_any_kind_are_text(self, tmp_path: Path, kind: pa.DataType) -> None:
        numbers = pa.array([3, 20, 3, 100, 20])
        ids = numbers if pa.types.is_integer(kind) else numbers.cast(pa.string()).cast(kind)
        columns = {"student_id": ids, "skill": numbers, "correct": [True, False, True, True, False]}
        pq.write_table(pa.table(columns), tmp_path / "events")

        shards = import_events(tmp_path / "events", tmp_path / "shards", shard_responses=2)

        assert union(shards).content_hash == read_dataset(tmp_path / "events").content_hash
        assert shards.vocabulary.names == ("3", "20", "100")

    def test_values_of_a_dictionary_that_no_row_has_stay_out(self, tmp_path: Path) -> None:
        ids = pa.DictionaryArray.from_arrays(pa.array([0, 2]), pa.array(["ann", "nobody", "bob"]))
        columns = {"student_id": ids, "skill": ids, "correct": [1, 0]}
        pq.write_table(pa.table(columns), tmp_path / "events")

        shards = import_events(tmp_path / "events", tmp_path / "shards")

        assert shards.load(0).student_ids.to_pylist() == ["ann", "bob"]
        assert shards.vocabulary.names == ("ann", "bob")


class TestRefusals:
    @pytest.mark.parametrize("write", [pq.write_table, pa_csv.write_csv])
    def test_bad_rows_are_named_as_the_reader_names_them(self, tmp_path: Path, write: Write) -> None:
        table = event_table(times=False)
        correct = table["correct"].to_pylist()
        correct[700], correct[3100] = 7, 9
        students = table["student_id"].to_pylist()
        students[1200] = ""
        bad = {**{name: table[name] for name in table.column_names}, "correct": correct}
        write(pa.table({**bad, "student_id": students}), tmp_path / "events")

        with pytest.raises(BadRows) as expected:
            read_dataset(tmp_path / "events")
        with pytest.raises(BadRows) as found:
            import_events(tmp_path / "events", tmp_path / "shards")

        assert (found.value.rows, found.value.total) == (expected.value.rows, expected.value.total)
        assert not (tmp_path / "shards" / "manifest.json").exists()

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "student_id,skill\na,b\n",
            "student_id,skill,correct\n",
            "student_id,skill,correct\na,b\n",
            "student_id,skill,correct\na,b,1\na,b\nc,d,7\n\n,x,0\n",
        ],
    )
    def test_what_the_reader_refuses_is_refused_alike(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "events").write_text(text)

        with pytest.raises(DatasetRefused) as expected:
            read_dataset(tmp_path / "events", format="events")
        with pytest.raises(DatasetRefused) as found:
            import_events(tmp_path / "events", tmp_path / "shards")

        assert str(found.value) == str(expected.value)
        assert getattr(found.value, "rows", None) == getattr(expected.value, "rows", None)

    def test_a_file_that_is_bad_throughout_is_not_read_to_its_end(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sharding, "MOST_BAD_CELLS", 100)
        table = event_table().set_column(2, "correct", pa.array(np.full(4000, 3)))
        pq.write_table(table, tmp_path / "events")

        with pytest.raises(BadRows) as found:
            import_events(tmp_path / "events", tmp_path / "shards")

        assert found.value.total == 256
        assert found.value.rows[0].line == 1

    def test_limits_hold(self, tmp_path: Path) -> None:
        pq.write_table(event_table(), tmp_path / "events")

        with pytest.raises(UnreadableDataset, match="names 12 skills"):
            import_events(tmp_path / "events", tmp_path / "shards", limits=Limits(skills=11))
        with pytest.raises(UnreadableDataset, match="more than 3,999 responses"):
            import_events(tmp_path / "events", tmp_path / "shards", limits=Limits(responses=3999))

    def test_files_of_a_folder_must_have_the_same_columns(self, tmp_path: Path) -> None:
        pq.write_table(event_table(), tmp_path / "a.parquet")
        pq.write_table(event_table(items=False), tmp_path / "b.parquet")

        with pytest.raises(UnreadableDataset, match=r"b\.parquet has the columns .*; write them alike"):
            import_events(tmp_path, tmp_path / "shards")


def plain_hash(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


class TestHashing:
    def test_it_is_the_published_one_byte_by_byte(self) -> None:
        texts = ["", "a", "student-1", "Schüler 7"]

        assert hash_texts(pa.array(texts)).tolist() == [plain_hash(text) for text in texts]

    def test_a_slice_hashes_as_the_whole(self) -> None:
        texts = pa.array([f"student {number}" for number in range(500)])

        assert hash_texts(texts[100:200]).tolist() == hash_texts(texts)[100:200].tolist()

    def test_students_spread_evenly(self) -> None:
        texts = pa.array([f"student-{number:06d}" for number in range(20_000)])
        counts = np.bincount((hash_texts(texts) % np.uint64(16)).astype(int))

        # of a Poisson distribution around 1250: within four standard deviations
        assert np.abs(counts - 1250).max() < 4 * np.sqrt(1250)
