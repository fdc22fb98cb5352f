"""Micro-batches: who shares one, who waits, and what a failure costs the others."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import pytest

from api.batching import (
    MOST_ALONE,
    MOST_WAITING,
    MOST_WAITING_ALONE,
    BatcherClosed,
    Busy,
    MicroBatcher,
)

Handle = Callable[[list[int]], list[int | Exception]]
LONG = 5.0


def double(item: int) -> int:
    return 2 * item


def refuse_all(items: list[int]) -> list[int | Exception]:
    return [Busy() for _ in items]


class Recorder:
    """Doubles numbers, and remembers which came together; the first batch lasts until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.alone: list[int] = []
        self.is_busy = threading.Event()
        self.may_go_on = threading.Event()

    def handle(self, items: list[int]) -> list[int | Exception]:
        self.batches.append(items)
        self.is_busy.set()
        assert self.may_go_on.wait(LONG)
        return [double(item) for item in items]

    def one(self, item: int) -> int:
        self.alone.append(item)
        return double(item)


@contextmanager
def batcher(
    handle: Handle,
    alone: Callable[[int], int] = double,
    *,
    size: int = 4,
    delay_seconds: float = 0.0,
    **options: Any,
) -> Iterator[MicroBatcher[int, int]]:
    made = MicroBatcher(handle, alone, size=size, delay_seconds=delay_seconds, **options)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


class TestSharing:
    def test_what_is_told_apart_is_handled_apart(self, recorder: Recorder) -> None:
        with batcher(recorder.handle, size=8, apart=lambda item: item % 2) as batches:
            futures = [batches.submit(0)]
            assert recorder.is_busy.wait(LONG)
            futures += [batches.submit(item) for item in range(1, 6)]
            recorder.may_go_on.set()
            assert [future.result(LONG) for future in futures] == [2 * item for item in range(6)]
        assert recorder.batches == [[0], [1, 3, 5], [2, 4]]

    def test_a_failure_of_one_part_is_not_the_others(self, recorder: Recorder) -> None:
        def refuse_odd(items: list[int]) -> list[int | Exception]:
            if items[0] % 2:
                raise RuntimeError("odd")
            return [*recorder.handle(items)]

        with batcher(refuse_odd, recorder.one, apart=lambda item: item % 2) as batches:
            futures = [batches.submit(0)]
            assert recorder.is_busy.wait(LONG)
            futures += [batches.submit(item) for item in range(1, 5)]
            recorder.may_go_on.set()
            assert [future.result(LONG) for future in futures] == [2 * item for item in range(5)]
        assert (recorder.batches, sorted(recorder.alone)) == ([[0], [2, 4]], [1, 3])

    def test_what_arrives_meanwhile_is_handled_together(self, recorder: Recorder) -> None:
        with batcher(recorder.handle) as batches:
            futures = [batches.submit(0)]
            assert recorder.is_busy.wait(LONG)
            futures += [batches.submit(item) for item in range(1, 8)]
            recorder.may_go_on.set()
            assert [future.result(LONG) for future in futures] == [2 * item for item in range(8)]
        assert recorder.batches == [[0], [1, 2, 3, 4], [5, 6, 7]]

    def test_company_is_waited_for_while_it_is_around(self, recorder: Recorder) -> None:
        recorder.may_go_on.set()
        with batcher(recorder.handle, delay_seconds=LONG) as batches:
            batches.submit(0).result(LONG)
            recorder.may_go_on.clear()
            recorder.is_busy.clear()
            first = batches.submit(1)
            assert recorder.is_busy.wait(LONG)
            second = batches.submit(2)
            recorder.may_go_on.set()
            first.result(LONG)
            assert not second.done()  # the first caller is expected back
            third = batches.submit(3)
            assert (second.result(LONG), third.result(LONG)) == (4, 6)
        assert recorder.batches[-1] == [2, 3]

    def test_a_lone_caller_pays_no_delay(self, recorder: Recorder) -> None:
        recorder.may_go_on.set()
        with batcher(recorder.handle, delay_seconds=LONG) as batches:
            began = time.monotonic()
            for item in range(20):
                assert batches.submit(item).result(LONG) == 2 * item
            assert time.monotonic() - began < LONG / 2
        assert recorder.batches == [[item] for item in range(20)]

    def test_the_delay_is_a_bound(self, recorder: Recorder) -> None:
        with batcher(recorder.handle, delay_seconds=0.02) as batches:
            first = batches.submit(0)
            assert recorder.is_busy.wait(LONG)
            second = batches.submit(1)
            recorder.may_go_on.set()
            assert (first.result(LONG), second.result(LONG)) == (0, 2)

    def test_size_one_switches_it_off(self, recorder: Recorder) -> None:
        with batcher(recorder.handle, recorder.one, size=1) as batches:
            assert [batches.submit(item).result(LONG) for item in range(3)] == [0, 2, 4]
        assert (recorder.batches, recorder.alone) == ([], [0, 1, 2])


