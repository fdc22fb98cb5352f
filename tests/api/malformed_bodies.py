"""Bodies that no operation takes, at the door of each that takes JSON, and files that hide what they are."""

import bz2
import gzip
import lzma
import pickle
import zlib
from typing import Any

import pyarrow as pa

from tests.api.malformed import GOOD, Bad, as_json, parquet, upload

LOAD = "/interactions"
DOORS = {
    "/experiments": "POST",
    "/cross-validations": "POST",
    "/sweeps": "POST",
    "/students/ana/interactions": "POST",
    "/students/ana/predictions": "POST",
    "/xapi/statements": "POST",
    "/cohorts/5b/students": "PUT",
}
DEPTH = 100_000
MEMBERS = b"{" + b",".join(b'"k%d":1' % number for number in range(150_000)) + b"}"
ZEROS = b"[" + b",".join([b"0"] * 300_000) + b"]"
LINKED = {"Content-Type": "Application/LD+JSON; charset=utf-8"}
MANY_COLUMNS = GOOD.replace(b"\n", b"," * 1_000_000 + b"\n")
LONG_CELL = GOOD + b"cem,add," + b"1" * 9_000_000 + b"\n"


def kinds() -> list[tuple[str, int, str, dict[str, Any]]]:
    """Name, status, problem and request of what must be refused at every door."""
    no_json, not_valid = (400, "invalid-json"), (422, "invalid-request")
    too_large = (413, "content-too-large")
    media_type, encoding = (415, "unsupported-media-type"), (415, "unsupported-encoding")
    return [
        ("lists within lists", *no_json, as_json(b"[" * DEPTH + b"]" * DEPTH)),
        ("objects within objects", *no_json, as_json(b'{"a":' * DEPTH + b"1" + b"}" * DEPTH)),
        ("lists within a member", *no_json, as_json(b'{"a":' + b"[" * DEPTH + b"]" * DEPTH + b"}")),
        ("number of 5000 digits in a member", *no_json, as_json(b'{"a": -' + b"9" * 5000 + b"}")),
        ("values of another type of JSON", *too_large, {"content": ZEROS, "headers": LINKED}),
        ("second document", *no_json, as_json(b"{} {}")),
        ("half of a character", *no_json, as_json(b'{"a": "\xe2\x82"}')),
        ("NUL after a document", *no_json, as_json(b"{}\x00")),
        ("150,000 members", *not_valid, as_json(MEMBERS)),
        ("text alone", *not_valid, as_json(b'"\\ud800"')),
        ("number beyond any other", *not_valid, as_json(b"1e400")),
        ("300,000 values", *too_large, as_json(ZEROS)),
        ("5 MB of a name", *too_large, as_json(b'{"' + b"x" * 5_000_000 + b'": 1}')),
        ("without Content-Type", *media_type, {"content": b"{}"}),
        ("form", *media_type, {"data": {"dataset_id": "1"}}),
        ("XML", *media_type, {"content": b"<a/>", "headers": {"Content-Type": "application/xml"}}),
        *(
            (f"{name}", *encoding, with_encoding(name, content))
            for name, content in {
                "gzip": gzip.compress(b"{}"),
                "deflate": zlib.compress(b"{}"),
                "gzip of 10 MB": gzip.compress(bytes(10_000_000), compresslevel=1),
                "br": b"{}",
            }.items()
        ),
    ]


def with_encoding(name: str, content: bytes) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Content-Encoding": name.partition(" ")[0]}
    return {"content": content, "headers": headers}


def encoded(name: str, path: str, content_type: str) -> Bad:
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    request = {"content": gzip.compress(GOOD), "headers": headers}
    return Bad(f"encoded: {name}", 415, "unsupported-encoding", path, request=request)


AT_EVERY_DOOR = [
    Bad(f"{method} {path}: {name}", status, slug, path, method=method, request=request)
    for name, status, slug, request in kinds()
    for path, method in DOORS.items()
]

LOADS = [
    Bad("load: 300,000 values", 413, "batch-too-large", LOAD, request=as_json(ZEROS)),
    Bad("load: 90,000 values", 422, "invalid-request", LOAD, request=as_json(ZEROS[:180_000] + b"]")),
    Bad("load: 150,000 members", 422, "invalid-request", LOAD, request=as_json(b"[" + MEMBERS + b"]")),
    Bad("load: lists within lists", 400, "invalid-json", LOAD, request=as_json(b"[" * DEPTH + b"]" * DEPTH)),
    Bad("load: 100,000 lines that are numbers", 422, "invalid-request", LOAD,
        request={"content": b"1\n" * 100_000, "headers": {"Content-Type": "application/x-ndjson"}}),
    encoded("lines", LOAD, "application/x-ndjson"),
    encoded("list of responses", LOAD, "application/json"),
    encoded("CSV", "/datasets", "text/csv"),
    encoded("Parquet", "/datasets", "application/vnd.apache.parquet"),
    encoded("form", "/datasets", "multipart/form-data; boundary=x"),
]  # fmt: skip

HIDDEN = [
    upload("bzip2", bz2.compress(GOOD)),
    upload("xz", lzma.compress(GOOD)),
    upload("Zstandard", pa.compress(GOOD, codec="zstd", asbytes=True)),
    upload("gzip of 10 MB", gzip.compress(bytes(10_000_000), compresslevel=1)),
    upload("7-Zip", b"7z\xbc\xaf\x27\x1c" + bytes(100)),
    upload("Arrow", b"ARROW1\x00\x00" + bytes(100)),
    upload("pickle", pickle.dumps({"student_id": ["ana"]})),
    upload("million columns", MANY_COLUMNS),
    upload("value of 9 MB", LONG_CELL, "dataset-bad-rows"),
    upload("line that never ends", b"student_id,skill,correct" + b"," * 2_000_000),
    upload("quote that never ends", GOOD + b'cem,"' + b"x" * 9_000_000, "dataset-bad-rows"),
    upload("a million empty lines", b"student_id,skill,correct\n" + b"\n" * 1_000_000),
    upload("NULs after a header", b"student_id,skill,correct\n" + bytes(2_000_000), "dataset-bad-rows"),
    upload("Parquet with a value of 20 MB", parquet(student_id=["a" * 20_000_000], skill=["x"], correct=[1])),
    upload("Parquet with 6000 skills",
           parquet(student_id=["a"] * 6000, skill=[f"s{n}" for n in range(6000)], correct=[1] * 6000)),
]  # fmt: skip
