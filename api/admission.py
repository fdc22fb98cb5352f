"""Places for what only few may do at one time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.services.refusals import TooManyAtOnce


class Places:
    """So many, the last of which no tenant gets who has all others; for the event loop."""

    def __init__(self, total: int, refusal: type[TooManyAtOnce]) -> None:
        self._total = total
        self._each = max(1, total - 1)
        self._refusal = refusal
        self._taken: Counter[int] = Counter()

    @property
    def n_taken(self) -> int:
        return self._taken.total()

    @contextmanager
    def hold(self, tenant_pk: int) -> Iterator[None]:
        """A place for as long as it takes. Raises the refusal when there is none, at once."""
        if self._taken[tenant_pk] >= self._each:
            raise self._refusal(self._each, whose="this tenant")
        if self.n_taken >= self._total:
            raise self._refusal(self._total)
        self._taken[tenant_pk] += 1
        try:
            yield
        finally:
            self._taken[tenant_pk] -= 1
            self._taken += Counter()  # drops those that have none
