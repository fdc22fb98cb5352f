"""Client of ikt, interpretable knowledge tracing as a service.

`api` has a module for each operation, `models` the shapes that they take and give.
"""

from .client import AuthenticatedClient, Client
from .connecting import connect
from .following import Event, each, follow_events, wait
from .refusals import Refused, Unforeseen, need

__all__ = (
    "AuthenticatedClient",
    "Client",
    "Event",
    "Refused",
    "Unforeseen",
    "connect",
    "each",
    "follow_events",
    "need",
    "wait",
)
