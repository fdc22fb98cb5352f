"""`ikt cross-validate`, `ikt cross-validations`: the same settings, once with each fold held out."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from api.cli.client import (
    CROSS_VALIDATIONS,
    DEFAULT_URL,
    InlineFlag,
    Service,
    UrlOption,
    find_named,
    given,
    once,
    open_service,
    told,
)
from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.datasets import Format, find_dataset
from api.cli.drawing import listing, number
from api.cli.experiments import ExcludeFolds, Settings, config_of, parse_settings, require_known
from api.cli.failures import INTERRUPTED, BadInput, JobFailed
from api.cli.watching import choose_view, follow, train_here
from ikt_client.api.cross_validations import (
    cancel_cross_validation,
    get_cross_validation,
    submit_cross_validation,
)
from ikt_client.api.cross_validations import list_cross_validations as ask_cross_validations
from ikt_client.models import CrossValidationCreate

COLUMNS = {
    "id": "id",
    "name": "name",
    "status": "status",
    "n_folds": "folds",
    "done": "succeeded",
    "created_at": "created",
}

Named = Annotated[str, typer.Argument(help="Id, end of an id, or name.")]


def register(app: typer.Typer) -> None:
    app.command("cross-validate")(cross_validate)
    group = typer.Typer()
    group.callback(invoke_without_command=True)(list_cross_validations)
    group.command()(show)
    group.command()(cancel)
    app.add_typer(group, name="cross-validations")


def cross_validate(
    *,
    preset: Annotated[str, typer.Option(help="Named configuration; `ikt presets` lists them.")],
    data: Annotated[str, typer.Option(help="File, or id of a stored dataset.")],
    folds: Annotated[str, typer.Option(help="Folds to hold out: all, or as in 0,1,2.")] = "all",
    exclude_fold: ExcludeFolds = None,
    settings: Settings = None,
    name: Annotated[str | None, typer.Option(help="Default: preset and number of folds.")] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    data_format: Format = "auto",
    inline: InlineFlag = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until all have ended.")] = True,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Train once with each fold held out, and show mean and deviation of every held-out metric."""
    wanted: dict[str, Any] = {
        "preset": preset,
        "config": require_known(parse_settings(settings or []), preset=preset),
        "folds": _folds(folds),
        "exclude_folds": exclude_fold,
        "name": name,
        "seed": seed,
        "device": device,
    }
    with open_service(url, inline=inline) as service:
        dataset_id = find_dataset(service, data, data_format=data_format)
        row = _submit(service, dataset_id=dataset_id, **wanted)
        if inline or wait:
            _run(service, row, inline=inline)
            row = told(get_cross_validation.sync_detailed(row["id"], client=service.client))
    if (inline or wait) and row["status"] != "succeeded":
        counts = ", ".join(f"{count} {status}" for status, count in row["counts"].items())
        raise JobFailed(f"Cross-validation {row['name']} ({row['id']}) {row['status']}", counts)
    _tell(row, as_json=as_json)


def list_cross_validations(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """List cross-validations, newest first."""
    if context.invoked_subcommand is not None:
        return
    with open_service(url) as service:
        rows = service.list_all(ask_cross_validations.sync_detailed, limit=limit)
    if as_json:
        write_json(rows)
        return
    flat = [{**row, "n_folds": len(row["folds"]), "done": row["counts"].get("succeeded", 0)} for row in rows]
    console = stdout()
    found = listing(flat, COLUMNS, width=console.width)
    console.print(found if rows else "no cross-validations yet; `ikt cross-validate` runs one")


def show(cross_validation: Named, *, url: UrlOption = DEFAULT_URL, as_json: JsonFlag = False) -> None:
    """Show mean and deviation of every held-out metric over the folds that succeeded."""
    with open_service(url) as service:
        found = find_named(service, CROSS_VALIDATIONS, cross_validation)
        row = told(get_cross_validation.sync_detailed(found["id"], client=service.client))
    _tell(row, as_json=as_json)


def cancel(cross_validation: Named, *, url: UrlOption = DEFAULT_URL, as_json: JsonFlag = False) -> None:
    """Stop those of its experiments that have not ended."""
    with open_service(url) as service:
        found = find_named(service, CROSS_VALIDATIONS, cross_validation)
        row = told(cancel_cross_validation.sync_detailed(found["id"], client=service.client))
    if as_json:
        write_json(row)
        return
    stdout().print(f"{escape(row['name'])} is {row['status']}")


def spread_table(metrics: Mapping[str, Mapping[str, Any]]) -> Table:
    """Every metric with mean, sample deviation and the folds behind it."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    for heading in ("metric", "mean", "± std", "folds"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for name, spread in metrics.items():
        table.add_row(name, number(spread["mean"]), number(spread["std"]), str(spread["n"]))
    return table


def _submit(service: Service, *, dataset_id: str, config: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    body = CrossValidationCreate(dataset_id=UUID(dataset_id), config=config_of(config), **given(**wanted))
    submitted: dict[str, Any] = once(
        lambda key: submit_cross_validation.sync_detailed(
            client=service.client, body=body, idempotency_key=key
        )
    )
    return submitted


def _folds(text: str) -> str | list[int]:
    if text == "all":
        return text
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise BadInput(f"--folds {text!r} is neither all nor a list of numbers as in 0,1,2") from None


def _run(service: Service, row: dict[str, Any], *, inline: bool) -> None:
    if inline:
        for member in row["experiments"]:
            train_here(service, member, choose_view(stderr()))
        return
    try:
        follow(service, row["experiments"], choose_view(stderr()))
    except KeyboardInterrupt:
        stop = f"`ikt cross-validations cancel {row['id']}` stops it"
        stderr().print(f"\n{escape(row['name'])} goes on without you; {stop}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None


def _tell(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        write_json(row)
        return
    console = stdout()
    console.print(f"[bold]{escape(row['name'])}[/] {row['status']} · {row['id']}")
    if row["metrics"]:
        console.print(spread_table(row["metrics"]))
