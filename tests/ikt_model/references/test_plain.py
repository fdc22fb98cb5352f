"""Parameters as they are stored, by this release and by earlier ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from ikt_model.references.plain import Floats, ParametersMissing, from_plain, to_plain


@dataclass(frozen=True, slots=True)
class Inner:
    slope: float
    way: str = "usual"


@dataclass(frozen=True, slots=True)
class Outer:
    values: Floats
    inner: Inner
    figures: Mapping[str, float] = field(default_factory=dict)


def test_what_came_later_takes_its_default() -> None:
    read = from_plain(Outer, {"values": [1.0, None], "inner": {"slope": 2.0}})
    np.testing.assert_array_equal(read.values, [1.0, np.inf])
    assert (read.inner, read.figures) == (Inner(2.0), {})


def test_all_that_is_stored_comes_back() -> None:
    stored = {"values": [1.0, None], "inner": {"slope": 2.0, "way": "other"}, "figures": {"auc": 0.7}}
    assert to_plain(from_plain(Outer, stored)) == stored


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({"figures": {}}, "Outer lacks 'values', 'inner'"),
        ({"values": [], "inner": {"way": "other"}}, "Inner lacks 'slope'"),
    ],
)
def test_what_has_no_default_is_missed_by_name(stored: dict[str, object], told: str) -> None:
    with pytest.raises(ParametersMissing, match=told):
        from_plain(Outer, stored)
