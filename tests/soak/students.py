"""The students of one client: what it knows of them because it was told."""

import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

HOUR_SECONDS = 3600.0
MICROSECONDS = 1_000_000

Event = dict[str, Any]


@dataclass(slots=True)
class Known:
    """A student, what was stored of theirs, and the tag of the last answer about their mastery."""

    name: str
    is_own: bool = True  # nobody else writes to them
    events: list[Event] = field(default_factory=list)
    tag: str | None = None
    n_at_tag: int = 0


class Roll:
    """Students by name, and responses that nobody else has given."""

    def __init__(self, client: int, *, n_own: int, shared: list[str], skills: list[str], seed: int) -> None:
        self._client = client
        self._skills = skills
        self._rng = random.Random(seed)
        self._n_events = 0
        self._n_students = 0
        self._last = 0
        self.own = [self._new_student() for _ in range(n_own)]
        self.shared = [Known(name, is_own=False) for name in shared]

    def anybody(self) -> Known:
        """Mostly one of the client's own; now and then one to whom all clients write."""
        return self._rng.choice(self.shared if self._rng.random() < 0.1 else self.own)

    def somebody_known(self) -> Known | None:
        """One with responses, if there is any."""
        known = [one for one in (*self.own, *self.shared) if one.events]
        return self._rng.choice(known) if known else None

    def somebody_own(self) -> Known | None:
        """One with responses to whom nobody else writes."""
        known = [one for one in self.own if one.events]
        return self._rng.choice(known) if known else None

    def several_own(self, n: int) -> list[Known]:
        return self._rng.sample(self.own, min(n, len(self.own)))

    def replace(self, gone: Known) -> None:
        """Another student in the place of one who was erased; nobody comes back under their name."""
        self.own[self.own.index(gone)] = self._new_student()

    def responses(self, n: int, *, is_late: bool = False) -> list[Event]:
        """New ones, at moments that no other response of this client has."""
        return [self._response(is_late=is_late) for _ in range(n)]

    def _response(self, *, is_late: bool) -> Event:
        self._n_events += 1
        n_skills = 2 if self._rng.random() < 0.1 else 1
        return {
            "event_id": f"client-{self._client}-{self._n_events}",
            "skills": self._rng.sample(self._skills, n_skills),
            "correct": self._rng.random() < 0.65,
            "timestamp": self._moment(is_late=is_late),
        }

    def _moment(self, *, is_late: bool) -> str:
        now = int(time.time() * MICROSECONDS)
        if is_late:
            now -= int(self._rng.uniform(1.0, HOUR_SECONDS) * MICROSECONDS)
        # Each client has microseconds of its own, so that two responses never share one.
        moment = now // 10 * 10 + self._client
        if not is_late:
            moment = self._last = max(moment, self._last + 10)
        return datetime.fromtimestamp(moment / MICROSECONDS, UTC).isoformat(timespec="microseconds")

    def _new_student(self) -> Known:
        self._n_students += 1
        return Known(f"learner-{self._client}-{self._n_students}")
