"""What was made of students already, kept while there is room for it."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

Made = TypeVar("Made")

MOST_ERASED = 1024  # students of whom nothing is kept; by then no request is under way that knew them


class _Kept(NamedTuple, Generic[Made]):
    version: Hashable
    made: Made
    n_bytes: int


class StudentCache(Generic[Made]):
    """The last version of each part of a student, the least recently used out first; safe between threads."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[int, Hashable], _Kept[Made]] = OrderedDict()
        self._erased: OrderedDict[int, None] = OrderedDict()
        self._lock = Lock()
        self.n_bytes = 0

    def find(self, student_pk: int, part: Hashable, *, version: Hashable) -> Made | None:
        """The part, unless another version of it is kept."""
        key = (student_pk, part)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.version != version:
                return None
            self._kept.move_to_end(key)
            return kept.made

    def keep(self, student_pk: int, part: Hashable, *, version: Hashable, made: Made, n_bytes: int) -> None:
        """In place of the version before."""
        key = (student_pk, part)
        with self._lock:
            self._drop(key)
            if student_pk in self._erased:
                return
            self._kept[key] = _Kept(version, made, n_bytes)
            self.n_bytes += n_bytes
            while self.n_bytes > self._limit_bytes:
                self._drop(next(iter(self._kept)))

    def forget(self, student_pk: int) -> None:
        """Every part of a student, also what is being made now of what was read before they were erased."""
        with self._lock:
            self._erased[student_pk] = None
            if len(self._erased) > MOST_ERASED:
                self._erased.popitem(last=False)
            for key in [key for key in self._kept if key[0] == student_pk]:
                self._drop(key)

    def _drop(self, key: tuple[int, Hashable]) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.n_bytes -= kept.n_bytes
