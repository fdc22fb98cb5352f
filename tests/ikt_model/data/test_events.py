"""The long event table, CSV and Parquet."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data import csv_records
from ikt_model.data.readers import read_dataset
from ikt_model.data.simulate import write_events_csv
from tests.ikt_model.data.builders import History, Step, histories, history_of, make_sequences, step

PLAIN: History = {"ann": [step("add", 1), step("mul", 0)], "bob": [step("mul", 1)]}
NOON = 1_330_862_400_000  # 2012-03-04T12:00:00Z


def read(tmp_path: Path, content: str | bytes) -> History:
    path = tmp_path / "events.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return history_of(read_dataset(path))


@pytest.mark.parametrize(
    "content",
    [
        "student_id,skill,correct\nann,add,1\nann,mul,0\nbob,mul,1\n",
        "student_id,skill,correct\nann,add,1\nann,mul,0\nbob,mul,1",
        "student_id,skill,correct\r\nann,add,1\r\nann,mul,0\r\nbob,mul,1\r\n",
        "student_id,skill,correct\rann,add,1\rann,mul,0\rbob,mul,1\r",
        "\ufeffstudent_id,skill,correct\nann,add,1\nann,mul,0\nbob,mul,1\n",
        '"student_id","skill","correct"\n"ann","add","1"\n"ann",mul,0\nbob,"mul",1\n',
        "student_id,skill,correct\n\nann,add,1\n\n\nann,mul,0\nbob,mul,1\n\n",
        "student_id,skill,correct\n ann , add,1 \nann,mul, 0\nbob,mul,1\n",
        "correct,skill,student_id\n1,add,ann\n0,mul,ann\n1,mul,bob\n",
        "row,student_id,skill,note,correct\n1,ann,add,,1\n2,ann,mul,x,0\n3,bob,mul,,1\n",
        'student_id,skill,correct,note\nann,add,1,"two\nlines"\nann,mul,0,\nbob,mul,1,\n',
        "student_id,skill,correct\nbob,mul,1\nann,add,1\nann,mul,0\n",
        "student_id,skill,correct\nann,add,1\nbob,mul,1\nann,mul,0\n",
    ],
    ids=[
        "plain",
        "no last line end",
        "CRLF",
        "CR",
        "BOM",
        "quotes",
        "blank lines",
        "white space",
        "other order of columns",
        "other columns",
        "line break in a column not read",
        "other order of students",
        "interleaved students",
    ],
)
def test_ways_to_write_the_same_events_read_alike(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == PLAIN


def test_names_keep_commas_quotes_and_other_scripts(tmp_path: Path) -> None:
    content = 'student_id,skill,correct\n"a,b","say ""hi""",1\nЖ,加法,0\nNA,null,1\n'
    expected = {
        "NA": [step("null", 1)],
        "a,b": [Step(frozenset(['say "hi"']), 1)],
        "Ж": [step("加法", 0)],
    }
    assert read(tmp_path, content) == expected


class TestOrder:
    def test_time_orders_the_rows_of_a_student(self, tmp_path: Path) -> None:
        content = "student_id,skill,correct,timestamp\nann,b,0,30\nann,a,1,10\nann,c,1,20\n"
        assert read(tmp_path, content) == {
            "ann": [step("a", 1, timestamp=10), step("c", 1, timestamp=20), step("b", 0, timestamp=30)]
        }

    def test_equal_times_keep_the_order_of_the_file(self, tmp_path: Path) -> None:
        content = "student_id,skill,correct,timestamp\nann,b,0,10\nann,a,1,10\nann,c,1,5\n"
        assert [list(one.skills) for one in read(tmp_path, content)["ann"]] == [["c"], ["b"], ["a"]]

    def test_iso_times_and_milliseconds_mix(self, tmp_path: Path) -> None:
        rows = f"ann,a,1,2012-03-04T13:00:00+01:00\nann,b,1,{NOON - 1}\nann,c,1,2012-03-04 12:00:00.001\n"
        history = read(tmp_path, "student_id,skill,correct,timestamp\n" + rows)
        assert [one.timestamp for one in history["ann"]] == [NOON - 1, NOON, NOON + 1]


class TestSeveralSkills:
    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            ("a,1,i b,1,i c,0,j", [step("a b", 1, item="i"), step("c", 0, item="j")]),
            ("a,1,i b,1,i a,1,i b,1,i", [step("a b", 1, item="i"), step("a b", 1, item="i")]),
            ("a,1,i a,1,i", [step("a", 1, item="i"), step("a", 1, item="i")]),
            ("a,0,i b,1,i", [step("a", 0, item="i"), step("b", 1, item="i")]),
            ("a,0,i b,0,i a,1,i b,1,i", [step("a b", 0, item="i"), step("a b", 1, item="i")]),
            ("a,1,i c,1,j b,1,i", [step("a", 1, item="i"), step("c", 1, item="j"), step("b", 1, item="i")]),
            ("a,1, b,1,", [step("a", 1), step("b", 1)]),
            ("b,1,i a,1,i", [step("a b", 1, item="i")]),
        ],
        ids=[
            "an item with two skills",
            "two attempts, right both times",
            "two attempts at one skill",
            "another answer is another attempt",
            "wrong, then right",
            "another item between",
            "no item",
            "any order of skills",
        ],
    )
    def test_rows_of_one_item_become_one_step(self, tmp_path: Path, rows: str, expected: list[Step]) -> None:
        lines = "".join(f"ann,{row}\n" for row in rows.split())
        assert read(tmp_path, "student_id,skill,correct,item\n" + lines) == {"ann": expected}

    def test_students_are_kept_apart(self, tmp_path: Path) -> None:
        content = "student_id,skill,correct,item\nann,a,1,i\nbob,b,1,i\n"
        expected = {"ann": [step("a", 1, item="i")], "bob": [step("b", 1, item="i")]}
        assert read(tmp_path, content) == expected

    def test_interleaved_students_do_not_part_an_item(self, tmp_path: Path) -> None:
        content = "student_id,skill,correct,item\nann,a,1,i\nbob,c,1,j\nann,b,1,i\n"
        assert read(tmp_path, content)["ann"] == [step("a b", 1, item="i")]

    def test_another_time_is_another_attempt(self, tmp_path: Path) -> None:
        rows = "ann,a,1,10,i\nann,b,1,10,i\nann,a,1,20,i\nann,b,1,30,i\n"
        content = "student_id,skill,correct,timestamp,item\n" + rows
        assert read(tmp_path, content)["ann"] == [
            step("a b", 1, timestamp=10, item="i"),
            step("a", 1, timestamp=20, item="i"),
            step("b", 1, timestamp=30, item="i"),
        ]


