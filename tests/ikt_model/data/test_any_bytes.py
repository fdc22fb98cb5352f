"""Whatever the bytes are: a dataset or a declared refusal. FUZZ_EXAMPLES says how many are tried."""

import csv
import os
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ikt_model.data import csv_records
from ikt_model.data.errors import BadRows, DatasetRefused
from ikt_model.data.readers import read_dataset
from tests.ikt_model.data.builders import Step, histories, history_of, make_sequences

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
HEADERS = (
    "student_id,skill,correct",
    "student_id,skill,correct,timestamp,item",
    "fold,uid,concepts,responses",
    "fold,uid,concepts,responses,questions,timestamps,is_repeat",
)
# Of what makes CSV hard, and of what cells of both formats look like.
PIECES = (
    '"', '""', ",", "\n", "\r\n", "\r", " ", "\t", "\x00", "\x1f", ";", "_", "-1", "0", "1", "2", "ann",
    "3_5", "1,0", "add", "2025-12-07T20:10:37Z", "1700000000000", "9" * 30, "1e9", "nan", "\ufeff", "é",
    "\u2028", "\x85", "=1+1",
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
patient = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
pieces = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=25).map("".join)


def assert_read_or_refused(
    path: Path, content: bytes, *, format: Literal["auto", "pykt", "events"] = "auto"
) -> None:
    """Read or be refused; anything else is raised."""
    path.write_bytes(content)
    sequences, refusal = None, None
    try:
        sequences = read_dataset(path, format=format)
    except DatasetRefused as refused:
        refusal = refused
    if isinstance(refusal, BadRows):
        n_lines = len(content.decode("latin-1").splitlines()) + content.count(b"\r")
        lines = [bad.line for bad in refusal.rows]
        assert lines == sorted(lines)
        assert 1 < min(lines) <= max(lines) <= n_lines
    if sequences is None:
        assert str(refusal)
        return
    assert sequences.n_students > 0
    assert set(sequences.responses.tolist()) <= {0, 1}


@patient
@given(content=st.binary(max_size=200), format=st.sampled_from(["auto", "pykt", "events"]))
def test_any_bytes(tmp_path: Path, content: bytes, format: Literal["auto", "pykt", "events"]) -> None:
    assert_read_or_refused(tmp_path / "file", content, format=format)


@patient
@given(header=st.sampled_from(HEADERS), rest=pieces | st.binary(max_size=60), mark=st.booleans())
def test_any_bytes_behind_a_header(tmp_path: Path, header: str, rest: str | bytes, mark: bool) -> None:
    start = ("\ufeff" if mark else "") + header + "\n"
    body = rest if isinstance(rest, bytes) else rest.encode("utf-8", "surrogatepass")
    assert_read_or_refused(tmp_path / "file", start.encode() + body)


@patient
@given(
    cells=st.lists(st.text(alphabet='ab",1\n ', max_size=4), min_size=1, max_size=12),
    block_bytes=st.sampled_from([128, 2**24]),
)
def test_bad_rows_are_named_by_their_lines_whatever_is_quoted(
    tmp_path: Path, cells: list[str], block_bytes: int
) -> None:
    sink = StringIO()
    rows = csv.writer(sink, lineterminator="\n")
    rows.writerow(["student_id", "skill", "correct", "note"])
    lines = []
    for cell in cells:
        lines.append(sink.getvalue().count("\n") + 1)
        rows.writerow(["ann", "add", "2", cell])
    (tmp_path / "file").write_text(sink.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "BLOCK_BYTES", block_bytes)
        with pytest.raises(BadRows) as refusal:
            read_dataset(tmp_path / "file")
    assert [bad.line for bad in refusal.value.rows] == lines[:20]


def times_of(steps: list[Step]) -> list[int]:
    """Of this century: earlier milliseconds look like seconds and are refused."""
    return [10**12 + (step.timestamp or 0) // 2 for step in steps]


@patient
@given(data=st.data())
def test_what_is_written_in_the_format_of_rows_is_read(tmp_path: Path, data: st.DataObject) -> None:
    history = data.draw(histories(times=True, items=False))
    written = make_sequences(history, times=True, folds=[index % 5 for index in range(len(history))])
    numbers = {name: str(place) for place, name in enumerate(written.vocabulary.names)}
    with (tmp_path / "file").open("w", newline="") as sink:
        rows = csv.writer(sink)
        rows.writerow(["fold", "uid", "concepts", "responses", "timestamps"])
        for place, (student, steps) in enumerate(history.items()):
            concepts = ",".join("_".join(sorted(numbers[skill] for skill in step.skills)) for step in steps)
            answers = ",".join(str(step.response) for step in steps)
            rows.writerow([place % 5, student, concepts, answers, ",".join(map(str, times_of(steps)))])
    again = history_of(read_dataset(tmp_path / "file"))
    names = {number: name for name, number in numbers.items()}
    assert again.keys() == history.keys()
    for student, steps in history.items():
        told = [({names[s] for s in step.skills}, step.response, step.timestamp) for step in again[student]]
        assert told == [
            (set(step.skills), step.response, at) for step, at in zip(steps, times_of(steps), strict=True)
        ]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ('fold,uid,concepts,responses\n0,ann,"3,4","1,0,0"\n7,bob,1"\n0,ann,5,9\n', [2, 3, 4]),
        ('student_id,skill,correct\na"b,add,1\nc,add,2\n"d""e",add,3\n', [3, 4]),
        ('student_id,skill,correct\n"ann"x"y,add,2\nbob,add,2\n', [2, 3]),
        ('\ufeff"student_id",skill,correct\nbob,add,2\n', [2]),
    ],
)
def test_quotes_within_values_do_not_move_the_lines(tmp_path: Path, content: str, lines: list[int]) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises(BadRows) as refusal:
        read_dataset(tmp_path / "file")
    assert [bad.line for bad in refusal.value.rows] == lines


def test_a_row_of_the_wrong_width_that_is_not_utf8_is_told_of_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"student_id,skill,correct\nann,add,1\nRen\xe9,add\n")
    with pytest.raises(DatasetRefused, match="line 3 is not UTF-8"):
        read_dataset(tmp_path / "file")
