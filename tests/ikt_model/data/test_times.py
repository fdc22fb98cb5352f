"""Times as text."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data.times import parse_milliseconds

GOOD = {
    "0": 0,
    "999999999": 999999999,
    "10000000000": 10000000000,
    "9214646399999": 9214646399999,
    "2261-12-31T23:59:59.999": 9214646399999,
    "1330837567123": 1330837567123,
    "2012-03-04": 1330819200000,
    "2012-03-04T05:06": 1330837560000,
    "2012-03-04 05:06:07": 1330837567000,
    "2012-03-04T05:06:07.1": 1330837567100,
    "2012-03-04T05:06:07.123456": 1330837567123,
    "2012-03-04T05:06:07Z": 1330837567000,
    "2012-03-04T05:06:07+02:00": 1330830367000,
    "2012-03-04T05:06:07.5-0330": 1330850167500,
    "2012-03-04T05:06+02": 1330830360000,
    " 2012-03-04 ": 1330819200000,
    "1969-12-31T23:59:59.999Z": -1,
}
BAD = [
    "",
    "yesterday",
    "-5",
    "1.5",
    "1e12",
    "1700000000",
    "1000000000",
    "9999999999",
    "9999999999999999",
    "9214646400000",
    "999999999999999",
    "04/03/2012",
    "2012/03/04",
    "20120304T050607",
    "2012-13-01",
    "2012-02-30",
    "2012-03-04T24:00:00",
    "2012-03-04T05:60",
    "2012-03-04T05:06:07 Z",
    "2012-03-04T05:06:07+25:00",
    "0001-01-01",
    "2300-01-01",
    "2012-03-04T05:06:07.",
]


@pytest.mark.parametrize("text", GOOD)
def test_iso_8601_and_milliseconds_are_read(text: str) -> None:
    values, readable = parse_milliseconds(pa.array([text]))
    assert readable.tolist() == [True]
    assert values.tolist() == [GOOD[text]]


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_not_a_time(text: str) -> None:
    _, readable = parse_milliseconds(pa.array([text]))
    assert readable.tolist() == [False]


@given(st.lists(st.sampled_from([*GOOD, *BAD])))
def test_a_verdict_does_not_depend_on_the_neighbours(texts: list[str]) -> None:
    values, readable = parse_milliseconds(pa.array(texts, pa.string()))
    assert readable.tolist() == [text in GOOD for text in texts]
    assert values.tolist() == [GOOD.get(text, 0) for text in texts]
