"""Requests that must be refused, and how each of them is."""

import gzip
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

UNKNOWN = "0193a1f6-0f0a-7c11-9d3e-8a1b2c3d4e5f"
DATASET = "$dataset"
"""Stands for the id of a stored dataset."""
BAD_ROWS = "dataset-bad-rows"
GOOD = b"student_id,skill,correct\nana,add,1\nben,add,0\n"
BOUNDARY = "multipart/form-data; boundary=x"


@dataclass(frozen=True, slots=True)
class Bad:
    """One request, and the problem that it must be answered with."""

    name: str
    status: int
    slug: str
    path: str
    method: str = "POST"
    request: dict[str, Any] = field(default_factory=dict)
    pointer: str | None = None
    """Where the problem must point, when it points anywhere."""


def parquet(**columns: list[Any]) -> bytes:
    sink = BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def upload(name: str, content: bytes, slug: str = "dataset-unreadable", **fields: str) -> Bad:
    request = {"files": {"file": ("bad.csv", content)}, "data": fields}
    return Bad(f"upload: {name}", 422, slug, "/datasets", request=request)


def rows(name: str, *lines: str, header: str = "student_id,skill,correct") -> Bad:
    return upload(name, "\n".join([header, *lines, ""]).encode(), BAD_ROWS)


def form(name: str, status: int, slug: str, body: bytes, content_type: str = BOUNDARY) -> Bad:
    request = {"content": body, "headers": {"Content-Type": content_type}}
    return Bad(f"form: {name}", status, slug, "/datasets", request=request)


