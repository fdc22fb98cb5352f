"""Dynamic micro-batches: what arrives together is handled together; what fails together is tried alone."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_ALONE = 8  # items that are handled alone at one moment

logger = logging.getLogger(__name__)


class BatcherClosed(Exception):
    """The service is stopping and takes nothing more."""

    def __init__(self) -> None:
        super().__init__("the service is stopping; send the request again in a few seconds")


class MicroBatcher(Generic[Item, Result]):
    """One thread that hands over what waits, at most `size` items at once.

    It waits up to `delay_seconds` for more, but only while fewer are there than were around a moment ago: a
    caller who is alone is served at once. `handle` gives a result or an exception for each item; when it
    raises one itself, every item goes to `alone`, in other threads, so that one that takes long or fails
    again holds up nobody else. With `size` 1 there are no batches: every item goes to `alone`.
    """

    def __init__(
        self,
        handle: Callable[[list[Item]], Sequence[Result | Exception]],
        alone: Callable[[Item], Result],
        *,
        size: int,
        delay_seconds: float,
    ) -> None:
        self._handle = handle
        self._alone = alone
        self._size = size
        self._delay_seconds = delay_seconds
        self._waiting: deque[tuple[Item, Future[Result]]] = deque()
        self._changed = threading.Condition()
        self._n_last = 0
        self._is_closed = False
        self._worker: threading.Thread | None = None
        self._others = ThreadPoolExecutor(MOST_ALONE, thread_name_prefix="alone")

    def submit(self, item: Item) -> "Future[Result]":
        """Its result, as soon as the batch that it falls into is done. Raises BatcherClosed."""
        with self._changed:
            if self._is_closed:
                raise BatcherClosed
            if self._size == 1:
                return self._others.submit(self._alone, item)
            future: Future[Result] = Future()
            self._waiting.append((item, future))
            if self._worker is None:
                self._worker = threading.Thread(target=self._run, name="batches", daemon=True)
                self._worker.start()
            self._changed.notify()
            return future

    def close(self) -> None:
        """Take nothing more, and return when all that was taken is done."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._worker is not None:
            self._worker.join()
        self._others.shutdown()

    def _run(self) -> None:
        while batch := self._take():
            self._settle(batch)

    def _take(self) -> list[tuple[Item, "Future[Result]"]]:
        """The next batch; nothing once the batcher is closed and everything is taken."""
        with self._changed:
            # Those who were answered just now, and those who came meanwhile.
            n_around = min(self._size, self._n_last + len(self._waiting))
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            self._changed.wait_for(
                lambda: len(self._waiting) >= n_around or self._is_closed, timeout=self._delay_seconds
            )
            self._n_last = min(self._size, len(self._waiting))
            return [self._waiting.popleft() for _ in range(self._n_last)]

    def _settle(self, batch: list[tuple[Item, "Future[Result]"]]) -> None:
        batch = [(item, future) for item, future in batch if future.set_running_or_notify_cancel()]
        if not batch:
            return
        try:
            results = self._handle([item for item, _ in batch])
        except Exception as error:
            logger.warning("a batch failed, each item is tried alone: n=%d reason=%r", len(batch), error)
            for item, future in batch:
                self._others.submit(self._settle_alone, item, future)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _settle_alone(self, item: Item, future: "Future[Result]") -> None:
        try:
            future.set_result(self._alone(item))
        except Exception as error:
            future.set_exception(error)
