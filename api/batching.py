"""Dynamic micro-batches: what arrives together is handled together; what fails together is tried alone."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_WAITING = 1024  # items for the next batches
MOST_WAITING_ALONE = 256
MOST_ALONE = 8  # items that are handled alone at one moment
ALONE_SECONDS = 10.0  # for which an item is tried again

logger = logging.getLogger(__name__)


class BatcherClosed(Exception):
    """The service is stopping and takes nothing more."""

    def __init__(self) -> None:
        super().__init__("the service is stopping; send the request again in a few seconds")


class Busy(Exception):
    """Others are at what the request is about, or so many wait that it would take too long."""

    def __init__(self) -> None:
        super().__init__(
            "too many requests at once, or several about the same; send it again in a few seconds"
        )


class MicroBatcher(Generic[Item, Result]):
    """One thread that hands over what waits, at most `size` items at once.

    It waits up to `delay_seconds` for more, but only while fewer are there than were around a moment ago: a
    caller who is alone is served at once. `handle` gives a result or an exception for each item; one that is
    Busy goes to `alone`, in other threads, so that nobody else is held up; so does every item when `handle`
    itself raises. Items that `apart` tells apart are handled apart. `alone` should not take long either: as
    long as it raises Busy the item is tried again, in turns with the others, for `alone_seconds`. With `size`
    1 every item goes to `alone` at once.
    """

    def __init__(
        self,
        handle: Callable[[list[Item]], Sequence[Result | Exception]],
        alone: Callable[[Item], Result],
        *,
        size: int,
        delay_seconds: float,
        alone_seconds: float = ALONE_SECONDS,
        apart: Callable[[Item], Hashable] = lambda _: None,
    ) -> None:
        self._handle = handle
        self._alone = alone
        self._size = size
        self._delay_seconds = delay_seconds
        self._alone_seconds = alone_seconds
        self._apart = apart
        self._waiting: deque[tuple[Item, Future[Result]]] = deque()
        self._changed = threading.Condition()
        self._n_last = 0
        self._is_closed = False
        self._worker: threading.Thread | None = None
        self._room = threading.Semaphore(MOST_WAITING_ALONE)
        self._others = ThreadPoolExecutor(MOST_ALONE, thread_name_prefix="alone")

    def submit(self, item: Item) -> "Future[Result]":
        """Its result, as soon as the batch that it falls into is done. Raises BatcherClosed, Busy."""
        future: Future[Result] = Future()
        with self._changed:
            if self._is_closed:
                raise BatcherClosed
            if len(self._waiting) >= MOST_WAITING:
                raise Busy
            if self._size == 1:
                future.set_running_or_notify_cancel()
                self._leave_alone(item, future)
                return future
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
            parts = defaultdict(list)
            for item, future in batch:
                parts[self._apart(item)].append((item, future))
            for part in parts.values():
                self._settle(part)

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
            # Without its text, which may quote a student's id.
            reason = type(error).__name__
            logger.warning("a batch failed, each item is tried alone: n=%d reason=%s", len(batch), reason)
            results = [Busy()] * len(batch)
        for (item, future), result in zip(batch, results, strict=True):
            if isinstance(result, Busy):
                self._leave_alone(item, future)
            elif isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _leave_alone(self, item: Item, future: "Future[Result]") -> None:
        if not self._room.acquire(blocking=False):
            future.set_exception(Busy())
            return
        future.add_done_callback(lambda _: self._room.release())
        self._others.submit(self._settle_alone, item, future, time.monotonic() + self._alone_seconds)

    def _settle_alone(self, item: Item, future: "Future[Result]", give_up_at: float) -> None:
        try:
            future.set_result(self._alone(item))
        except Busy as busy:
            with self._changed:  # the others take nothing more after the batcher is closed
                if not self._is_closed and time.monotonic() < give_up_at:
                    self._others.submit(self._settle_alone, item, future, give_up_at)
                    return
            future.set_exception(busy)
        except Exception as error:
            future.set_exception(error)
