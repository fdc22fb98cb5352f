"""What can't be read is refused with its place and a remedy."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

MOST = 1_000_000_000  # of epochs, or responses in a window


class FiguresRefused(ValueError):
    """The file can't be read as figures."""

    def __init__(self, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem}; {remedy}" if place else f"{problem}; {remedy}")
        self.place = place
        self.problem = problem
        self.remedy = remedy


def require(condition: bool, place: str, problem: str, remedy: str) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise FiguresRefused(place, problem, remedy)


def require_known(given: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    """Refuse the first key that is not one of these, and name the nearest."""
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise FiguresRefused(join(place, key), "is not known here", meant)


def is_count(value: Any) -> bool:
    """Whether it is a whole number from 1 on, such as there may be of anything."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST


def join(place: str, key: str) -> str:
    """A place inside another."""
    return f"{place}.{key}" if place else key
