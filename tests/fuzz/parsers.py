"""What the parsers are given, and what they may do with it: read it, or refuse it in the declared way."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from api.services.ingest_lines import LineReader
from ikt_model.data.errors import DatasetRefused
from ikt_model.data.limits import Limits
from ikt_model.data.readers import DataFormat, read_dataset
from ikt_model.data.sequences import Sequences

Feed = Callable[[bytes], None]

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SKILLS = ["add", "subtract", "multiply"]
LIMITS = Limits(responses=100_000, skills=1_000)
# One file, written anew: a name of its own for every input would be most of the work.
INPUT = Path(os.environ.get("FUZZ_INPUT") or tempfile.mkstemp(prefix="ikt-fuzz-")[1])


def feed_events(content: bytes) -> None:
    """Raises what is no declared refusal."""
    _read(content, "auto" if content.startswith(b"PAR1") else "events")


def feed_pykt(content: bytes) -> None:
    """Raises what is no declared refusal."""
    _read(content, "pykt")


def feed_lines(content: bytes) -> None:
    """Every line is stored or refused, once, whether the model's skills are known or not."""
    lines = content.split(b"\n")
    full = sum(1 for line in lines if line and not line.isspace())
    for known in (SKILLS, None):
        reader = LineReader(known=known, now=NOW, most_explained=20)
        rows = reader.read(lines)
        assert len(rows) + len(reader.refused) == len(reader.lines) == full
        for student, event, skills, item, correct, at in rows:
            text = "".join((student, event, skills, item or ""))
            text.encode()
            assert "\0" not in text
            assert student
            assert isinstance(correct, bool)
            assert 0 < at < 2**63


def _read(content: bytes, format: DataFormat) -> None:
    INPUT.write_bytes(content)
    with suppress(DatasetRefused):
        _check(read_dataset(INPUT, format=format, limits=LIMITS))


def _check(sequences: Sequences) -> None:
    assert sequences.n_responses <= LIMITS.responses
    assert sequences.n_students >= 1
    assert len(sequences.content_hash) == 64


EVENTS = b"student_id,skill,correct\n"
EVENTS_WIDE = b"student_id,skill,correct,timestamp,item\n"
PYKT = b"fold,uid,concepts,responses\n"
PYKT_WIDE = b"fold,uid,concepts,responses,questions,timestamps,is_repeat\n"
LINE = b'{"student_id": "ann", "skill": "add", "correct": true}\n'


def parquet() -> bytes:
    sink = BytesIO()
    columns = {"student_id": ["ann", "ann", "bob"], "skill": ["add", "mul", "div"], "correct": [1, 0, 1]}
    pq.write_table(pa.table(columns), sink, compression="none")
    return sink.getvalue()


FEEDS: dict[str, Feed] = {"events": feed_events, "pykt": feed_pykt, "lines": feed_lines}
SEEDS: dict[str, list[bytes]] = {
    "events": [
        EVENTS + b"ann,add,1\nann,mul,0\nbob,add,1\n",
        EVENTS_WIDE + b"ann,add,1,2025-12-07T20:10:37Z,i1\nann,mul,0,1700000000000,i1\nbob,mul,1,,\n",
        b'\xef\xbb\xbf"student_id","skill","correct"\r\n"a ""b""",add,1\r\n\r\nbob,"add",0',
        EVENTS + b"ann,add,2\n,add,1\nann,,x\n",
        parquet(),
    ],
    "pykt": [
        PYKT + b'0,ann,"3,4,-1","1,0,-1"\n1,bob,5,1\n',
        PYKT_WIDE + b'0,ann,"3_5,4,4","1,0,0","7,8,8","1700000000000,1700000000001,1700000000001","0,0,1"\n',
        PYKT + b'-1,ann,"1,2","1"\n1000,bob,x,2\n0,,1,1\n',
        PYKT + b'0,ann,"1,1","1,1"\n0,bob,2,1\n0,ann,"2","0"\n',
    ],
    "lines": [
        LINE,
        LINE + b'{"student_id":"bob","skills":["add","subtract"],"correct":0,"item":"i1","event_id":"e1"}\n',
        b'{"student_id":"bob","skill":"add","correct":1,"timestamp":"2025-12-07T20:10:37.5+01:00"}\n\n[]\nnull\n',
        b'{"student_id":"b\\u00e9\\ud83d\\ude00","skill":"none","correct":2}\n\xff\n{"a":[[[[]]]]}\n',
    ],
}
WORDS: dict[str, list[str]] = {
    "events": [
        "student_id",
        "skill",
        "correct",
        "timestamp",
        "item",
        "2025-12-07T20:10:37Z",
        "1700000000000",
    ],
    "pykt": ["fold", "uid", "concepts", "responses", "questions", "timestamps", "is_repeat", "-1", "3_5"],
    "lines": ["student_id", "skill", "skills", "correct", "event_id", "item", "timestamp", "true", "null"],
}
