"""What is kept of students: the last version, within bounds, and nothing of who was erased."""

import pytest

from api import student_cache
from api.student_cache import StudentCache


@pytest.fixture
def cache() -> StudentCache[str]:
    return StudentCache(limit_bytes=10)


def keep(cache: StudentCache[str], student_pk: int, part: str, version: int = 1, n_bytes: int = 4) -> None:
    cache.keep(student_pk, part, version=version, made=f"{part}{version}", n_bytes=n_bytes)


def test_a_version_is_found_until_the_next(cache: StudentCache[str]) -> None:
    keep(cache, 1, "a")
    assert (cache.find(1, "a", version=1), cache.find(1, "a", version=2)) == ("a1", None)
    keep(cache, 1, "a", version=2)
    assert (cache.find(1, "a", version=1), cache.find(1, "a", version=2)) == (None, "a2")
    assert cache.n_bytes == 4


def test_the_least_recently_used_leave_first(cache: StudentCache[str]) -> None:
    keep(cache, 1, "a")
    keep(cache, 2, "a")
    cache.find(1, "a", version=1)
    keep(cache, 3, "a")
    assert [cache.find(pk, "a", version=1) for pk in (1, 2, 3)] == ["a1", None, "a1"]
    assert cache.n_bytes == 8


def test_what_is_too_large_is_not_kept(cache: StudentCache[str]) -> None:
    keep(cache, 1, "a", n_bytes=11)
    assert (cache.find(1, "a", version=1), cache.n_bytes) == (None, 0)


def test_a_student_is_forgotten_with_every_part(cache: StudentCache[str]) -> None:
    keep(cache, 1, "a", n_bytes=2)
    keep(cache, 1, "b", n_bytes=2)
    keep(cache, 2, "a", n_bytes=2)
    cache.forget(1)
    assert [cache.find(1, "a", version=1), cache.find(1, "b", version=1)] == [None, None]
    assert (cache.find(2, "a", version=1), cache.n_bytes) == ("a1", 2)


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
