"""What was made of students already, kept while there is room for it."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

Made = TypeVar("Made")

MOST_ERASED = 1024  # students of whom nothing is kept; by then no request is under way that knew them
ENTRY_BYTES = 760  # about what an entry takes besides what was made


class _Kept(NamedTuple, Generic[Made]):
    version: Hashable
    made: Made
    n_bytes: int


class StudentCache(Generic[Made]):
    """The last version of each part of a student, the least recently used out first; safe between threads.

    Who is meant must be told apart by more than a primary key, which SQLite gives again. Parts and versions
    are small.
    """

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[Hashable, Hashable], _Kept[Made]] = OrderedDict()
        self._parts: dict[Hashable, dict[Hashable, None]] = {}
        self._erased: OrderedDict[Hashable, None] = OrderedDict()
        self._lock = Lock()
        self.n_bytes = 0

    def find(self, student: Hashable, part: Hashable, *, version: Hashable) -> Made | None:
        """The part, unless another version of it is kept."""
        key = (student, part)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.version != version:
                return None
            self._kept.move_to_end(key)
            return kept.made

    def keep(self, student: Hashable, part: Hashable, *, version: Hashable, made: Made, n_bytes: int) -> None:
        """In place of the version before."""
        key = (student, part)
        with self._lock:
            self._drop(key)
            if student in self._erased:
                return
            self._kept[key] = _Kept(version, made, n_bytes + ENTRY_BYTES)
            self._parts.setdefault(student, {})[part] = None
            self.n_bytes += n_bytes + ENTRY_BYTES
            while self.n_bytes > self._limit_bytes:
                self._drop(next(iter(self._kept)))

    def forget(self, student: Hashable) -> None:
        """Every part of a student, also what is being made now of what was read before they were erased."""
        with self._lock:
            self._erased[student] = None
            if len(self._erased) > MOST_ERASED:
                self._erased.popitem(last=False)
            for part in list(self._parts.get(student, ())):
                self._drop((student, part))

    def _drop(self, key: tuple[Hashable, Hashable]) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self.n_bytes -= kept.n_bytes
        student, part = key
        parts = self._parts[student]
        del parts[part]
        if not parts:
            del self._parts[student]