def part(name: str, value: bytes, extra: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + value + b"\r\n"


def field_of_form(name: str, pointer: str, /, **fields: str) -> Bad:
    request = {"files": {"file": ("good.csv", GOOD)}, "data": fields}
    return Bad(f"form: {name}", 422, "invalid-request", "/datasets", request=request, pointer=pointer)


def experiment(name: str, pointer: str | None, slug: str = "invalid-request", /, **body: Any) -> Bad:
    return submission(f"experiment: {name}", "/experiments", pointer, slug, **body)


def submission(name: str, path: str, pointer: str | None, slug: str, /, **body: Any) -> Bad:
    # Not httpx's own JSON, which refuses NaN and lone surrogates before the service can.
    content = json.dumps({"dataset_id": DATASET, **body})
    return Bad(name, 422, slug, path, request=as_json(content), pointer=pointer)


def config(name: str, pointer: str, value: Any) -> Bad:
    return experiment(f"config {name}", pointer, "experiment-refused", config=value)


def nested(depth: int) -> dict[str, Any]:
    innermost: dict[str, Any] = {}
    for _ in range(depth - 1):
        innermost = {"loss": innermost}
    return innermost


def raw(name: str, status: int, slug: str, content: bytes | str, path: str = "/experiments") -> Bad:
    return Bad(f"body: {name}", status, slug, path, request=as_json(content))


def query(name: str, path: str, status: int = 422, slug: str = "invalid-request") -> Bad:
    return Bad(f"query: {name}", status, slug, path, method="GET")


def as_json(content: bytes | str) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": "application/json"}}


def cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


EXPERIMENT_CURSOR = cursor(f"Experiment.id={UNKNOWN}")
FAR_CURSOR = cursor("Student.id=" + "9" * 30)

FILES = [
    upload("empty", b" "),
    upload("white space", b"\n\n   \n"),
    upload("header alone", b"student_id,skill,correct\n"),
    upload("no known column", b"a,b,c\n1,2,3\n"),
    upload("no column for the response", b"student_id,skill\nana,add\n"),
    upload("a column twice", b"student_id,skill,correct,skill\nana,add,1,add\n"),
    upload("semicolons", b"student_id;skill;correct\nana;add;1\n"),
    upload("UTF-16", "student_id,skill,correct\nana,add,1\n".encode("utf-16")),
    upload("gzip", gzip.compress(GOOD)),
    upload("zip", b"PK\x03\x04" + bytes(100)),
    upload("PNG", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    upload("JSON", b'[{"student_id": "ana", "skill": "add", "correct": 1}]'),
    upload("truncated Parquet", parquet(student_id=["a"], skill=["x"], correct=[1])[:-20]),
    upload("Parquet of nothing", b"PAR1"),
    upload("Parquet with other columns", parquet(who=["a"], what=["x"])),
    upload("Parquet as pykt", parquet(student_id=["a"], skill=["x"], correct=[1]), format="pykt"),
    upload("Parquet with correct 2", parquet(student_id=["a"], skill=["x"], correct=[2]), BAD_ROWS),
    upload("Parquet of nulls", parquet(student_id=["a"], skill=[None], correct=[1])),
    upload("Parquet with a null", parquet(student_id=["a"] * 2, skill=["x", None], correct=[1, 1]), BAD_ROWS),
    upload("bytes that are not UTF-8", GOOD + b"c\xffm,add,1\n"),
    rows("correct is 2", "ana,add,1", "ana,add,2"),
    rows("correct is empty", "ana,add,"),
    rows("correct is a word", "ana,add,right"),
    rows("student is empty", ",add,1"),
    rows("skill is empty", "ana,,1"),
    rows("skill with NUL", "ana,a\x00d,1"),
    rows("student with NUL", "a\x00a,add,1"),
    rows("too few values", "ana,add"),
    rows("too many values", "ana,add,1,1"),
    rows("time is a word", "ana,add,1,yesterday", header="student_id,skill,correct,timestamp"),
    rows("pykt: fewer responses", '0,1,"3,5","1"', header="fold,uid,concepts,responses"),
    rows("pykt: response 2", '0,1,"3,5","1,2"', header="fold,uid,concepts,responses"),
    rows("pykt: fold is a word", 'x,1,"3,5","1,0"', header="fold,uid,concepts,responses"),
    rows("pykt: student in two folds", '0,1,"3","1"', '1,1,"5","1"', header="fold,uid,concepts,responses"),
    rows("pykt: no concept", '0,1,"","1"', header="fold,uid,concepts,responses"),
]

FORMS = [
    form("no boundary", 400, "malformed-multipart", b"x", "multipart/form-data"),
    form("not multipart at all", 400, "malformed-multipart", GOOD),
    form("breaks off", 400, "malformed-multipart", part("file", GOOD, '; filename="a.csv"')),
    form("part without a name", 400, "malformed-multipart", b"--x\r\nA: b\r\n\r\n1\r\n--x--\r\n"),
    form("seventeen parts", 400, "malformed-multipart", b"".join(part(f"f{n}", b"1") for n in range(17))),
    form("no file", 422, "invalid-request", part("name", b"x") + b"--x--\r\n"),
    form("file twice", 422, "invalid-request", part("file", GOOD) * 2 + b"--x--\r\n"),
    form("long field", 422, "invalid-request", part("name", b"x" * 5000) + b"--x--\r\n"),
    form("JSON", 415, "unsupported-media-type", b"{}", "application/json"),
    form("no type", 415, "unsupported-media-type", GOOD, ""),
    field_of_form("unknown format", "/format", format="xml"),
    field_of_form("empty name", "/name", name=""),
    field_of_form("long name", "/name", name="x" * 257),
    field_of_form("name of two lines", "/name", name="a\nb"),
    field_of_form("unknown field", "/colour", colour="red"),
    Bad("query: unknown format of an upload", 422, "invalid-request", "/datasets?format=xml",
        request={"content": GOOD, "headers": {"Content-Type": "text/csv"}}),
    Bad("query: unknown parameter of an upload", 422, "invalid-request", "/datasets?colour=red",
        request={"content": GOOD, "headers": {"Content-Type": "text/csv"}}),
    Bad("evaluation of an unknown experiment", 404, "experiment-not-found",
        f"/experiments/{UNKNOWN}/evaluations", request={"files": {"file": ("a.csv", GOOD)}}),
]  # fmt: skip

BODIES = [
    raw("nothing", 422, "invalid-request", b""),
    raw("no JSON", 400, "invalid-json", b"{dataset_id: 1}"),
    raw("breaks off", 400, "invalid-json", b'{"dataset_id": "'),
    raw("no UTF-8", 400, "invalid-json", b'{"name": "\xff"}'),
    raw("nested too deep", 400, "invalid-json", b'{"config": ' + b"[" * 100_000),
    raw("number of 5000 digits", 400, "invalid-json", b'{"fold": ' + b"9" * 5000 + b"}"),
    raw("list", 422, "invalid-request", b"[]"),
    raw("null", 422, "invalid-request", b"null"),
    raw("too long", 413, "content-too-large", b'{"name": "' + b"x" * 5_000_000 + b'"}'),
    Bad("body: of another type", 415, "unsupported-media-type", "/experiments",
        request={"content": b"dataset_id=1", "headers": {"Content-Type": "text/plain"}}),
    Bad("experiment: key with a space", 422, "invalid-request", "/experiments",
        request={"json": {"dataset_id": UNKNOWN}, "headers": {"Idempotency-Key": "a b"}}),
    Bad("experiment: key too long", 422, "invalid-request", "/experiments",
        request={"json": {"dataset_id": UNKNOWN}, "headers": {"Idempotency-Key": "k" * 256}}),
]  # fmt: skip

EXPERIMENTS = [
    raw("no dataset", 422, "invalid-request", b"{}"),
    experiment("dataset is no UUID", "/dataset_id", dataset_id="classroom"),
    experiment("unknown dataset", "/dataset_id", "experiment-refused", dataset_id=UNKNOWN),
    experiment("unknown field", "/learning_rate", learning_rate=0.1),
    experiment("negative fold", "/fold", fold=-1),
    experiment("fold is a word", "/fold", fold="first"),
    experiment("fold too large for any", "/fold", fold=10**30),
    experiment("fold that does not exist", "/fold", "experiment-refused", fold=5),
    experiment("unknown preset", "/preset", "experiment-refused", preset="huge"),
    experiment("preset is a path", "/preset", "experiment-refused", preset="../small-mean"),
    experiment("preset is a number", "/preset", preset=1),
    experiment("negative seed", "/seed", seed=-1),
    experiment("two seeds", "/seed", "experiment-refused", seed=1, config={"training": {"seed": 2}}),
    experiment("name of two lines", "/name", name="a\nb"),
    experiment("name with NUL", "/name", name="a\x00b"),
    experiment("name with half a character", "/name", name="\ud800"),
    experiment("empty name", "/name", name=""),
    experiment("long name", "/name", name="x" * 257),
    experiment("unknown device", "/device", device="tpu"),
    experiment("config is a list", "/config", config=[]),
    experiment("config is five levels deep", "/config", config=nested(5)),
    experiment("config is 400 levels deep", "/config", config=nested(400)),
    experiment("config holds deep lists", "/config", config={"loss": {"lambda_target": [[[]]]}}),
    config("four levels, none of them a setting", "/config/loss/loss", nested(4)),
    config("unknown section", "/config/optimiser", {"optimiser": {}}),
    config("unknown setting", "/config/loss/lamda", {"loss": {"lamda": 0.5}}),
    config("section is a number", "/config/loss", {"loss": 1}),
    config("value out of range", "/config/loss/lambda_target", {"loss": {"lambda_target": 1.5}}),
    config("value is NaN", "/config/loss/lambda_target", {"loss": {"lambda_target": float("nan")}}),
    config("value of another type", "/config/training/epochs", {"training": {"epochs": "many"}}),
    config("value is null", "/config/training/epochs", {"training": {"epochs": None}}),
    config("unknown choice", "/config/loss/ability_target", {"loss": {"ability_target": "moving"}}),
    config("heads that do not divide", "/config/model", {"model": {"n_heads": 3}}),
]

QUERIES = [
    query("limit 0", "/experiments?limit=0"),
    query("limit 201", "/datasets?limit=201"),
    query("limit is a word", "/students?limit=all"),
    query("unknown status", "/experiments?status=done"),
    query("preset with NUL", "/experiments?preset=%00"),
    query("dataset is no UUID", "/experiments?dataset_id=classroom"),
    query("cursor of nothing", "/experiments?cursor=%21%21", 400, "bad-cursor"),
    query("cursor that is no text", "/models?cursor=_____w", 400, "bad-cursor"),
    query("cursor of another list", f"/datasets?cursor={EXPERIMENT_CURSOR}", 400, "bad-cursor"),
    query("cursor beyond any number", f"/students?cursor={FAR_CURSOR}", 400, "bad-cursor"),
    query("path is no UUID", "/datasets/classroom"),
    query("path has a slash in a segment", "/datasets/a%2Fb"),
    query("problem has a slash in a segment", "/problems/a%2Fb", 404, "no-such-problem"),
    query("no path has a slash in a segment", "/a%2fb", 404, "no-such-path"),
    query("epoch below 0", f"/experiments/{UNKNOWN}/metrics?after_epoch=-1"),
    query("no baseline", f"/comparisons?candidate={UNKNOWN}"),
    query("no candidate", f"/comparisons?baseline={UNKNOWN}"),
    query("candidate is no UUID", f"/comparisons?baseline={UNKNOWN}&candidate=best"),
    query("21 candidates", f"/comparisons?baseline={UNKNOWN}" + f"&candidate={UNKNOWN}" * 21),
    query("model is no UUID", "/skills?model_id=best"),
    query("skill with NUL", "/students/ana/mastery?skill=%00"),
    query("history of a skill with NUL", "/students/ana/mastery/history?skill=%00"),
    query("history of 201 skills", "/students/ana/mastery/history?" + "&".join(["skill=add"] * 201)),
    query("history of one moment", "/students/ana/mastery/history?points=1"),
    query("history of 201 moments", "/students/ana/mastery/history?points=201"),
    query("moments are a word", "/students/ana/mastery/history?points=all"),
    query("history of an unknown student", "/students/nobody/mastery/history", 404, "student-not-found"),
    query("1001 steps", "/students/ana/trajectory?limit=1001"),
    Bad("path: promoting no UUID", 422, "invalid-request", "/models/best/promote"),
    Bad("path: deleting an unknown student", 404, "student-not-found", "/students/nobody", method="DELETE"),
]  # fmt: skip

MALFORMED = [*FILES, *FORMS, *BODIES, *EXPERIMENTS, *QUERIES]
