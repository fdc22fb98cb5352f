"""`ikt compare`, `ikt evaluate`: what experiments are worth."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape

from api.cli.client import (
    CROSS_VALIDATIONS,
    DEFAULT_URL,
    InlineFlag,
    Service,
    UrlOption,
    find_experiment,
    find_named,
    open_service,
    opened,
    told,
)
from api.cli.console import JsonFlag, json_text, stdout, write_file, write_json
from api.cli.datasets import Format
from api.cli.drawing import comparison_table, findings_of, metrics_table
from api.cli.failures import BadInput, Refused
from ikt_client.api.comparisons import compare_experiments
from ikt_client.api.experiments import evaluate_experiment
from ikt_client.models import EvaluateExperimentFilesBody

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
    html: Annotated[bool, typer.Option("--html", help="One HTML file that needs nothing else.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; its ending says how when nothing else does."),
    ] = None,
    inline: InlineFlag = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Set experiments, or cross-validations, side by side."""
    form = _choose_form({"--md": markdown, "--html": html, "--json": as_json}, output)
    with open_service(url, inline=inline) as service:
        first, *others = (_find(service, name) for name in (baseline, *candidates))
        answer = compare_experiments.sync_detailed(
            client=service.client,
            baseline=first["id"],
            candidate=[other["id"] for other in others],
            accept=TEXTS.get(form, "application/json"),
        )
    if form in TEXTS:
        written = answer.content.decode()
    else:
        comparison = told(answer)
        written = json_text(comparison) if form == "--json" else ""
    if output:
        write_file(output, written, option="--output")
    elif form:
        typer.echo(written)
    else:
        _show(comparison)


TEXTS = {"--md": "text/markdown", "--html": "text/html"}
ENDINGS = {".md": "--md", ".html": "--html", ".htm": "--html", ".json": "--json"}


def _choose_form(asked: Mapping[str, bool], output: Path | None) -> str:
    """The one flag that was given, else what the file's name says; nothing for a table on the terminal."""
    chosen = [flag for flag, is_asked in asked.items() if is_asked]
    if len(chosen) > 1:
        raise BadInput(f"{' and '.join(chosen)} exclude each other")
    if chosen or output is None:
        return next(iter(chosen), "")
    if output.suffix.lower() not in ENDINGS:
        raise BadInput(f"{output} does not say how to write it", "Add --md, --html or --json.")
    return ENDINGS[output.suffix.lower()]


def _show(comparison: Mapping[str, Any]) -> None:
    console = stdout()
    console.print(comparison_table(comparison))
    if comparison["findings"]:
        console.print()
    for finding in findings_of(comparison):
        console.print(finding, soft_wrap=False)
    if comparison["intervals"]:
        console.print(f"\n[dim]\\[…]: {escape(comparison['intervals'])}[/]")
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
            return find_named(service, CROSS_VALIDATIONS, name)
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
        with opened(data) as content:
            form = EvaluateExperimentFilesBody(
                file=content, format_=cast(Any, data_format), protocol=cast(Any, protocol)
            )
            evaluation = told(
                evaluate_experiment.sync_detailed(found["id"], client=service.client, body=form)
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
