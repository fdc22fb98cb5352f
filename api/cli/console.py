"""What a command writes: results on standard output, everything else on standard error."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.cli.failures import BadInput, Failure, ProcessDied, Refused

JsonFlag = Annotated[bool, typer.Option("--json", help="Pure JSON on standard output, nothing else.")]
MAX_ROWS = 10
PIPE_WIDTH = 1000


def stdout() -> Console:
    """Results for people; a file or a pipe has no width of its own, and cells must not be cut there."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def stderr() -> Console:
    """Progress and failures: never mixed into what is piped on."""
    return Console(stderr=True, highlight=False)


def write_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json_text(value))


def json_text(value: Any) -> str:
    """One JSON document; what is not finite is not JSON and must not come this far."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def write_file(file: Path, text: str, *, option: str) -> None:
    """A file that an option asked for, and that it is there. Raises BadInput where it can't be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise BadInput(
            f"{file} can't be written: {error.strerror}", f"Name another with {option}."
        ) from error
    stderr().print(f"[green]✓[/] {escape(str(file))}", soft_wrap=True)


def report(failure: Failure) -> None:
    """Title, detail, then what helps to put it right."""
    console = stderr()
    console.print(f"[bold red]✗ {escape(failure.title)}[/]", soft_wrap=True)
    if failure.detail:
        console.print(f"  {escape(failure.detail)}", soft_wrap=True)
    if isinstance(failure, Refused):
        _report_errors(console, failure.problem)
    if isinstance(failure, ProcessDied):
        for line in failure.last_lines:
            console.print(f"  [dim]│[/] {escape(line)}")


def _report_errors(console: Console, problem: dict[str, Any]) -> None:
    errors = [error for error in problem.get("errors") or [] if isinstance(error, dict)]
    if not errors:
        return
    columns = list(dict.fromkeys(key for error in errors for key in error))
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 2))
    for column in columns:
        table.add_column(column)
    for error in errors[:MAX_ROWS]:
        table.add_row(*(escape(str(error.get(column, ""))) for column in columns))
    console.print(table)
    more = int(problem.get("total_errors") or len(errors)) - min(len(errors), MAX_ROWS)
    if more > 0:
        console.print(f"  [dim]… and {more:,} more[/]")