class TestFailing:
    def test_items_of_a_failed_batch_are_tried_alone(
        self, recorder: Recorder, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(items: list[int]) -> list[int | Exception]:
            recorder.handle(items)
            raise RuntimeError("shared")

        def refuse_odd(item: int) -> int:
            if item % 2:
                raise ValueError(item)
            return recorder.one(item)

        with batcher(fail, refuse_odd) as batches:
            first = batches.submit(4)
            assert recorder.is_busy.wait(LONG)
            futures = [batches.submit(item) for item in range(4)]
            recorder.may_go_on.set()
            assert first.result(LONG) == 8
            assert [type(future.exception(LONG)) for future in futures] == [
                type(None),
                ValueError,
                type(None),
                ValueError,
            ]
        assert sorted(recorder.alone) == [0, 2, 4]
        # What an error says may name a student.
        assert "n=4 reason=RuntimeError" in caplog.text
        assert "shared" not in caplog.text

    def test_one_that_takes_long_alone_holds_nobody_up(self) -> None:
        let_go = threading.Event()

        def handle(items: list[int]) -> list[int | Exception]:
            if 0 in items:
                raise TimeoutError
            return [double(item) for item in items]

        def wait(item: int) -> int:
            assert let_go.wait(LONG)
            return double(item)

        with batcher(handle, wait) as batches:
            slow = batches.submit(0)
            time.sleep(0.01)
            assert batches.submit(1).result(LONG) == 2
            assert not slow.done()
            let_go.set()
            assert slow.result(LONG) == 0

    def test_one_that_is_busy_is_handled_alone_and_the_others_together(self, recorder: Recorder) -> None:
        def leave_out(items: list[int]) -> list[int | Exception]:
            return [Busy() if item == 1 else double(item) for item in items]

        with batcher(leave_out, recorder.one) as batches:
            futures = [batches.submit(item) for item in range(3)]
            assert [future.result(LONG) for future in futures] == [0, 2, 4]
        assert recorder.alone == [1]

    def test_those_that_stay_busy_take_turns_with_the_others(self) -> None:
        let_go = threading.Event()

        def wait(item: int) -> int:
            if item < 2 * MOST_ALONE and not let_go.wait(0.02):
                raise Busy
            return double(item)

        with batcher(refuse_all, wait) as batches:
            busy = [batches.submit(item) for item in range(2 * MOST_ALONE)]
            assert batches.submit(100).result(LONG) == 200
            assert not any(future.done() for future in busy)
            let_go.set()
            assert [future.result(LONG) for future in busy] == [2 * item for item in range(2 * MOST_ALONE)]

    @pytest.mark.parametrize("size", [1, 4])
    def test_who_is_busy_for_too_long_is_told(self, size: int) -> None:
        tries: list[int] = []

        def stay_busy(item: int) -> int:
            tries.append(item)
            time.sleep(0.01)
            raise Busy

        made = MicroBatcher(refuse_all, stay_busy, size=size, delay_seconds=0, alone_seconds=0.1)
        assert isinstance(made.submit(0).exception(LONG), Busy)
        assert 2 <= len(tries) <= 11
        made.close()

    def test_an_exception_in_the_place_of_a_result_is_that_items_alone(self) -> None:
        def refuse(items: list[int]) -> list[int | Exception]:
            return [ValueError(item) if item == 1 else double(item) for item in items]

        with batcher(refuse, size=8) as batches:
            futures = [batches.submit(item) for item in range(3)]
            assert [future.exception(LONG) is None for future in futures] == [True, False, True]

    def test_what_was_given_up_before_its_turn_is_not_handled(self, recorder: Recorder) -> None:
        with batcher(recorder.handle) as batches:
            batches.submit(0)
            assert recorder.is_busy.wait(LONG)
            assert batches.submit(1).cancel()
            recorder.may_go_on.set()
            batches.submit(2).result(LONG)
        assert [item for batch in recorder.batches for item in batch] == [0, 2]


class TestBounds:
    def test_no_more_wait_than_can_be_answered_soon(self, recorder: Recorder) -> None:
        with batcher(recorder.handle) as batches:
            first = batches.submit(0)
            assert recorder.is_busy.wait(LONG)
            futures = [batches.submit(item) for item in range(MOST_WAITING)]
            with pytest.raises(Busy):
                batches.submit(1)
            recorder.may_go_on.set()
            assert first.result(LONG) == 0
            assert [future.result(LONG) for future in futures] == [2 * item for item in range(MOST_WAITING)]
            assert batches.submit(1).result(LONG) == 2

    def test_nor_alone(self, recorder: Recorder) -> None:
        def wait(item: int) -> int:
            assert recorder.may_go_on.wait(LONG)
            return double(item)

        with batcher(recorder.handle, wait, size=1) as batches:
            futures = [batches.submit(item) for item in range(MOST_WAITING_ALONE)]
            assert isinstance(batches.submit(1).exception(LONG), Busy)
            recorder.may_go_on.set()
            assert all(future.exception(LONG) is None for future in futures)
            assert batches.submit(1).result(LONG) == 2


class TestClosing:
    def test_what_is_busy_is_not_waited_for(self) -> None:
        is_tried = threading.Event()

        def stay_busy(item: int) -> int:  # noqa: ARG001
            is_tried.set()
            time.sleep(0.01)
            raise Busy

        made = MicroBatcher(refuse_all, stay_busy, size=4, delay_seconds=0, alone_seconds=10 * LONG)
        future = made.submit(0)
        assert is_tried.wait(LONG)
        made.close()
        assert isinstance(future.exception(0), Busy)

    def test_what_was_taken_is_done_and_nothing_more_is_taken(self, recorder: Recorder) -> None:
        made = MicroBatcher(recorder.handle, double, size=2, delay_seconds=LONG)
        futures: list[Future[int]] = [made.submit(item) for item in range(5)]
        closing = threading.Thread(target=made.close)
        closing.start()
        recorder.may_go_on.set()
        closing.join(LONG)
        assert [future.result(0) for future in futures] == [0, 2, 4, 6, 8]
        with pytest.raises(BatcherClosed):
            made.submit(9)

    def test_closing_what_never_ran_is_harmless(self) -> None:
        made = MicroBatcher(lambda items: [double(item) for item in items], double, size=2, delay_seconds=0)
        made.close()
        with pytest.raises(BatcherClosed):
            made.submit(9)
