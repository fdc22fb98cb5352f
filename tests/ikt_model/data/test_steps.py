"""Which rows are one step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ikt_model.data.steps import step_starts


def plain_starts(same: list[bool], skills: list[int]) -> list[int]:
    """The rule, row by row."""
    starts: list[int] = []
    seen: set[int] = set()
    for row, (joins, skill) in enumerate(zip(same, skills, strict=True)):
        if row == 0 or not joins or skill in seen:
            starts.append(row)
            seen = set()
        seen.add(skill)
    return starts


@pytest.mark.parametrize(
    ("skills", "expected"),
    [
        ("AB", [0]),
        ("ABAB", [0, 2]),
        ("ABBA", [0, 2]),
        ("AAA", [0, 1, 2]),
        ("AAB", [0, 1]),
        ("ABCA", [0, 3]),
        ("ABCBA", [0, 3]),
    ],
)
def test_a_skill_that_comes_again_is_a_new_attempt(skills: str, expected: list[int]) -> None:
    codes = np.array([ord(letter) for letter in skills], dtype=np.int32)
    assert step_starts(same_attempt=np.ones(len(codes), bool), skills=codes).tolist() == expected


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=60))
def test_equals_the_rule_applied_row_by_row(rows: list[tuple[bool, int]]) -> None:
    same, skills = [joins for joins, _ in rows], [skill for _, skill in rows]
    found = step_starts(same_attempt=np.array(same, dtype=bool), skills=np.array(skills, dtype=np.int32))
    assert found.tolist() == plain_starts(same, skills)


def test_a_million_attempts_at_one_item_stay_quick() -> None:
    n_rows = 1_000_000
    starts = step_starts(same_attempt=np.ones(n_rows, bool), skills=np.zeros(n_rows, np.int32))
    assert len(starts) == n_rows
