"""`ikt compare`, `ikt evaluate`: what experiments are worth."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.cli.client import (
    DEFAULT_URL,
    InlineFlag,
    Service,
    UrlOption,
    find_experiment,
    find_named,
    open_service,
)
from api.cli.console import JsonFlag, stdout, write_json
from api.cli.datasets import Format
from api.cli.drawing import comparison_table, metrics_table
from api.cli.failures import BadInput, Refused

NOT_FOUND = 404

Experiment = Annotated[str, typer.Argument(help="Id, end of an id, or name (the newest of that name).")]


def register(app: typer.Typer) -> None:
    app.command()(compare)
    app.command()(evaluate)


def compare(
    baseline: Annotated[
        str, typer.Argument(help="Experiment or cross-validation: id, end of an id, or name (the newest).")
    ],
    candidates: Annotated[list[str], typer.Argument(help="One or more of its kind to set against it.")],
    *,
    markdown: Annotated[bool, typer.Option("--md", help="Markdown, as the service writes it.")] = False,
    inline: InlineFlag = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Set experiments, or cross-validations, side by side."""
    if markdown and as_json:
        raise BadInput("--md and --json exclude each other")
    with open_service(url, inline=inline) as service:
        first, *others = (_find(service, name) for name in (baseline, *candidates))
        ids = {"baseline": first["id"], "candidate": [other["id"] for other in others]}
        if markdown:
            typer.echo(service.get_text("/comparisons", accept="text/markdown", **ids))
            return
        comparison = service.get("/comparisons", **ids)
    if as_json:
        write_json(comparison)
        return
    console = stdout()
    console.print(comparison_table(comparison))
    if comparison["intervals"]:
        console.print(f"[dim]\\[…]: {escape(comparison['intervals'])}[/]")
    for note in comparison["notes"]:
        console.print(f"[yellow]{escape(note)}[/]")


def _find(service: Service, name: str) -> dict[str, Any]:
    """An experiment, or else a cross-validation."""
    try:
        return find_experiment(service, name)
    except (BadInput, Refused) as missing:
        if isinstance(missing, Refused) and missing.status != NOT_FOUND:
            raise
        try:
            return find_named(service, "/cross-validations", name, kind="cross-validation")
        except (BadInput, Refused):
            raise missing from None


def evaluate(
    experiment: Experiment,
    *,
    data: Annotated[Path, typer.Option(help="CSV or Parquet file to evaluate on.")],
    data_format: Format = "auto",
    protocol: Annotated[
        str,
        typer.Option(help="window: windows as in training; history: whole histories as students are served."),
    ] = "window",
    inline: InlineFlag = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Measure an experiment's model on another file."""
    with open_service(url, inline=inline) as service:
        found = find_experiment(service, experiment)
        evaluation = service.upload(
            f"/experiments/{found['id']}/evaluations", data, format=data_format, protocol=protocol
        )
    if as_json:
        write_json(evaluation)
        return
    console = stdout()
    console.print(
        f"[bold]{escape(found['name'])}[/] on {escape(data.name)}: {evaluation['n_students']:,} students, "
        f"{evaluation['n_responses']:,} responses on skills of the model, "
        f"{evaluation['n_predicted']:,} of them predicted by the protocol '{evaluation['protocol']}'"
    )
    if evaluation["n_known_students"]:
        known = f"{evaluation['n_known_students']:,}"
        console.print(f"[yellow]{known} of them were trained on: these numbers are optimistic[/]")
    console.print(metrics_table(evaluation["metrics"]))
