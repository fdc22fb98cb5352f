"""xAPI statements as responses: which of them are some, whose they are, and which skills they are about."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from api.schemas.interactions import MOST_INTERACTIONS
from api.schemas.xapi import ANSWERED, ATTEMPTED, StatementLine
from api.services.ingest import Recorded
from api.services.ingest_items import Ignored, Item, Refused, require_few, settle, text_of
from api.services.refusals import FieldRefused, InteractionsRefused
from api.services.validation import describe_refusal
from api.serving import ServingModels
from db.base import new_id, utc_now
from db.engine import SessionFactory, read_scope
from db.repositories.interactions import NewInteraction

VERBS = (ANSWERED, ATTEMPTED)
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
PLACES = {
    "student_id": "/actor/account/name",
    "event_id": "/id",
    "correct": "/result/success",
    "item": "/object/id",
    "timestamp": "/timestamp",
}
"""Where a statement holds what a StatementLine calls so."""

Skills = dict[str, str]
"""Names, each with the pointer to the IRI that it was read from."""


def check_statements(
    body: Any, sessions: SessionFactory, serving: ServingModels, *, home_pages: Collection[str] = ()
) -> list[Item]:
    """One statement or a list of them; about accounts of these home pages, or of any if there are none.

    Raises BatchTooLarge, and InteractionsRefused when it is neither.
    """
    statements = body if isinstance(body, list) else [body]
    if not statements or not isinstance(body, list | dict):
        detail = f"must be a statement or a list of 1 to {MOST_INTERACTIONS} statements"
        raise InteractionsRefused([FieldRefused("", detail)])
    require_few(statements)
    with read_scope(sessions) as session:
        model = serving.current(session)
    vocabulary, now = None if model is None else model.position, utc_now()
    # Distinct times keep responses of one request in the order in which they stand in it.
    return [
        _check(
            statement,
            vocabulary=vocabulary,
            home_pages=home_pages,
            default_time=now + timedelta(microseconds=place),
            pointer=f"/{place}" if isinstance(body, list) else "",
        )
        for place, statement in enumerate(statements)
    ]


def present_recorded(items: Sequence[Item], recorded: Recorded, *, is_partial: bool) -> dict[str, Any]:
    """What became of the statements, as StatementsAccepted tells it. Raises SkillsUnknown."""
    known = () if recorded.model is None else recorded.model.names
    statuses = settle(items, recorded.outcomes, known=known, is_partial=is_partial)
    became = Counter(status["status"] for status in statuses)
    return {
        "ids": [item.event_id for item in items],
        "accepted": became["accepted"],
        "duplicates": became["duplicate"],
        "ignored": became["ignored"],
        "refused": became["refused"],
        "reasons": Counter(status["reason"] for status in statuses if "reason" in status),
        "items": statuses if is_partial else None,
    }


def _check(
    statement: Any,
    *,
    vocabulary: Collection[str] | None,
    home_pages: Collection[str],
    default_time: datetime,
    pointer: str,
) -> Item:
    given_id = text_of(statement, "id")
    unread = _wrong_form(statement, pointer) or _other_matter(statement, home_pages)
    if unread is not None:
        return Item(unread, given_id, str)
    skills = _skills(statement, vocabulary, pointer)
    try:
        checked = StatementLine.model_validate(
            {
                "student_id": statement["actor"]["account"].get("name"),
                "event_id": statement.get("id"),
                "skills": list(skills),
                "correct": statement["result"]["success"],
                "item": statement["object"]["id"],
                "timestamp": statement.get("timestamp"),
            }
        )
    except ValidationError as error:
        return Item(_explain(error, skills, pointer), given_id, str)
    event = NewInteraction(
        student_id=checked.student_id,
        event_id=checked.event_id or str(new_id()),
        skills=checked.skill_names,
        correct=checked.correct,
        occurred_at=checked.timestamp or default_time,
        item=checked.item,
    )
    return Item(event, event.event_id, skills.__getitem__)


def _wrong_form(statement: Any, pointer: str) -> Refused | None:
    """What no statement may lack, whatever it is about."""
    if not isinstance(statement, dict):
        return Refused([FieldRefused(pointer, "must be a statement: an object with actor, verb and object")])
    wanted = {
        "/verb/id": (text_of(statement.get("verb"), "id"), "must be the IRI of a verb"),
        "/actor": (_mapping(statement, "actor"), "must be an agent, such as one with an account"),
        "/object": (_mapping(statement, "object"), "must be an object, such as an activity with its id"),
    }
    errors = [FieldRefused(pointer + place, detail) for place, (found, detail) in wanted.items() if not found]
    return Refused(errors) if errors else None


def _other_matter(statement: dict[str, Any], home_pages: Collection[str]) -> Ignored | None:
    """Why a statement is no response of a student that could be followed."""
    verb, actor, thing = statement["verb"]["id"], statement["actor"], statement["object"]
    account, result = _mapping(actor, "account"), _mapping(statement, "result")
    reasons = {
        "the verb is voided: what was recorded stays": verb == VOIDED,
        "the verb is neither answered nor attempted": verb not in VERBS,
        "the actor is a group": actor.get("objectType") == "Group",
        "the actor has no account": not account,
        "the account's homePage is none that is followed here": bool(home_pages)
        and text_of(account, "homePage") not in home_pages,
        "the object is not an activity": thing.get("objectType", "Activity") != "Activity"
        or text_of(thing, "id") is None,
        "there is no result.success": result.get("success") is None,
    }
    return next((Ignored(reason) for reason, applies in reasons.items() if applies), None)


def _skills(statement: dict[str, Any], vocabulary: Collection[str] | None, pointer: str) -> Skills:
    """What the categories name, else the parents, else the object; of the first that names a known skill.

    Where nothing does, the last segments of the first that is there, to be refused by name. Without a model
    the same, to be stored.
    """
    sources = [source for source in _sources(statement, pointer) if source]
    for source in sources:
        named = [(_known(iri, vocabulary or ()), place) for iri, place in source]
        found = {name: place for name, place in named if name is not None}
        if found:
            return found
    return {last_segment(iri): place for iri, place in sources[0]}


def _known(iri: str, vocabulary: Collection[str]) -> str | None:
    """The skill that an IRI stands for: one of its full text, or of its last segment."""
    return next((name for name in (iri, last_segment(iri)) if name in vocabulary), None)


def _sources(statement: dict[str, Any], pointer: str) -> Iterator[list[tuple[str, str]]]:
    """IRIs with their pointers, from the places where skills are looked for."""
    activities = _mapping(_mapping(statement, "context"), "contextActivities")
    for kind in ("category", "parent"):
        there = f"{pointer}/context/contextActivities/{kind}"
        given = activities.get(kind)
        placed = (
            [(one, f"{there}/{place}/id") for place, one in enumerate(given)]
            if isinstance(given, list)
            else [(given, f"{there}/id")]
        )
        yield [(iri, place) for one, place in placed if (iri := text_of(one, "id"))]
    yield [(statement["object"]["id"], f"{pointer}/object/id")]


def last_segment(iri: str) -> str:
    """The end of an IRI's path, percent-decoded; the whole IRI where it has none."""
    try:
        path = urlsplit(iri).path
    except ValueError:
        return iri
    return unquote(path.rstrip("/").rpartition("/")[2]) or iri


def _explain(error: ValidationError, skills: Skills, pointer: str) -> Refused:
    """What is wrong, in the words of a StatementLine and at the places of a statement."""
    first = next(iter(skills.values()))
    errors = []
    for entry in error.errors():
        name, *rest = entry["loc"]
        place = pointer + PLACES[str(name)] if name in PLACES else first
        if name == "skills" and rest:
            place = list(skills.values())[int(rest[0])]
        errors.append(FieldRefused(place, describe_refusal(entry)))
    return Refused(errors)


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member that is an object; an empty one where it is none."""
    value = parent.get(name)
    return value if isinstance(value, Mapping) else {}
