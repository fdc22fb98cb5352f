"""What a command writes: results on standard output, everything else on standard error."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.cli.failures import Failure, ProcessDied, Refused

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
