"""What is kept of students: the last version, within bounds, and nothing of who was erased."""

import tracemalloc

import pytest

from api import student_cache
from api.student_cache import ENTRY_BYTES, StudentCache


@pytest.fixture
def cache() -> StudentCache[str]:
    return StudentCache(limit_bytes=2 * ENTRY_BYTES + 10)


def keep(cache: StudentCache[str], student_pk: int, part: str, version: int = 1, n_bytes: int = 4) -> None:
    cache.keep(student_pk, part, version=version, made=f"{part}{version}", n_bytes=n_bytes)


def test_a_version_is_found_until_the_next(cache: StudentCache[str]) -> None:
    keep(cache, 1, "a")
    assert (cache.find(1, "a", version=1), cache.find(1, "a", version=2)) == ("a1", None)
    keep(cache, 1, "a", version=2)
    assert (cache.find(1, "a", version=1), cache.find(1, "a", version=2)) == (None, "a2")
    assert cache.n_bytes == ENTRY_BYTES + 4


def test_the_least_recently_used_leave_first(cache: StudentCache[str]) -> None:
    keep(cache, 1, "a")
    keep(cache, 2, "a")
    cache.find(1, "a", version=1)
    keep(cache, 3, "a")
    assert [cache.find(pk, "a", version=1) for pk in (1, 2, 3)] == ["a1", None, "a1"]
    assert cache.n_bytes == 2 * (ENTRY_BYTES + 4)


def test_what_is_too_large_is_not_kept(cache: StudentCache[str]) -> None:
    keep(cache, 1, "a", n_bytes=2 * ENTRY_BYTES + 11)
    assert (cache.find(1, "a", version=1), cache.n_bytes) == (None, 0)


def test_a_student_is_forgotten_with_every_part() -> None:
    cache: StudentCache[str] = StudentCache(limit_bytes=3 * (ENTRY_BYTES + 2))
    for pk, part in ((1, "a"), (1, "b"), (2, "a")):
        keep(cache, pk, part, n_bytes=2)
    cache.forget(1)
    assert [cache.find(1, "a", version=1), cache.find(1, "b", version=1)] == [None, None]
    assert (cache.find(2, "a", version=1), cache.n_bytes) == ("a1", ENTRY_BYTES + 2)


def test_forgetting_looks_at_nobody_else() -> None:
    cache: StudentCache[str] = StudentCache(limit_bytes=10 * ENTRY_BYTES)
    hashed: list[int] = []

    class Student(int):
        def __hash__(self) -> int:
            hashed.append(int(self))
            return int(self)

        __eq__ = int.__eq__

    for pk in range(20):
        keep(cache, Student(pk), "a", n_bytes=0)
    hashed.clear()
    cache.forget(Student(15))
    assert set(hashed) == {15}
    assert [pk for pk in range(20) if cache.find(pk, "a", version=1)] == [*range(10, 15), *range(16, 20)]
    for pk in range(20):
        cache.forget(pk)
    assert (cache.n_bytes, cache._kept, cache._parts) == (0, {}, {})


def test_what_is_kept_takes_no_more_than_is_counted() -> None:
    cache: StudentCache[bytes] = StudentCache(limit_bytes=10_000_000)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(5000):
        version = f"{number}" * 10
        cache.keep((10**9 + number, 10**15 + number), hash((number,)), version=version, made=b"", n_bytes=0)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before <= cache.n_bytes


def test_what_was_read_before_an_erasure_is_not_kept_after_it(
    cache: StudentCache[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(student_cache, "MOST_ERASED", 2)
    cache.forget(1)
    keep(cache, 1, "a")
    assert cache.find(1, "a", version=1) is None
    cache.forget(2)
    cache.forget(3)
    keep(cache, 1, "a")
    assert cache.find(1, "a", version=1) == "a1"
