"""The format of a file, and files that are none."""

import gzip
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ikt_model.data import csv_records
from ikt_model.data.errors import DatasetRefused, UnreadableDataset
from ikt_model.data.limits import MOST_RESPONSES, Limits
from ikt_model.data.readers import DataFormat, read_dataset
from tests.ikt_model.data.builders import history_of, step

EVENTS = "student_id,skill,correct\n"
PYKT = "fold,uid,concepts,responses\n"
ROW = "ann,add,1\n"


class TestFormat:
    @pytest.mark.parametrize("format", ["auto", "events"])
    def test_events_are_recognised(self, tmp_path: Path, format: DataFormat) -> None:
        (tmp_path / "file").write_text(EVENTS + ROW)
        assert history_of(read_dataset(tmp_path / "file", format=format)) == {"ann": [step("add", 1)]}

    @pytest.mark.parametrize("format", ["auto", "pykt"])
    def test_pykt_is_recognised(self, tmp_path: Path, format: DataFormat) -> None:
        (tmp_path / "file").write_text(PYKT + "0,ann,3,1\n")
        assert history_of(read_dataset(tmp_path / "file", format=format)) == {"ann": [step("3", 1)]}

    @pytest.mark.parametrize("format", ["auto", "events"])
    def test_parquet_is_recognised_by_its_first_bytes(self, tmp_path: Path, format: DataFormat) -> None:
        table = pa.table({"student_id": ["ann"], "skill": ["add"], "correct": [1]})
        pq.write_table(table, tmp_path / "events.csv")
        assert history_of(read_dataset(tmp_path / "events.csv", format=format)) == {"ann": [step("add", 1)]}

    def test_a_missing_file_is_not_a_bad_dataset(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            read_dataset(tmp_path / "none.csv")


UNREADABLE: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "auto", "empty"),
    "blank": (b"\n \n", "auto", "empty"),
    "header only": (EVENTS.encode(), "auto", "no rows"),
    "header only, no line end": (EVENTS.strip().encode(), "events", "no rows"),
    "pykt header only": (PYKT.encode(), "auto", "no rows"),
    "no header": (ROW.encode() * 3, "auto", "format is not known"),
    "other header": (b"name,score\nann,3\n", "auto", "found: name, score"),
    "unknown format": (EVENTS.encode() + ROW.encode(), "arff", "arff"),
    "events without student_id": (b"user,skill,correct\nann,add,1\n", "auto", "'student_id' is missing"),
    "tabs": (b"student_id\tskill\tcorrect\nann\tadd\t1\n", "auto", "separated by tabs"),
    "spaces in the header": (b"student_id, skill,correct\nann,add,1\n", "auto", "rename ' skill' to 'skill'"),
    "capitals in the header": (b"Student_ID,Skill,Correct\nann,add,1\n", "auto", "rename 'Student_ID'"),
    "events without skill": (b"student_id,kc,correct\nann,add,1\n", "events", "'skill' is missing"),
    "events without correct": (b"student_id,skill\nann,add\n", "auto", "'correct' is missing"),
    "semicolons": (b"student_id;skill;correct\nann;add;1\n", "events", "separated by semicolons"),
    "capitals": (b"Student_ID,skill,correct\nann,add,1\n", "auto", "'student_id' is missing"),
    "pykt without fold": (b'uid,concepts,responses\na,"1","1"\n', "auto", "'fold' is missing"),
    "pykt without responses": (b'fold,uid,concepts\n0,a,"1"\n', "pykt", "'responses' is missing"),
    "column twice": (b"student_id,skill,skill,correct\na,b,c,1\n", "auto", "'skill' stands twice"),
    "optional column twice": (
        b"student_id,skill,correct,item,item\na,b,1,c,d\n",
        "auto",
        "'item' stands twice",
    ),
    "Latin-1 name": (EVENTS.encode() + ROW.encode() + b"Ren\xe9,add,1\n", "auto", "line 3 is not UTF-8"),
    "Latin-1 header": (b"student_id,skill,correct,caf\xe9\na,b,1,c\n", "auto", "line 1 is not UTF-8"),
    "UTF-16": ((EVENTS + ROW).encode("utf-16"), "auto", "UTF-16"),
    "UTF-16 without mark": ((EVENTS + ROW).encode("utf-16-le"), "auto", "NUL"),
    "gzip": (gzip.compress((EVENTS + ROW).encode()), "auto", "gzip"),
    "spreadsheet": (b"PK\x03\x04" + bytes(100), "auto", "CSV"),
    "binary": (b"\x00\x01\x02\xff" * 50, "auto", "NUL"),
    "quotes of the header never closed": (b'"student_id,skill,correct\nann,add,1\n', "auto", "header"),
    "broken Parquet": (b"PAR1" + bytes(200) + b"PAR1", "auto", "Parquet file is broken"),
    "cut Parquet": (b"PAR1" + bytes(50), "auto", "Parquet file is broken"),
    "Parquet as pykt": (b"PAR1" + bytes(50), "pykt", "use the format events"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_dataset_is_refused_with_the_remedy(tmp_path: Path, case: str) -> None:
    content, format, message = UNREADABLE[case]
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UnreadableDataset) as refusal:
        read_dataset(tmp_path / "file", format=format)  # type: ignore[arg-type]
    assert message in refusal.value.reason
    assert len(refusal.value.reason) < 400


