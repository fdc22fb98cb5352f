"""Flat arrays: selection, storage, description, content hash."""

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.sequences import Sequences, describe, load_sequences, save_sequences
from tests.ikt_model.data.builders import History, histories, history_of, make_sequences, step

CLASS: History = {
    "ann": [
        step("add", 1, timestamp=5, item="i1"),
        step("add mul", 0, timestamp=7, item="i2"),
        step("mul", 1, timestamp=7),
    ],
    "bob": [step("mul", 0, timestamp=1, item="i1")],
    "cy": [step("div mul", 1, timestamp=2, item="i3"), step("div", 1, timestamp=3, item="i1")],
}


@pytest.fixture
def classroom() -> Sequences:
    return make_sequences(CLASS, times=True, items=True, folds=[0, 1, 0])


class TestShapes:
    def test_counts_tell_students_responses_skills_and_folds(self, classroom: Sequences) -> None:
        counts = (classroom.n_students, classroom.n_responses, classroom.n_skills, classroom.n_folds)
        assert counts == (3, 6, 3, 2)

    def test_history_is_where_the_students_steps_lie(self, classroom: Sequences) -> None:
        assert classroom.history(2) == slice(4, 6)
        assert classroom.student_of_step().tolist() == [0, 0, 0, 1, 2, 2]

    def test_one_skill_step_has_its_skill_as_set(self, classroom: Sequences) -> None:
        assert classroom.vocabulary.names == ("add", "div", "mul")
        assert classroom.skill_sets[[0, 2, 3, 5]].tolist() == [0, 2, 2, 1]

    def test_students_without_fold_do_not_count_as_one(self, classroom: Sequences) -> None:
        assert replace(classroom, folds=np.array([-1, -1, 0], dtype=np.int16)).n_folds == 1

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("folds", np.zeros(2, np.int16)),
            ("offsets", np.array([0, 3, 4, 5])),
            ("responses", np.zeros(5, np.int8)),
            ("timestamps", np.zeros(7, np.int64)),
        ],
    )
    def test_columns_that_do_not_fit_are_refused(
        self, classroom: Sequences, field: str, value: np.ndarray
    ) -> None:
        with pytest.raises(ValueError, match=field):
            replace(classroom, **{field: value})


class TestSelect:
    def test_mask_keeps_the_order(self, classroom: Sequences) -> None:
        chosen = classroom.select(classroom.folds == 0)
        assert history_of(chosen) == {name: CLASS[name] for name in ("ann", "cy")}
        assert chosen.folds.tolist() == [0, 0]

    def test_indices_give_the_order(self, classroom: Sequences) -> None:
        chosen = classroom.select(np.array([2, 0]))
        assert list(history_of(chosen).items()) == [("cy", CLASS["cy"]), ("ann", CLASS["ann"])]

    def test_vocabulary_stays_whole(self, classroom: Sequences) -> None:
        assert classroom.select(np.array([1])).vocabulary is classroom.vocabulary

    def test_nobody_is_a_valid_choice(self, classroom: Sequences) -> None:
        nobody = classroom.select(np.zeros(3, dtype=bool))
        assert (nobody.n_students, nobody.n_responses, nobody.offsets.tolist()) == (0, 0, [0])
        assert describe(nobody)["share_correct"] is None


