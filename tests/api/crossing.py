"""Every operation of the API with every identifier that it takes, as requests to try."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.api.support import events_csv

Things = Mapping[str, str]
Body = dict[str, Any]

# Which kinds of things a parameter names; the first is what a request of one's own gives.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "baseline": ("experiment", "cross_validation"),
    "candidate": ("experiment", "cross_validation"),
    "cohort": ("cohort",),
    "cross_validation_id": ("cross_validation",),
    "cursor": ("cursor",),
    "dataset_id": ("dataset",),
    "erasure_id": ("erasure",),
    "experiment": ("experiment",),
    "experiment_id": ("experiment",),
    "idempotency-key": ("idempotency_key",),
    "key_id": ("key",),
    "model_id": ("model",),
    "student_id": ("student",),
    "sweep_id": ("sweep",),
}
# Parameters that name nobody's thing; most are not even sent.
NEUTRAL: dict[str, str] = {"name": "not-found"} | dict.fromkeys(
    [
        *("active_since", "after_epoch", "accept", "by", "columns", "format", "if-none-match"),
        *(
            "last-event-id",
            "limit",
            "mastery",
            "operation",
            "partial",
            "points",
            "preset",
            "protocol",
            "scoring",
            "since",
            "skill",
        ),
        *("status", "until", "x", "y", "X-Experience-API-Version"),
    ],
    "",
)


def _newcomer() -> str:
    return f"student-{uuid4()}"


def _response(things: Things, **changes: Any) -> Body:
    return {"event_id": f"event-{uuid4()}", "skill": things["skill"], "correct": True} | changes


def _statement(things: Things, student: str, event: str) -> Body:
    school = "https://school.example"
    return {
        "json": {
            "id": event,
            "actor": {"account": {"homePage": school, "name": student}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
            "object": {"id": f"{school}/items/1"},
            "result": {"success": True},
            "context": {"contextActivities": {"category": [{"id": f"{school}/skills/{things['skill']}"}]}},
            "timestamp": "2026-03-02T12:00:00Z",
        }
    }


def _file(content: str) -> Body:
    return {"files": {"file": ("classroom.csv", events_csv(content))}, "data": {"name": "classroom"}}


def _sweep(dataset_id: str) -> Body:
    search = {"method": "grid", "space": {"loss.lambda_target": [0.0, 0.2]}}
    return {"json": {"dataset_id": dataset_id, "preset": "small-dynamic", "fold": 0, "search": search}}


def _trial(dataset_id: str) -> Body:
    return {"json": {"dataset_id": dataset_id, "preset": "small-dynamic"}}


# What an operation is sent, given things of one's own, for each kind of thing that may stand in the body.
# Where it takes none the kind is None.
BODIES: dict[str, dict[str | None, Callable[[Things, str], Body]]] = {
    "add_dataset": {"content": lambda _, content: _file(content)},
    "apply_retention": {None: lambda *_: {"json": {"inactive_since": "2020-01-01T00:00:00Z"}}},
    "evaluate_experiment": {None: lambda things, _: _file(things["content"])},
    "load_interactions": {
        "student": lambda things, student: {"json": [_response(things, student_id=student)]},
        "event": lambda things, event: {"json": [_response(things, student_id=_newcomer(), event_id=event)]},
    },
    "predict_student": {None: lambda things, _: {"json": {"skills": [things["skill"]]}}},
    "record_interactions": {
        "event": lambda things, event: {"json": _response(things, event_id=event)},
        None: lambda things, _: {"json": _response(things)},
    },
    "record_statements": {
        "student": lambda things, student: _statement(things, student, str(uuid4())),
        "event": lambda things, event: _statement(things, _newcomer(), event),
    },
    "request_erasure": {"student": lambda _, student: {"json": {"student_id": student}}},
    "set_cohort": {
        "student": lambda _, student: {"json": {"student_ids": [student]}},
        None: lambda things, _: {"json": {"student_ids": [things["student"]]}},
    },
    "submit_cross_validation": {"dataset": lambda _, dataset_id: _trial(dataset_id)},
    "submit_experiment": {"dataset": lambda _, dataset_id: _trial(dataset_id)},
    "submit_sweep": {"dataset": lambda _, dataset_id: _sweep(dataset_id)},
}
UNKNOWN: dict[str, Callable[[], str]] = {
    "cohort": lambda: f"cohort-{uuid4()}",
    "student": _newcomer,
    "content": lambda: f"content-{uuid4().hex}",
}


NOWHERE: list[tuple[str, str | None]] = [("nowhere", None)]


class Unforeseen(AssertionError):
    """The API takes something that nobody has tried with another's things."""


