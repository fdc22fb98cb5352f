"""Rows that cannot be accepted: the whole file is refused and the first of them are named."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data import csv_records
from ikt_model.data.errors import BadRows
from ikt_model.data.readers import read_dataset

EVENTS = "student_id,skill,correct,timestamp,item\n"
GOOD = "ann,add,1,2012-03-04T05:06:07Z,i1\n"
PYKT = "fold,uid,concepts,responses\n"
GOOD_PYKT = '0,ann,"1,2,3","1,0,1"\n'


def refuse(path: Path) -> BadRows:
    with pytest.raises(BadRows) as refusal:
        read_dataset(path)
    return refusal.value


def refuse_text(tmp_path: Path, content: str | bytes) -> BadRows:
    path = tmp_path / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return refuse(path)


BAD_EVENTS = {
    "no student": (",add,1,5,i1", "student_id", "", "is empty"),
    "white student": ('"  ",add,1,5,i1', "student_id", "", "is empty"),
    "no skill": ("ann,,1,5,i1", "skill", "", "is empty"),
    "no answer": ("ann,add,,5,i1", "correct", "", "0 (wrong) or 1 (right)"),
    "answer 2": ("ann,add,2,5,i1", "correct", "2", "0 (wrong) or 1 (right)"),
    "answer yes": ("ann,add,yes,5,i1", "correct", "yes", "0 (wrong) or 1 (right)"),
    "half right": ("ann,add,0.5,5,i1", "correct", "0.5", "0 (wrong) or 1 (right)"),
    "negative answer": ("ann,add,-1,5,i1", "correct", "-1", "0 (wrong) or 1 (right)"),
    "no time": ("ann,add,1,,i1", "timestamp", "", "ISO 8601"),
    "time in words": ("ann,add,1,noon,i1", "timestamp", "noon", "milliseconds"),
    "day that is none": ("ann,add,1,2023-02-29,i1", "timestamp", "2023-02-29", "ISO 8601"),
    "day first": ("ann,add,1,04/03/2012,i1", "timestamp", "04/03/2012", "ISO 8601"),
    "too few columns": ("ann,add,1,5", "(row)", "ann,add,1,5", "has 4 values"),
    "too many columns": ("ann,add,1,5,i1,x", "(row)", "ann,add,1,5,i1,x", "header has 5 columns"),
    "comma in a name": ("ann,add, fast,1,5,i1", "(row)", "ann,add, fast,1,5,i1", "has 6 values"),
    "NUL in a student": ("a\0n,add,1,5,i1", "student_id", "a\0n", "control character"),
    "line break in a skill": ('ann,"ad\nd",1,5,i1', "skill", "ad\nd", "line break"),
    "long skill": (f"ann,{'x' * 300},1,5,i1", "skill", "x" * 79 + "…", "longer than 256"),
    "bell in an item": ("ann,add,1,5,i\a1", "item", "i\a1", "control character"),
}


@pytest.mark.parametrize("case", BAD_EVENTS)
def test_a_bad_event_is_named_by_line_column_value_and_reason(tmp_path: Path, case: str) -> None:
    row, column, value, reason = BAD_EVENTS[case]
    refusal = refuse_text(tmp_path, EVENTS + GOOD + row + "\n" + GOOD)
    assert refusal.total == 1
    (bad,) = refusal.rows
    assert (bad.line, bad.column, bad.value) == (3, column, value)
    assert reason in bad.reason


BAD_PYKT = {
    "fold in words": ('first,bob,"1","1"', "fold", "first", "from -1 to 999"),
    "fold -2": ('-2,bob,"1","1"', "fold", "-2", "from -1 to 999"),
    "fold 1.0": ('1.0,bob,"1","1"', "fold", "1.0", "from -1 to 999"),
    "no fold": (',bob,"1","1"', "fold", "", "from -1 to 999"),
    "no student": ('0,,"1","1"', "uid", "", "is empty"),
    "more responses": ('0,bob,"1,2","1,0,1"', "responses", "1,0,1", "has 3 entries where concepts has 2"),
    "more concepts": ('0,bob,"1,2,3","1"', "responses", "1", "has 1 entries where concepts has 3"),
    "no concepts": ('0,bob,"",""', "concepts", "", "is not a concept"),
    "concept in words": ('0,bob,"1,add","1,1"', "concepts", "add", "is not a concept"),
    "negative concept": ('0,bob,"1,-2","1,1"', "concepts", "-2", "is not a concept"),
    "fractional concept": ('0,bob,"1,2.0","1,1"', "concepts", "2.0", "is not a concept"),
    "open skill set": ('0,bob,"1_,2","1,1"', "concepts", "1_", "is not a concept"),
    "comma too many": ('0,bob,"1,2,","1,1,1"', "concepts", "", "is not a concept"),
    "response 2": ('0,bob,"1,2","1,2"', "responses", "2", "is not 0 or 1"),
    "response missing": ('0,bob,"1,2","1,"', "responses", "", "is not 0 or 1"),
    "padding inside": ('0,bob,"1,-1,2","1,-1,0"', "concepts", "-1", "is not a concept"),
    "padding only": ('0,bob,"-1,-1","-1,-1"', "concepts", "-1", "leave the row out"),
    "another fold": ('3,ann,"1","1"', "fold", "3", "uid ann has 0 above"),
    "lists without quotes": ("0,bob,1,2,1,1", "(row)", "0,bob,1,2,1,1", "has 6 values"),
}


@pytest.mark.parametrize("case", BAD_PYKT)
def test_a_bad_pykt_row_is_named_by_line_column_value_and_reason(tmp_path: Path, case: str) -> None:
    row, column, value, reason = BAD_PYKT[case]
    refusal = refuse_text(tmp_path, PYKT + GOOD_PYKT + row + "\n" + '0,cy,"1","1"\n')
    assert refusal.total == 1
    (bad,) = refusal.rows
    assert (bad.line, bad.column, bad.value) == (3, column, value)
    assert reason in bad.reason


@pytest.mark.parametrize(
    ("column", "entry", "reason"),
    [
        ("timestamps", "soon", "ISO 8601"),
        ("is_repeat", "2", "is not 0 or 1"),
        ("questions", "q\a", "control character"),
    ],
)
def test_a_bad_entry_of_an_optional_pykt_list_is_named(
    tmp_path: Path, column: str, entry: str, reason: str
) -> None:
    content = f'fold,uid,concepts,responses,{column}\n0,ann,"1,2","1,1","0,{entry}"\n'
    (bad,) = refuse_text(tmp_path, content).rows
    assert (bad.line, bad.column, bad.value) == (2, column, entry)
    assert reason in bad.reason


def test_a_column_that_is_wrong_throughout_shows_the_first_rows_and_counts_all(tmp_path: Path) -> None:
    refusal = refuse_text(tmp_path, EVENTS + GOOD + "ann,add,2,5,i1\n" * 50)
    assert [bad.line for bad in refusal.rows] == list(range(3, 23))
    assert refusal.total == 50
    assert str(refusal).startswith("50 bad rows; the first is on line 3, column correct: '2' is not 0")


def test_a_row_with_several_bad_values_counts_once(tmp_path: Path) -> None:
    refusal = refuse_text(tmp_path, EVENTS + ",,2,noon,i1\n")
    assert (refusal.total, refusal.rows[0].column) == (1, "student_id")


def test_an_entry_that_is_bad_twice_in_a_row_counts_once(tmp_path: Path) -> None:
    refusal = refuse_text(tmp_path, PYKT + '0,a,"x,y,z","1,1,1"\n0,b,"1,w","1,1"\n')
    assert [(bad.line, bad.value) for bad in refusal.rows] == [(2, "x"), (3, "w")]


def test_long_values_are_cut(tmp_path: Path) -> None:
    (bad,) = refuse_text(tmp_path, EVENTS + f"ann,add,{'9' * 100_000},5,i1\n").rows
    assert len(bad.value) == 80


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_count_blank_lines_and_lines_inside_quotes(tmp_path: Path, end: str) -> None:
    lines = [
        "student_id,skill,correct,note",
        "",
        'ann,add,1,"one',
        'two"',
        "",
        "ann,add,7,x",
        "ann",
        "ann,add,8,",
    ]
    refusal = refuse_text(tmp_path, end.join(lines) + end)
    assert [(bad.line, bad.column) for bad in refusal.rows] == [(6, "correct"), (7, "(row)"), (8, "correct")]


def test_a_byte_order_mark_does_not_move_the_lines(tmp_path: Path) -> None:
    (bad,) = refuse_text(tmp_path, "\ufeff" + EVENTS + "ann,add,2,5,i1\n").rows
    assert bad.line == 2


def test_rows_of_parquet_count_from_one(tmp_path: Path) -> None:
    table = pa.table({"student_id": ["a", None, "b"], "skill": ["x", "x", None], "correct": [1, 1, 2]})
    pq.write_table(table, tmp_path / "file.parquet")
    refusal = refuse(tmp_path / "file.parquet")
    assert [(bad.line, bad.column) for bad in refusal.rows] == [(2, "student_id"), (3, "skill")]


@pytest.mark.parametrize("value", [0.5, float("nan"), None])
def test_numbers_of_parquet_that_are_not_0_or_1_are_refused(tmp_path: Path, value: float | None) -> None:
    table = pa.table({"student_id": ["a"], "skill": ["x"], "correct": pa.array([value], pa.float64())})
    pq.write_table(table, tmp_path / "file.parquet")
    assert refuse(tmp_path / "file.parquet").rows[0].column == "correct"


def test_a_missing_time_of_parquet_is_refused(tmp_path: Path) -> None:
    times = pa.array([None, 0], pa.timestamp("ms"))
    table = pa.table({"student_id": ["a", "a"], "skill": ["x", "x"], "correct": [1, 1], "timestamp": times})
    pq.write_table(table, tmp_path / "file.parquet")
    assert [bad.line for bad in refuse(tmp_path / "file.parquet").rows] == [1]


ROWS = {
    "good": ("ann,add,1,5", None),
    "answer": ("ann,add,3,5", "correct"),
    "width": ("ann,add", "(row)"),
    "student": (",add,1,5", "student_id"),
    "time": ("ann,add,1,noon", "timestamp"),
    "blank": ("", None),
}


@given(kinds=st.lists(st.sampled_from(list(ROWS)), max_size=80), block_bytes=st.sampled_from([64, 2**24]))
def test_exactly_the_bad_lines_are_named(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], block_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("rows") / "file.csv"
    rows = "".join(ROWS[kind][0] + "\n" for kind in kinds)
    path.write_text("student_id,skill,correct,timestamp\n" + rows + "x,y,4,5\n")
    expected = [(line, ROWS[kind][1]) for line, kind in enumerate(kinds, start=2) if ROWS[kind][1]]
    expected.append((len(kinds) + 2, "correct"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "BLOCK_BYTES", block_bytes)
        refusal = refuse(path)
    assert [(bad.line, bad.column) for bad in refusal.rows] == expected[:20]
    assert refusal.total == len(expected)