class TestStorage:
    @given(data=st.data(), times=st.booleans(), items=st.booleans())
    def test_what_is_saved_is_loaded(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, times: bool, items: bool
    ) -> None:
        sequences = make_sequences(data.draw(histories(times=times, items=items)), times=times, items=items)
        path = tmp_path_factory.mktemp("storage") / "one.arrow"
        save_sequences(sequences, path)
        loaded = load_sequences(path)
        assert history_of(loaded) == history_of(sequences)
        assert loaded.folds.tolist() == sequences.folds.tolist()
        assert loaded.vocabulary.names == sequences.vocabulary.names
        assert loaded.content_hash == sequences.content_hash

    def test_nobody_is_saved_and_loaded(self, classroom: Sequences, tmp_path: Path) -> None:
        nobody = classroom.select(np.zeros(3, dtype=bool))
        save_sequences(nobody, tmp_path / "none.arrow")
        assert load_sequences(tmp_path / "none.arrow").content_hash == nobody.content_hash

    def test_a_loaded_file_is_mapped_and_not_copied(self, classroom: Sequences, tmp_path: Path) -> None:
        save_sequences(classroom, tmp_path / "one.arrow")
        before = pa.total_allocated_bytes()
        loaded = load_sequences(tmp_path / "one.arrow")
        assert not loaded.skill_sets.flags.owndata
        assert not loaded.responses.flags.writeable
        assert pa.total_allocated_bytes() - before < classroom.n_responses

    def test_saving_replaces_and_leaves_nothing_else(self, classroom: Sequences, tmp_path: Path) -> None:
        path = tmp_path / "one.arrow"
        path.write_bytes(b"old")
        save_sequences(classroom, path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["one.arrow"]
        assert load_sequences(path).n_students == 3

    def test_a_failed_save_keeps_the_old_file(self, classroom: Sequences, tmp_path: Path) -> None:
        path = tmp_path / "one.arrow"
        path.write_bytes(b"old")
        broken = replace(classroom, student_ids=[object()] * 3)
        with pytest.raises((TypeError, pa.ArrowException)):
            save_sequences(broken, path)
        assert path.read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 1

    def test_a_saved_file_has_ordinary_permissions(self, classroom: Sequences, tmp_path: Path) -> None:
        (tmp_path / "plain").touch()
        save_sequences(classroom, tmp_path / "one.arrow")
        modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "one.arrow")}
        assert len(modes) == 1

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"ARROW1\0\0" + bytes(64)])
    def test_another_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "one.arrow"
        path.write_bytes(content)
        with pytest.raises(UnreadableDataset, match=r"one\.arrow"):
            load_sequences(path)

    def test_an_unknown_version_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "one.arrow"
        table = pa.table({"student_id": ["a"]}).replace_schema_metadata({"format_version": "99"})
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
        with pytest.raises(UnreadableDataset, match="format_version"):
            load_sequences(path)


class TestDescribe:
    def test_tells_counts_and_lengths(self, classroom: Sequences) -> None:
        assert describe(classroom) == {
            "n_students": 3,
            "n_responses": 6,
            "n_skills": 3,
            "n_folds": 2,
            "n_multi_skill_steps": 2,
            "share_correct": pytest.approx(4 / 6),
            "mean_length": pytest.approx(2.0),
            "median_length": pytest.approx(2.0),
            "max_length": 3,
            "students_per_fold": {"0": 2, "1": 1},
        }


class TestContentHash:
    def test_order_of_students_does_not_matter(self, classroom: Sequences) -> None:
        assert classroom.select(np.array([2, 0, 1])).content_hash == classroom.content_hash

    def test_order_in_the_item_dictionary_does_not_matter(self, classroom: Sequences) -> None:
        values = pa.array(["unused", "i3", "i2", "i1"])
        codes = pa.array([3, 2, None, 3, 1, 3], pa.int32())
        items = pa.DictionaryArray.from_arrays(codes, values)
        assert replace(classroom, items=items).content_hash == classroom.content_hash

    def test_is_the_same_on_every_machine(self, classroom: Sequences) -> None:
        assert classroom.content_hash == "d1d0f54243da443375b658ace86d29cb30d28a4cc9df915c03fd7634f6cc03dd"

    @pytest.mark.parametrize(
        "change",
        [
            {"student_ids": pa.array(["ann", "bob", "dee"])},
            {"folds": np.array([0, 1, 1], dtype=np.int16)},
            {"offsets": np.array([0, 2, 4, 6])},
            {"skill_sets": np.array([0, 3, 1, 2, 4, 1], dtype=np.int32)},
            {"responses": np.array([1, 0, 1, 0, 1, 0], dtype=np.int8)},
            {"timestamps": np.array([5, 7, 8, 1, 2, 3])},
            {"timestamps": None},
            {"items": pa.array(["i1", "i2", None, "i1", "i3", "i4"]).dictionary_encode()},
            {"items": None},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_any_other_content_gives_another_hash(
        self, classroom: Sequences, change: dict[str, object]
    ) -> None:
        assert replace(classroom, **change).content_hash != classroom.content_hash

    def test_other_skill_names_give_another_hash(self, classroom: Sequences) -> None:
        renamed = replace(classroom.vocabulary, names=("add", "div", "sub"))
        assert replace(classroom, vocabulary=renamed).content_hash != classroom.content_hash
