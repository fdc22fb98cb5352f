"""Several at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy.orm import Session

from db.engine import SessionFactory, session_scope

Result = TypeVar("Result")

N_THREADS = 6
WAITING_SECONDS = 0.3


def together(function: Callable[[int], Result]) -> list[Result]:
    """What N_THREADS threads got from `function`, called at one moment; fails if one of them does.

    The function is given the thread's number.
    """
    barrier = threading.Barrier(N_THREADS)
    results: list[Result] = []
    failures: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            results.append(function(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def one_behind_the_other(
    sessions: SessionFactory, first: Callable[[Session], object], second: Callable[[Session], Result]
) -> Result:
    """What `second` gave, which has to wait until the transaction of `first` is committed."""

    def run() -> Result:
        with session_scope(sessions) as session:
            return second(session)

    with ThreadPoolExecutor(1) as pool:
        with session_scope(sessions) as session:
            first(session)
            waiting = pool.submit(run)
            with pytest.raises(TimeoutError):
                waiting.result(WAITING_SECONDS)
        return waiting.result()