@dataclass(frozen=True)
class Attempt:
    """One request, complete but for the identifier."""

    operation: str
    method: str
    path: str
    place: str  # of the identifier
    kind: str | None  # of what it identifies; None where the request names nothing
    own: Things = field(repr=False)

    def __str__(self) -> str:
        return f"{self.operation} {self.place} {self.kind}"

    def request(self, identifier: str) -> dict[str, Any]:
        """Arguments of a client's request."""
        told: dict[str, Any] = {"params": {}, "headers": {}}
        path = self.path
        for place, name, thing in self._parameters():
            value = identifier if self.place == f"{place} {name}" else thing
            if place == "path":
                path = path.replace("{" + name + "}", quote(value, safe=""))
            else:
                told["headers" if place == "header" else "params"][name] = value
        bodies = BODIES.get(self.operation, {})
        if bodies:
            kind = self.kind if self.place == "body" else next(iter({None} & bodies.keys() or bodies))
            given = identifier if self.place == "body" else self.own.get(kind or "", "")
            told |= bodies[kind](self.own, given)
        return {"method": self.method, "path": path, **told}

    def _parameters(self) -> Iterator[tuple[str, str, str]]:
        """Those that are required, and the one that this is about: place, name, and one's own thing."""
        for place, name, is_required in self.parameters:
            if is_required or self.place == f"{place} {name}":
                kinds = PARAMETERS.get(name, ())
                # Both sides of a comparison are of one kind.
                kind = self.kind if self.kind in kinds else next(iter(kinds), "")
                yield place, name, self._own(kind) if kind else NEUTRAL[name]

    def _own(self, kind: str) -> str:
        # Somebody else each time: where responses lead depends on those before.
        is_answered = (self.operation, self.place) == ("record_interactions", "body")
        return UNKNOWN[kind]() if is_answered else self.own.get(kind, "")

    parameters: tuple[tuple[str, str, bool], ...] = ()

    def unknown(self) -> str:
        """An identifier like it, of nothing that ever was."""
        return UNKNOWN.get(self.kind or "", lambda: str(uuid4()))()


def attempts(document: Mapping[str, Any], own: Things) -> Iterator[Attempt]:
    """Every operation of the document, once for each kind of thing in each place. Raises Unforeseen."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            parameters = tuple(
                (one["in"], one["name"], one.get("required", False))
                for one in operation.get("parameters", [])
            )
            if unforeseen := {one for _, one, _ in parameters} - PARAMETERS.keys() - NEUTRAL.keys():
                raise Unforeseen(
                    f"{name} takes {sorted(unforeseen)}: say in PARAMETERS or NEUTRAL what they name"
                )
            if "requestBody" in operation and name not in BODIES:
                raise Unforeseen(f"{name} takes a body: say in BODIES which things it may name")
            tried = [
                (f"{place} {one}", kind) for place, one, _ in parameters for kind in PARAMETERS.get(one, ())
            ] + [("body", kind) for kind in BODIES.get(name, ()) if kind is not None]
            for place, kind in [*tried, *(() if tried else NOWHERE)]:
                yield Attempt(name, method.upper(), path, place, kind, own, parameters)


def cursors(document: Mapping[str, Any]) -> list[str]:
    """Paths of listings that are read page by page."""
    return [
        path for path, methods in document["paths"].items()
        if any(one["name"] == "cursor" for one in methods.get("get", {}).get("parameters", []))
    ]  # fmt: skip


def shown(text: str, *identifiers: str) -> str:
    """An answer without the identifiers that were sent, as JSON or an address may have them."""
    for identifier in identifiers:
        for spelling in {identifier, quote(identifier, safe=""), json.dumps(identifier)[1:-1]} - {""}:
            text = text.replace(spelling, "<id>")
    return text
