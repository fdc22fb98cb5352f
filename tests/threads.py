"""Several at once."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

N_THREADS = 6


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
