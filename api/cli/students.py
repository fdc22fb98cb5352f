"""`ikt student`, `ikt students`: what students can do, how they came there, and sending their answers."""

import shlex
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.client import DEFAULT_URL, Service, UrlOption, open_service, opened, told
from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.drawing import listing, mastery_table, number, sparkline
from api.cli.failures import JobFailed
from ikt_client.api.students import get_mastery, get_trajectory, load_interactions
from ikt_client.api.students import list_students as ask_students

SHOWN_SKILLS = 12
COLUMNS = {
    "student_id": "student",
    "n_interactions": "responses",
    "last_interaction_at": "last response",
    "created_at": "first seen",
}
SHOWN_REFUSALS = 10


class Scoring(StrEnum):
    """When states are brought up to date."""

    DEFERRED = "deferred"
    IMMEDIATE = "immediate"


def register(app: typer.Typer) -> None:
    app.command()(student)
    group = typer.Typer()
    group.callback(invoke_without_command=True)(list_students)
    group.command()(send)
    app.add_typer(group, name="students")


def student(
    student_id: Annotated[str, typer.Argument(help="The caller's identifier of the student.")],
    *,
    every_skill: Annotated[bool, typer.Option("--all", help="Also skills without a response yet.")] = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Show a student's mastery, skill by skill, and the way of their ability."""
    with open_service(url) as service:
        seen = read_student(service, student_id)
    if as_json:
        write_json(seen)
        return
    draw_student(stdout(), seen, shown=None if every_skill else SHOWN_SKILLS)


def list_students(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """List students in the order in which they were first seen."""
    if context.invoked_subcommand is not None:
        return
    with open_service(url) as service:
        rows = service.list_all(ask_students.sync_detailed, limit=limit)
    if as_json:
        write_json(rows)
        return
    console = stdout()
    nobody = "no students yet; they come with their first response, as `ikt students send` brings it"
    console.print(listing(rows, COLUMNS, width=console.width) if rows else nobody)


def send(
    file: Annotated[Path, typer.Argument(help="NDJSON: a line for each response, with student_id.")],
    *,
    partial: Annotated[
        bool, typer.Option("--partial", help="Store what is right of it, instead of all or nothing.")
    ] = False,
    scoring: Annotated[
        Scoring, typer.Option(help="deferred: by a worker, soon; immediate: before the answer.")
    ] = Scoring.DEFERRED,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Send a file of many students' responses; what was sent before counts once."""
    remedy = "Name a file with one JSON object a line."
    with opened(file, remedy=remedy) as lines, open_service(url) as service:
        started = time.perf_counter()
        answer = load_interactions.sync_detailed(
            client=service.client, body=lines, partial=partial, scoring=scoring.value
        )
        seconds = time.perf_counter() - started
    loaded = told(answer)
    n_events = loaded["accepted"] + loaded["duplicates"] + loaded["refused"]
    loaded |= {"seconds": round(seconds, 3), "events_per_second": round(n_events / seconds, 1)}
    if as_json:
        write_json(loaded)
    else:
        _tell_sent(loaded, n_events)
    if loaded["refused"]:
        raise JobFailed(
            f"{loaded['refused']:,} of {n_events:,} responses were refused", "The others are stored."
        )


def _tell_sent(loaded: dict[str, Any], n_events: int) -> None:
    console = stdout()
    known = f", {loaded['duplicates']:,} were known" if loaded["duplicates"] else ""
    console.print(
        f"[green]✓[/] {loaded['accepted']:,} responses of {loaded['n_students']:,} students are stored{known}"
        f" · {loaded['seconds']:.1f} s, {loaded['events_per_second']:,.0f} responses/s"
    )
    if loaded["scoring"] == "deferred":
        console.print("  [dim]a worker brings their states up to date[/]")
    refused = [item for item in loaded["items"] or [] if item["status"] == "refused"]
    for item in refused[:SHOWN_REFUSALS]:
        reasons = "; ".join(f"{error['pointer']} {error['detail']}" for error in item.get("errors") or [])
        stderr().print(f"  line {item['line']}: {escape(reasons)}", soft_wrap=True)
    if len(refused) > SHOWN_REFUSALS:
        stderr().print(f"  [dim]… and {len(refused) - SHOWN_REFUSALS:,} more of {n_events:,}[/]")


def read_student(service: Service, student_id: str) -> dict[str, Any]:
    """Mastery and the whole trajectory."""
    return {
        "student_id": student_id,
        "mastery": told(get_mastery.sync_detailed(student_id, client=service.client)),
        "trajectory": service.list_all(get_trajectory.sync_detailed, student_id, limit=100_000),
    }


def draw_student(console: Console, seen: dict[str, Any], *, shown: int | None, command: str = "ikt") -> None:
    """Ability first, then its way, then the skills that were practised most; `command` shows the rest."""
    state, steps = seen["mastery"], seen["trajectory"]
    pending = f" [yellow]({state['n_pending']:,} not included yet)[/]" if state["n_pending"] else ""
    console.print(
        f"  [bold]student {escape(seen['student_id'])}[/] · {len(steps)} responses{pending} · "
        f"ability θ {number(state['theta'], digits=2)} "
        f"[dim](reference {number(state['theta_reference'], digits=2)} "
        f"± {number(state['theta_reference_sd'], digits=2)})[/]"
    )
    theta = [step["theta"] for step in steps if step["theta"] is not None]
    if theta:
        console.print(f"  [dim]θ {theta[0]:+.2f}[/] [cyan]{sparkline(theta)}[/] [dim]{theta[-1]:+.2f}[/]")
    console.print()
    rows = sorted(state["skills"], key=lambda row: (-row["evidence"], row["skill"]))
    practised = [row for row in rows if row["evidence"]]
    chosen = rows if shown is None else practised[:shown]
    console.print(mastery_table(sorted(chosen, key=lambda row: -(row["mastery"] or 0.0))))
    if len(chosen) < len(rows):
        more = escape(f"{command} student {shlex.quote(seen['student_id'])} --all")
        console.print(f"  [dim]and {len(rows) - len(chosen)} more skills: {more}[/]", soft_wrap=True)
