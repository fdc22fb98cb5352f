"""Responses of one request, whichever door they took: what is wrong with them, and what became of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from api.schemas.interactions import MOST_INTERACTIONS
from api.services.ingest import Outcome, Submission, UnknownSkills
from api.services.refusals import (
    BatchTooLarge,
    FieldRefused,
    InteractionsRefused,
    SkillsUnknown,
    describe_unknown_skill,
)
from api.services.spelling import nearest_names
from api.services.validation import MOST_OF_ONE, describe_refusal, follow, to_pointer
from db.repositories.interactions import NewInteraction

MOST_EXPLAINED = 5  # unknown skills for which the nearest names are looked up


@dataclass(frozen=True, slots=True)
class Refused:
    """A response that can't be stored."""

    errors: list[FieldRefused]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A statement that is about something else."""

    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """One response as it was sent."""

    checked: NewInteraction | Refused | Ignored
    event_id: str | None
    pointer_of: Callable[[str], str]
    """Where in the body the name of one of its skills stands."""


def require_few(bodies: Sequence[Any]) -> None:
    """Raises BatchTooLarge."""
    if len(bodies) > MOST_INTERACTIONS:
        remedy = "send several requests, or all of them to POST /interactions"
        raise BatchTooLarge(MOST_INTERACTIONS, remedy=remedy)


def submission_of(items: Sequence[Item], *, tenant_pk: int, is_partial: bool) -> Submission:
    """What of these can be stored. Raises InteractionsRefused unless that may be a part."""
    errors = [error for item in items if isinstance(item.checked, Refused) for error in item.checked.errors]
    if errors and not is_partial:
        raise InteractionsRefused(errors)
    events = [item.checked for item in items if isinstance(item.checked, NewInteraction)]
    return Submission(tenant_pk, events, is_partial=is_partial)


def settle(
    items: Sequence[Item], outcomes: Iterable[Outcome], *, known: Sequence[str], is_partial: bool
) -> list[dict[str, Any]]:
    """What became of each item, as ItemStatus tells it; `outcomes` of those that were submitted.

    Raises SkillsUnknown unless a part may be stored.
    """
    remaining = iter(outcomes)
    became = [next(remaining) if isinstance(item.checked, NewInteraction) else item.checked for item in items]
    names = [name for outcome in became if isinstance(outcome, UnknownSkills) for name in outcome.names]
    details = explain_skills(names, known)
    settled = [
        Refused([FieldRefused(item.pointer_of(name), details[name]) for name in outcome.names])
        if isinstance(outcome, UnknownSkills)
        else outcome
        for item, outcome in zip(items, became, strict=True)
    ]
    if names and not is_partial:
        errors = [error for outcome in settled if isinstance(outcome, Refused) for error in outcome.errors]
        raise SkillsUnknown(errors, vocabulary_size=len(known))
    return [_status(item, outcome) for item, outcome in zip(items, settled, strict=True)]


def explain(body: Any, error: ValidationError, *, pointer: str) -> Refused:
    """What is wrong with a response, its pointers under `pointer`."""
    if not isinstance(body, dict):
        return Refused([FieldRefused(pointer, "must be an object with skill and correct")])
    return Refused(
        [
            FieldRefused(
                pointer + to_pointer(follow(body, entry["loc"], is_missing=entry["type"] == "missing")),
                describe_refusal(entry),
            )
            for entry in error.errors()[:MOST_OF_ONE]
        ]
    )


def explain_skills(names: Iterable[str], known: Sequence[str]) -> dict[str, str]:
    """What is wrong with each of these names, none of which the model knows."""
    return {
        name: describe_unknown_skill(
            name, n_known=len(known), nearest=nearest_names(name, known) if place < MOST_EXPLAINED else ()
        )
        for place, name in enumerate(dict.fromkeys(names))
    }


def tell_errors(errors: Iterable[FieldRefused]) -> list[dict[str, str]]:
    """What is wrong with an item, beside its status."""
    return [{"pointer": error.pointer, "detail": error.detail} for error in errors]


def text_of(body: Any, name: str) -> str | None:
    """A member of a body that may be anything, where it is text."""
    value = body.get(name) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) else None


def _status(item: Item, outcome: Outcome | Refused | Ignored) -> dict[str, Any]:
    match outcome:
        case Refused(errors):
            return {"status": "refused", "event_id": item.event_id, "errors": tell_errors(errors)}
        case Ignored(reason):
            return {"status": "ignored", "event_id": item.event_id, "reason": reason}
        case _:
            return {"status": outcome, "event_id": item.event_id}
