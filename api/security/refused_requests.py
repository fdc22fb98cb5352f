"""Keys that were refused leave a trace: a line a minute and address, with no more of them than prefixes."""

import logging
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from time import monotonic

from api.security.tokens import Token
from api.services.refusals import KeyMissing, KeyRefused

logger = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
MOST_KEPT = 1_000
MOST_PREFIXES = 10


@dataclass(slots=True)
class _Refused:
    """What one address was refused since it was last told of."""

    until: float
    n_requests: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    prefixes: dict[str, None] = field(default_factory=dict)


class RefusedRequests:
    """Told at an address's first refusal, and what comes later together, once its minute is over."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, _Refused] = OrderedDict()

    def note_refusal(self, address: str, refusal: KeyMissing | KeyRefused, token: Token | None) -> None:
        """A request that came with a wrong key; one without any is no try."""
        if not isinstance(refusal, KeyRefused):
            return
        now = monotonic()
        # Whoever is new is told of at once.
        refused = self._of.setdefault(address, _Refused(until=now))
        refused.n_requests += 1
        refused.reasons[refusal.kind] += 1
        if token is not None and len(refused.prefixes) < MOST_PREFIXES:
            refused.prefixes[token.prefix] = None
        self._tell_due(now)
        while len(self._of) > MOST_KEPT:
            self._of.popitem(last=False)

    def _tell_due(self, now: float) -> None:
        for address in [address for address, refused in self._of.items() if refused.until <= now]:
            refused = self._of.pop(address)
            if refused.n_requests:
                _tell(address, refused)
                self._of[address] = _Refused(until=now + EVERY_SECONDS)

    def close(self) -> None:
        """Tell of what has not been told yet."""
        for address, refused in self._of.items():
            if refused.n_requests:
                _tell(address, refused)
        self._of.clear()


def _tell(address: str, refused: _Refused) -> None:
    reasons = ",".join(f"{reason}:{count}" for reason, count in refused.reasons.items())
    logger.warning(
        "keys_refused address=%s requests=%d reasons=%s prefixes=%s",
        address,
        refused.n_requests,
        reasons,
        ",".join(refused.prefixes) or "-",
    )
