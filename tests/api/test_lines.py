"""Lines of a bulk load: the quick way and the careful one accept and refuse the same."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.services.ingest_lines import LineReader, Row
from db.base import to_microseconds

NOW = datetime.now(UTC)
KNOWN = ("add", "long division", "学", "a\xa0b", " padded", "")

texts = st.one_of(
    st.sampled_from(
        ["ann", "add", "x" * 128, "x" * 129, "x" * 256, "x" * 257, "", " ", " a", "a ", "a\n", "é"]
    ),
    st.sampled_from(["\x00", "\x7f", "\x85", "\x9f", "\xa0", "\u200b", "\u2028", "\ud800", "😀", "a\tb"]),
    st.text(max_size=5),
)
times = st.one_of(
    st.datetimes(timezones=st.timezones() | st.just(UTC)).map(datetime.isoformat),
    st.sampled_from(
        [
            "2026-03-02T12:00:00Z",
            "2026-03-02t12:00:00z",
            "2026-03-02 12:00:00+02:00",
            "2026-03-02T12:00:00.1234567Z",
            "2026-03-02T12:00:00.9999999-23:59",
            "2026-03-02T12:00:00+0200",
            "2026-03-02T12:00:00+24:00",
            "2026-03-02T12:00:60Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T12:00:00,5Z",
            "2026-03-02T12:00:00",
            "2026-02-30T12:00:00Z",
            "20260302T120000Z",
            "2026-W10-1T12:00:00Z",
            "2026-03-02T12:00Z",
            "٢٠٢٦-03-02T12:00:00Z",
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00+00:01",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            (NOW + timedelta(seconds=50)).isoformat(),
            (NOW + timedelta(days=1)).isoformat(),
        ]
    ),
)
anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.lists(texts, max_size=3), st.just({})
)
FIELDS = {
    "student_id": texts,
    "event_id": texts,
    "correct": st.sampled_from([True, False, 0, 1, 2, -1, 1.0, "true", None]),
    "skill": st.sampled_from(KNOWN) | texts,
    "skills": st.lists(st.sampled_from(KNOWN) | texts, max_size=22),
    "item": texts,
    "timestamp": times,
    "score": anything,
}
RIGHT = {"student_id": "ann", "event_id": "e1", "skill": "add", "correct": True}
changes = st.fixed_dictionaries({}, optional={name: values | anything for name, values in FIELDS.items()})
bodies = st.builds(
    lambda changed, dropped: {key: value for key, value in (RIGHT | changed).items() if key not in dropped},
    changes,
    st.sets(st.sampled_from([*RIGHT]), max_size=2),
)
lines = st.one_of(
    st.builds(
        lambda body, as_ascii: json.dumps(body, ensure_ascii=as_ascii).encode(errors="surrogatepass"),
        bodies,
        st.booleans(),
    ),
    st.builds(
        lambda body, at, byte: (text := json.dumps(body).encode())[:at] + byte + text[at:],
        bodies,
        st.integers(0, 40),
        st.binary(max_size=2),
    ),
    st.sampled_from(
        [
            b"[1]",
            b"5",
            b"{}{}",
            b'{"correct": 01}',
            b"[" * 5000,
            b'{"skills": ' + b"[" * 5000,
            b'{"student_id": "ann", "correct": 1, "skill": 5, "skill": "add"}',
            b'{"student_id": "ann", "correct": -0, "skill": "add", "event_id": "e1"}',
            b'{"student_id": "ann", "correct": 1e0, "skill": "add", "event_id": "e1"}',
            b'\xef\xbb\xbf{"student_id": "ann", "correct": 1, "skill": "add", "event_id": "e1"}',
            json.dumps(RIGHT).encode("utf-16"),
            b'{"correct": ' + b"9" * 5000 + b"}",
        ]
    ),
)


class Careful(LineReader):
    """Looks at every line with care."""

    def _read_plainly(self, line: bytes) -> Row | None:  # noqa: ARG002
        return None


def read(kind: type[LineReader], content: list[bytes], known: Any) -> tuple[list[Any], list[int], Any]:
    """Rows, with only as much of made up ids as two readers agree about; and what is refused."""
    reader = kind(known=known, now=NOW, most_explained=100)
    rows = [(*row[:1], row[1] if len(row[1]) != 36 else "made up", *row[2:]) for row in reader.read(content)]
    return rows, reader.refused, reader.errors


@settings(max_examples=200, deadline=None)
@given(st.lists(lines, min_size=1, max_size=3), st.sampled_from([None, KNOWN]))
@example([b'{"student_id": "ann", "correct": true}'], KNOWN)
@example([json.dumps(RIGHT | {"timestamp": "2026-03-02T12:00:00.1234567Z"}).encode()], None)
@example([json.dumps(RIGHT | {"timestamp": "2026-03-02T12:00:00"}).encode()], None)
@example([json.dumps(RIGHT | {"skills": ["add", "a\xa0b"]}).encode()], KNOWN)
def test_both_ways_accept_and_refuse_the_same(content: list[bytes], known: tuple[str, ...] | None) -> None:
    quick, careful = read(LineReader, content, known), read(Careful, content, known)
    assert quick[:2] == careful[:2]
    assert [[error.pointer for error in errors] for errors in quick[2].values()] == [
        [error.pointer for error in errors] for errors in careful[2].values()
    ]


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"correct": 2}, "/correct", "must be true or false, or 1 or 0; it is 2"),
        ({"skill": "ad"}, "/skill", "knows 6 skills; the nearest names are 'add'"),
        ({"student_id": "x" * 129}, "/student_id", "at most 128 characters"),
        ({"event_id": "a\x00"}, "/event_id", "must not hold line breaks or other control characters"),
        ({"item": " a"}, "/item", "must not begin or end with white space"),
        ({"timestamp": 5}, "/timestamp", "must be an RFC 3339 time with its offset"),
        (
            {"timestamp": "1970-01-01T00:00:00Z"},
            "/timestamp",
            "must lie after the beginning of",
        ),
        ({"timestamp": "2199-01-01T00:00:00Z"}, "/timestamp", "must not lie in the future"),
        ({"score": 1}, "/score", "not permitted"),
    ],
)
def test_a_refused_line_names_what_is_wrong(changes: dict[str, Any], pointer: str, words: str) -> None:
    reader = LineReader(known=KNOWN, now=NOW, most_explained=5)
    assert reader.read([b"", json.dumps(RIGHT).encode(), json.dumps(RIGHT | changes).encode()]) == [
        ("ann", "e1", '["add"]', None, True, to_microseconds(NOW) + 1)
    ]
    (error,) = reader.errors[1]
    assert (error.line, error.pointer) == (3, pointer)
    assert words in error.detail


def test_responses_without_a_time_keep_their_order() -> None:
    reader = LineReader(known=None, now=NOW, most_explained=5)
    times = [row[-1] for _ in range(2) for row in reader.read([json.dumps(RIGHT).encode()] * 3)]
    assert times == sorted(set(times))


def test_only_some_refused_lines_are_explained() -> None:
    reader = LineReader(known=(), now=NOW, most_explained=3)
    reader.read([json.dumps(RIGHT | {"skill": f"s{number}"}).encode() for number in range(9)])
    assert (reader.refused, list(reader.errors), reader.is_about_skills) == ([*range(9)], [0, 1, 2], True)
