"""`ikt student`: what one student can do, and how they came there."""

import shlex
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape

from api.cli.client import DEFAULT_URL, Service, UrlOption, open_service
from api.cli.console import JsonFlag, stdout, write_json
from api.cli.drawing import mastery_table, number, sparkline

SHOWN_SKILLS = 12


def register(app: typer.Typer) -> None:
    app.command()(student)


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


def read_student(service: Service, student_id: str) -> dict[str, Any]:
    """Mastery and the whole trajectory."""
    place = f"/students/{quote(student_id, safe='')}"
    return {
        "student_id": student_id,
        "mastery": service.get(f"{place}/mastery"),
        "trajectory": service.list_all(f"{place}/trajectory", limit=100_000),
    }


def draw_student(console: Console, seen: dict[str, Any], *, shown: int | None, command: str = "ikt") -> None:
    """Ability first, then its way, then the skills that were practised most; `command` shows the rest."""
    state, steps = seen["mastery"], seen["trajectory"]
    console.print(
        f"  [bold]student {escape(seen['student_id'])}[/] · {len(steps)} responses · "
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
