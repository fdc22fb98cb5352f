"""What clients were told, put together from their journals."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.soak.journal import Record
from tests.soak.students import Event


@dataclass(slots=True)
class Claims:
    """What the service has to answer for."""

    events: dict[str, dict[str, Event]] = field(default_factory=lambda: defaultdict(dict))
    """By student and event id: accepted, and not erased since."""
    erased: set[str] = field(default_factory=set)
    experiments: dict[str, str] = field(default_factory=dict)
    """Ids by idempotency key."""
    cancelled: set[str] = field(default_factory=set)
    datasets: dict[str, Record] = field(default_factory=dict)
    answers: list[Record] = field(default_factory=list)
    faults: list[Record] = field(default_factory=list)
    broken: list[Record] = field(default_factory=list)
    never_told: list[Record] = field(default_factory=list)
    died: list[Record] = field(default_factory=list)
    """Processes that ended though nobody had ended them."""
    n_done: int = 0
    """Clients that came to their end."""


def gather(records: Iterable[Record]) -> Claims:
    """What all records say together. Only the client of a student erases them, so order is kept."""
    claims = Claims()
    lists = {
        "answer": claims.answers,
        "fault": claims.faults,
        "broken": claims.broken,
        "never_told": claims.never_told,
        "died": claims.died,
    }
    for record in records:
        match record["what"]:
            case "responses":
                for student, events in record["events"].items():
                    claims.events[student] |= {event["event_id"]: event for event in events}
            case "erased":
                claims.erased.add(record["student"])
                claims.events.pop(record["student"], None)
            case "experiment":
                claims.experiments[record["key"]] = record["id"]
            case "cancelled":
                claims.cancelled.add(record["id"])
            case "dataset":
                claims.datasets[record["id"]] = record
            case "done":
                claims.n_done += 1
            case what:
                lists[what].append(record)
    return claims
