"""`ikt erase`, `ikt retention`: students who are to be gone, by name or for having been silent."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.client import DEFAULT_URL, Service, UrlOption, open_service, told
from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.failures import BadInput
from ikt_client.api.privacy import apply_retention, get_erasure, request_erasure
from ikt_client.models import ErasureCreate, RetentionCreate

POLL_SECONDS = 0.3
FOUND = ("n_interactions", "n_states", "n_cohorts", "n_datasets", "n_experiments")
"""Counts of an erasure that are all 0 where nobody was found."""
COUNTED = ("n_students", "n_interactions", "n_audit_entries")


def register(app: typer.Typer) -> None:
    app.command()(erase)
    app.command()(retention)


def erase(
    student_id: Annotated[str, typer.Argument(help="The caller's identifier of the student.")],
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until files are cleared, too.")] = True,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Erase a student everywhere: responses, states, cohorts, datasets and predictions."""
    with open_service(url) as service:
        body = ErasureCreate(student_id=student_id)
        erasure = told(request_erasure.sync_detailed(client=service.client, body=body))
        if wait and erasure["status"] != "done":
            _tell_waiting(erasure)
            with stderr().status("looking through files"):
                erasure = _wait(service, erasure)
    if as_json:
        write_json(erasure)
    if erasure["status"] == "done" and not any(erasure[count] for count in FOUND):
        raise BadInput(
            f"Nobody with the id {student_id!r} was found: nothing was erased",
            "Check the spelling; `ikt students` lists those with responses here.",
        )
    if not as_json:
        _tell_erased(erasure, student_id)


def _tell_waiting(erasure: dict[str, Any]) -> None:
    # All that was typed is asked for by now; without this line a stopped worker looks like a hanging command.
    stderr().print(
        f"erasure {erasure['id']}: rows are gone ({erasure['n_interactions']:,} responses); files wait for a "
        "worker, or for experiments that run and have read them. Ctrl-C is safe, it goes on without this "
        "command",
        soft_wrap=True,
    )


def _tell_erased(erasure: dict[str, Any], student_id: str) -> None:
    found = (
        f"{erasure['n_interactions']:,} responses, {erasure['n_datasets']} datasets, "
        f"predictions of {erasure['n_experiments']} experiments"
    )
    learned = f"{erasure['n_models']} models had learned from them"
    console = stdout()
    console.print(
        f"[green]✓[/] erasure {erasure['id']} of {escape(repr(student_id))} is {erasure['status']} · "
        f"{found}; {learned}",
        soft_wrap=True,
    )
    if erasure["status"] != "done":
        console.print("  [dim]a worker goes on through files, and counts what it finds there[/]")


def _wait(service: Service, erasure: dict[str, Any]) -> dict[str, Any]:
    while erasure["status"] != "done":
        time.sleep(POLL_SECONDS)
        erasure = told(get_erasure.sync_detailed(erasure["id"], client=service.client))
    return erasure


def retention(
    *,
    inactive_since: Annotated[
        str, typer.Option(help="Erase who has not answered for so long, or since then: 400d, or a date.")
    ],
    apply: Annotated[bool, typer.Option("--apply", help="Erase them, instead of only counting.")] = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Say who has not answered for long, and with --apply erase them."""
    since = read_since(inactive_since, now=datetime.now(UTC))
    with open_service(url) as service:
        found = _let_go(service, since, dry_run=not apply)
        step = found
        # A request erases some of them; who answers meanwhile stays.
        while apply and step["n_students"] and step["n_students_left"]:
            step = _let_go(service, since, dry_run=False)
            found = step | {name: found[name] + step[name] for name in COUNTED}
    if as_json:
        write_json(found)
        return
    done = "were" if apply else "would be"
    stdout().print(
        f"{found['n_students']:,} students with {found['n_interactions']:,} responses {done} erased, and "
        f"{found['n_audit_entries']:,} entries of the audit log dropped"
    )
    if not apply:
        stdout().print("[dim]nothing was changed; --apply does it[/]")


def _let_go(service: Service, since: datetime, *, dry_run: bool) -> dict[str, Any]:
    body = RetentionCreate(inactive_since=since, dry_run=dry_run)
    found: dict[str, Any] = told(apply_retention.sync_detailed(client=service.client, body=body))
    return found


def read_since(text: str, *, now: datetime) -> datetime:
    """A time of the past, from so many days or a date. Raises BadInput."""
    try:
        if days := re.fullmatch(r"(\d{1,5})d", text):
            return now - timedelta(days=int(days[1]))
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"--inactive-since {text!r} is no time", "Write 400d or 2025-01-31.") from error
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    if found > now:
        raise BadInput(f"--inactive-since {text!r} is still to come", "Name a time that is over.")
    return found
