"""Responses of one student: checked, recorded with what else arrives, answered with where they lead."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from pydantic import ValidationError

from api.formats.mastery import present_ability, present_skills
from api.schemas.interactions import MOST_INTERACTIONS, InteractionCreate
from api.services.ingest import Recorded
from api.services.ingest_items import Item, explain, require_few, settle, text_of
from api.services.refusals import FieldRefused, InteractionsRefused
from api.serving import ServingModel
from db.base import new_id, utc_now
from db.repositories.interactions import NewInteraction

Shown = Literal["practised", "all", "none"]
"""Of which skills the answer tells mastery: of those sent, of all, of none."""


def check_interactions(body: Any, *, student_id: str) -> list[Item]:
    """One response or a list of them. Raises BatchTooLarge, and InteractionsRefused when it is neither."""
    now = utc_now()
    if isinstance(body, dict):
        return [_check(body, student_id=student_id, default_time=now, pointer="")]
    if not isinstance(body, list) or not body:
        detail = f"must be a response or a list of 1 to {MOST_INTERACTIONS} responses"
        raise InteractionsRefused([FieldRefused("", detail)])
    require_few(body)
    # Distinct times keep responses of one request in the order in which they stand in it.
    return [
        _check(
            one,
            student_id=student_id,
            default_time=now + timedelta(microseconds=place),
            pointer=f"/{place}",
        )
        for place, one in enumerate(body)
    ]


def present_recorded(
    student_id: str, items: Sequence[Item], recorded: Recorded, *, is_partial: bool, shown: Shown
) -> dict[str, Any]:
    """What became of the responses and where they leave the student, as InteractionsAccepted tells it.

    Raises SkillsUnknown.
    """
    model = recorded.model
    statuses = settle(
        items, recorded.outcomes, known=model.names if model is not None else (), is_partial=is_partial
    )
    became = [status["status"] for status in statuses]
    state = recorded.states.get(student_id)
    told = {
        "student_id": student_id,
        "accepted": became.count("accepted"),
        "duplicates": became.count("duplicate"),
        "refused": became.count("refused"),
        "event_ids": [item.event_id for item in items],
        "items": statuses if is_partial else None,
        "state": None,
        "skills": [],
    }
    if model is not None and state is not None:
        n_interactions = recorded.students[student_id].n_interactions
        told["state"] = present_ability(state, model, n_interactions=n_interactions)
        if shown != "none":
            positions = None if shown == "all" else _practised(items, model)
            told["skills"] = present_skills(state, model, positions)
    return told


def _check(body: Any, *, student_id: str, default_time: datetime, pointer: str) -> Item:
    point = partial(_point_at_skill, body, pointer)
    try:
        checked = InteractionCreate.model_validate(body)
    except ValidationError as error:
        return Item(explain(body, error, pointer=pointer), text_of(body, "event_id"), point)
    event = NewInteraction(
        student_id=student_id,
        event_id=checked.event_id or str(new_id()),
        skills=checked.skill_names,
        correct=checked.correct,
        occurred_at=checked.timestamp or default_time,
        item=checked.item,
    )
    return Item(event, event.event_id, point)


def _point_at_skill(body: dict[str, Any], pointer: str, name: str) -> str:
    return (
        f"{pointer}/skill" if body.get("skill") == name else f"{pointer}/skills/{body['skills'].index(name)}"
    )


def _practised(items: Sequence[Item], model: ServingModel) -> list[int]:
    """Positions of the skills that were sent, each once, in that order."""
    names = [
        name for item in items if isinstance(item.checked, NewInteraction) for name in item.checked.skills
    ]
    return [model.position[name] for name in dict.fromkeys(names) if name in model.position]