PARQUET: dict[str, tuple[dict[str, object], str]] = {
    "no rows": (
        {
            "student_id": pa.array([], pa.string()),
            "skill": pa.array([], pa.string()),
            "correct": pa.array([], pa.int8()),
        },
        "no rows",
    ),
    "missing column": ({"student_id": ["a"], "skill": ["b"]}, "'correct' is missing"),
    "lists": ({"student_id": ["a"], "skill": [["b", "c"]], "correct": [1]}, "'skill' holds list"),
    "fractions as ids": ({"student_id": [1.5], "skill": ["b"], "correct": [1]}, "'student_id' holds double"),
    "bytes": ({"student_id": [b"a"], "skill": ["b"], "correct": [1]}, "'student_id' holds binary"),
    "fractions as times": (
        {"student_id": ["a"], "skill": ["b"], "correct": [1], "timestamp": [1.5]},
        "'timestamp' holds double",
    ),
}


@pytest.mark.parametrize("case", PARQUET)
def test_parquet_of_other_columns_or_types_is_refused(tmp_path: Path, case: str) -> None:
    columns, message = PARQUET[case]
    pq.write_table(pa.table(columns), tmp_path / "file")
    with pytest.raises(UnreadableDataset) as refusal:
        read_dataset(tmp_path / "file")
    assert message in refusal.value.reason


@pytest.mark.parametrize("block_bytes", [2**10, 2**20])
def test_a_quote_never_closed_is_refused_however_long_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr(csv_records, "BLOCK_BYTES", block_bytes)
    path = tmp_path / "file"
    path.write_text(EVENTS + ROW + 'ann,"add,1\n' + ROW * 10_000)
    with pytest.raises(DatasetRefused, match="quote"):
        read_dataset(path)


def test_a_parquet_file_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    table = pa.table(
        {"student_id": [f"s{i}" for i in range(5000)], "skill": ["a"] * 5000, "correct": [1] * 5000}
    )
    pq.write_table(table, path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[100:600] = bytes(500)
    path.write_bytes(content)
    with pytest.raises(UnreadableDataset, match="Parquet file is broken"):
        read_dataset(path)


class TestLimits:
    CSV = EVENTS.encode() + b"ann,add,1\nann,mul,0\nbob,div,1\n"
    ROWS = PYKT.encode() + b'0,ann,"3,4,-1","1,0,-1"\n1,bob,5,1\n'

    def parquet(self) -> bytes:
        sink = BytesIO()
        columns = {"student_id": ["ann", "ann", "bob"], "skill": ["add", "mul", "div"], "correct": [1, 0, 1]}
        pq.write_table(pa.table(columns), sink)
        return sink.getvalue()

    @pytest.fixture(params=["events", "parquet", "pykt"])
    def path(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        contents = {"events": self.CSV, "parquet": self.parquet(), "pykt": self.ROWS}
        (tmp_path / "file").write_bytes(contents[request.param])
        return tmp_path / "file"

    def test_as_much_as_is_allowed_is_read(self, path: Path) -> None:
        sequences = read_dataset(path, limits=Limits(responses=3, skills=3))
        assert (sequences.n_responses, sequences.vocabulary.n_skills) == (3, 3)

    def test_more_responses_are_refused_with_the_limit(self, path: Path) -> None:
        with pytest.raises(UnreadableDataset, match="more than 2 responses"):
            read_dataset(path, limits=Limits(responses=2))

    def test_more_skills_are_refused_with_their_number(self, path: Path) -> None:
        with pytest.raises(UnreadableDataset, match=r"3 skills, .* at most 2; are item ids"):
            read_dataset(path, limits=Limits(skills=2))

    def test_parquet_is_refused_before_it_unpacks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nulls = pa.nulls(MOST_RESPONSES + 1, pa.int8())
        pq.write_table(pa.table(dict.fromkeys(["student_id", "skill", "correct"], nulls)), tmp_path / "file")
        monkeypatch.delattr(pq.ParquetFile, "iter_batches")
        with pytest.raises(UnreadableDataset, match="more than 20,000,000 responses"):
            read_dataset(tmp_path / "file")
        assert (tmp_path / "file").stat().st_size < 2**20

    def test_a_long_value_is_refused_before_it_is_repeated(self, tmp_path: Path) -> None:
        skill = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["x" * 2**20])
        columns = {"student_id": ["ann"] * 2000, "skill": skill, "correct": [1] * 2000}
        pq.write_table(pa.table(columns), tmp_path / "file")
        with pytest.raises(UnreadableDataset, match="'skill' holds a value of 1,048,576 bytes"):
            read_dataset(tmp_path / "file")

    def test_a_large_row_group_is_refused(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ikt_model.data.events.MOST_ROW_GROUP_BYTES", 2**4)
        path.write_bytes(self.parquet())
        with pytest.raises(UnreadableDataset, match="row group"):
            read_dataset(path)
