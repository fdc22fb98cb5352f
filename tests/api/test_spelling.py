"""Names that are spelt alike are found, and soon."""

import time

import pytest

from api.services.spelling import nearest_names


@pytest.mark.parametrize(
    ("name", "known", "nearest"),
    [
        ("subtrakt", ["add", "subtract"], ["subtract"]),
        ("Longdivision", ["short division", "long division"], ["long division", "short division"]),
        ("57", ["5", "7", "56", "157"], ["157", "5", "7"]),
        ("knitting", ["add", "subtract"], []),
        ("nine", ["nine a", "nine b", "nine c", "nine d"], ["nine a", "nine b", "nine c"]),
        ("skil-1", ["skill-19", "skill-01", "skill-20"], ["skill-19", "skill-01", "skill-20"]),
        ("aaaa", ["a" * 50, "aaa", "b"], ["aaa"]),
        ("学び", ["学", "数"], ["学"]),
        ("\ud800", ["add"], []),
        ("", ["a"], []),
        ("add", [], []),
    ],
)
def test_names_that_are_spelt_alike_are_the_nearest(name: str, known: list[str], nearest: list[str]) -> None:
    assert nearest_names(name, known) == nearest


def test_long_names_of_a_large_vocabulary_are_found_soon() -> None:
    known = [f"{number} {'solving linear equations with fractions ' * 3}"[:120] for number in range(5000)]
    began = time.perf_counter()
    for number in range(0, 500, 25):
        assert nearest_names(known[number].replace("f", "ph") + "?", known)[0] == known[number]
    assert time.perf_counter() - began < 2  # difflib takes seconds for each
