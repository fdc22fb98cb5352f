"""The demo's last steps: its model answers for students, unless that would take a service over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.markup import escape

from api.cli.client import Service, told
from api.cli.demo_student import choose_student, send_student
from api.cli.models import find_model, promote_and_wait
from api.cli.students import read_student
from ikt_client.api.models import list_models
from ikt_client.api.skills import list_skills

SHOWN_UNKNOWN = 3


def find_foreign_model(service: Service, *, presets: tuple[str, ...]) -> dict[str, Any] | None:
    """The model that answers for students, or is about to, and that no demo has trained."""
    for status in ("promoting", "serving"):
        for model in service.list_all(list_models.sync_detailed, limit=100, status=status):
            if model["name"] not in presets:
                return model
    return None


def serve_demo(
    service: Service, experiment_id: str, *, presets: tuple[str, ...], check: Callable[[], None]
) -> tuple[dict[str, Any], str]:
    """The model that answers for students from now on, and a line that says so.

    Only nothing and the model of an earlier demo are replaced.
    """
    trained = find_model(service, experiment_id)
    foreign = find_foreign_model(service, presets=presets)
    if foreign is None:
        model = promote_and_wait(service, trained["id"], check=check)
        return model, f"{escape(model['name'])} now answers for students"
    change = f"`make serve`, then `.venv/bin/ikt promote {trained['id']}` would change that"
    return foreign, f"{escape(foreign['name'])} is kept and answers for students; {change}"


def replay_held_out(
    service: Service, file: Path, *, fold: int, source: str
) -> tuple[dict[str, Any] | None, str]:
    """What the serving model says of a student nobody trained on, and a line about it.

    Nothing is sent when that model does not know the student's skills.
    """
    student_id, interactions = choose_student(file, fold=fold, source=source)
    if not service.list_all(list_models.sync_detailed, limit=1, status="serving"):
        return None, "no student is shown: no model serves yet"
    known = {skill["name"] for skill in told(list_skills.sync_detailed(client=service.client))["items"]}
    practised = {skill for interaction in interactions for skill in interaction["skills"]}
    if unknown := sorted(practised - known):
        named = ", ".join(unknown[:SHOWN_UNKNOWN]) + (" …" if len(unknown) > SHOWN_UNKNOWN else "")
        return None, escape(f"no student is shown: the model that serves never saw the skills {named}")
    send_student(service, student_id, interactions)
    return read_student(service, student_id), "one held-out student answers, response by response"
