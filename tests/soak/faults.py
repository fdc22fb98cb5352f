"""What goes wrong during the soak: every kind in turn, in an order and on processes that a seed decides."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from tests.running import Part, System
from tests.soak.journal import Journal

PAUSE_SECONDS = (2.0, 7.0)  # longer than a lease of the soak, now and then
DOWN_SECONDS = (0.5, 4.0)
FIRST_SECONDS = 10.0
LAST_SECONDS = 5.0  # of the traffic, without a new fault


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault, and what it may befall."""

    name: str
    strike: Callable[[Part], None]
    targets: list[Part]


class Faults:
    """Strikes at a system, and writes down what it did and how long that lasted.

    The first API and the first worker are never ended, so that there is a life long enough to see memory
    grow in; they are paused like the others.
    """

    def __init__(self, system: System, journal: Journal, *, seed: int) -> None:
        self._system = system
        self._journal = journal
        self._rng = random.Random(seed)
        self._coming = self._in_turn()

    def rage(self, *, until: float, every_seconds: float) -> None:
        """A fault every so many seconds until that time (since 1970); each is over before the next one."""
        due = time.time() + min(FIRST_SECONDS, every_seconds)
        while due < until - LAST_SECONDS:
            time.sleep(max(0.0, due - time.time()))
            self.strike()
            due = max(due + every_seconds, time.time())

    def strike(self) -> None:
        """The next fault; returns when what it befell works again."""
        self.look_for_dead()
        fault = next(self._coming)
        target = self._rng.choice(fault.targets)
        began = time.time()
        fault.strike(target)
        self._journal.note("fault", name=fault.name, target=target.name, began=began, ended=time.time())

    def look_for_dead(self) -> None:
        """Whoever has ended since, though not by a fault, is written down and started again."""
        for part in self._system.parts():
            if not part.is_running:
                self._journal.note("died", part=part.name, logged=part.logged()[-500:])
                part.restart()

    def _in_turn(self) -> Iterator[Fault]:
        kinds = self._kinds()
        while True:
            self._rng.shuffle(kinds)
            yield from kinds

    def _kinds(self) -> list[Fault]:
        apis, workers = list[Part](self._system.apis), list[Part](self._system.workers)
        kinds = [
            Fault("kill -9 of a worker", self._kill, workers[1:]),
            Fault("kill -9 of an API", self._kill, apis[1:]),
            Fault("SIGTERM to a worker", self._terminate, workers[1:]),
            Fault("pause of an API", self._pause, apis),
            Fault("pause of a worker", self._pause, workers),
        ]
        if self._system.postgres is not None:
            kinds.append(Fault("PostgreSQL stopped fast", self._stop_fast, [self._system.postgres]))
            kinds.append(Fault("PostgreSQL stopped at once", self._stop_at_once, [self._system.postgres]))
        if self._system.redis is not None:
            kinds.append(Fault("Redis killed, data lost", self._lose_broker, [self._system.redis]))
        return kinds

    def _kill(self, part: Part) -> None:
        part.kill()
        self._stay_down()
        part.restart()

    def _terminate(self, part: Part) -> None:
        part.terminate()
        part.restart()

    def _pause(self, part: Part) -> None:
        os.killpg(part.pid, signal.SIGSTOP)
        try:
            time.sleep(self._rng.uniform(*PAUSE_SECONDS))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(part.pid, signal.SIGCONT)

    def _stop_fast(self, part: Part) -> None:
        part.signal(signal.SIGINT)
        self._stay_down()
        part.restart()

    def _stop_at_once(self, part: Part) -> None:
        part.signal(signal.SIGQUIT)
        self._stay_down()
        part.restart()

    def _lose_broker(self, part: Part) -> None:
        assert self._system.redis is not None
        part.kill()
        self._stay_down()
        self._system.redis.lose_data()
        part.restart()

    def _stay_down(self) -> None:
        time.sleep(self._rng.uniform(*DOWN_SECONDS))