class TestParquet:
    COLUMNS: ClassVar = {"student_id": ["ann", "ann", "bob"], "skill": ["add", "mul", "mul"]}

    def read(self, tmp_path: Path, columns: dict[str, Any]) -> History:
        pq.write_table(pa.table(columns), tmp_path / "events.parquet")
        return history_of(read_dataset(tmp_path / "events.parquet"))

    @pytest.mark.parametrize(
        "correct",
        [
            pa.array([1, 0, 1]),
            pa.array([1, 0, 1], pa.uint8()),
            pa.array([True, False, True]),
            pa.array([1.0, 0.0, 1.0]),
            pa.array(["1", "0", "1"]),
            pa.array(["1", "0", "1"]).dictionary_encode(),
        ],
        ids=lambda column: str(column.type),
    )
    def test_answers_of_any_type_are_read(self, tmp_path: Path, correct: pa.Array) -> None:
        assert self.read(tmp_path, {**self.COLUMNS, "correct": correct}) == PLAIN

    @pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
    def test_names_of_any_text_type_are_read(self, tmp_path: Path, kind: pa.DataType) -> None:
        names = {name: pa.array(column, pa.string()).cast(kind) for name, column in self.COLUMNS.items()}
        assert self.read(tmp_path, {**names, "correct": [1, 0, 1]}) == PLAIN

    def test_integer_ids_become_text(self, tmp_path: Path) -> None:
        history = self.read(tmp_path, {"student_id": [10, 9], "skill": [1, 2], "correct": [1, 0]})
        assert history == {"10": [step("1", 1)], "9": [step("2", 0)]}

    @pytest.mark.parametrize(
        "times",
        [
            pa.array([NOON]),
            pa.array([datetime(2012, 3, 4, 12)], pa.timestamp("us")),
            pa.array([datetime(2012, 3, 4, 12, tzinfo=UTC)], pa.timestamp("ns", "Europe/Paris")),
            pa.array([datetime(2012, 3, 4, 12)], pa.timestamp("s")),
            pa.array(["2012-03-04T12:00:00Z"]),
        ],
        ids=lambda column: str(column.type),
    )
    def test_times_of_any_type_are_read(self, tmp_path: Path, times: pa.Array) -> None:
        history = self.read(
            tmp_path, {"student_id": ["ann"], "skill": ["a"], "correct": [1], "timestamp": times}
        )
        assert history["ann"][0].timestamp == NOON

    def test_dates_are_midnight(self, tmp_path: Path) -> None:
        columns = {"student_id": ["ann"], "skill": ["a"], "correct": [1], "timestamp": [date(2012, 3, 4)]}
        assert self.read(tmp_path, columns)["ann"][0].timestamp == NOON - 12 * 3_600_000

    def test_a_missing_item_is_unknown(self, tmp_path: Path) -> None:
        history = self.read(
            tmp_path, {**self.COLUMNS, "correct": [1, 0, 1], "item": pa.array(["i", None, ""])}
        )
        assert [one.item for steps in history.values() for one in steps] == ["i", None, None]


@given(data=st.data(), times=st.booleans(), items=st.booleans(), block_bytes=st.sampled_from([2**8, 2**24]))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    times: bool,
    items: bool,
    block_bytes: int,
) -> None:
    sequences = make_sequences(data.draw(histories(times=times, items=items)), times=times, items=items)
    path = tmp_path_factory.mktemp("events") / "events.csv"
    write_events_csv(sequences, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "BLOCK_BYTES", block_bytes)
        again = read_dataset(path)
    assert history_of(again) == history_of(sequences)
    assert again.content_hash == sequences.content_hash


@given(data=st.data())
def test_equal_content_gives_equal_arrays(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    history = data.draw(histories(times=False, items=True))
    order = data.draw(st.permutations(list(history)))
    folder = tmp_path_factory.mktemp("order")
    write_events_csv(make_sequences(history, items=True), folder / "one.csv")
    write_events_csv(make_sequences({name: history[name] for name in order}, items=True), folder / "two.csv")
    one, two = read_dataset(folder / "one.csv"), read_dataset(folder / "two.csv")
    assert one.content_hash == two.content_hash
    assert one.student_ids.equals(two.student_ids)
    assert one.vocabulary.names == two.vocabulary.names
    assert one.skill_sets.tolist() == two.skill_sets.tolist()


def test_steps_of_several_skills_without_items_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="items"):
        write_events_csv(make_sequences({"ann": [step("a b", 1)]}), tmp_path / "events.csv")
