"""`ikt train`, `ikt experiments`, `ikt cancel`: training runs."""

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from api.cli.client import (
    DEFAULT_URL,
    InlineFlag,
    Service,
    UrlOption,
    find_experiment,
    given,
    once,
    open_service,
    told,
)
from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.datasets import Format, find_dataset
from api.cli.drawing import listing, metrics_table
from api.cli.failures import INTERRUPTED, BadInput
from api.cli.presets import list_presets
from api.cli.reports import report
from api.cli.search_space import read_value
from api.cli.watching import choose_view, follow, require_success, train_here
from ikt_client.api.experiments import cancel_experiment, retry_experiment
from ikt_client.api.experiments import list_experiments as ask_experiments
from ikt_client.api.experiments import submit_experiment as ask_experiment
from ikt_client.models import Config, ExperimentCreate

ExcludeFolds = Annotated[
    list[int] | None,
    typer.Option("--exclude-fold", min=0, help="Fold to leave out altogether; may be repeated."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Replace one setting, e.g. loss.lambda_target=0.5; may be repeated."),
]
COLUMNS = {
    "id": "id",
    "name": "name",
    "status": "status",
    "auc": "AUC",
    "fold": "fold",
    "epochs_done": "epochs",
    "theta_pearson": "θ Pearson",
    "created_at": "created",
}


def register(app: typer.Typer) -> None:
    app.command()(train)
    group = typer.Typer()
    group.callback(invoke_without_command=True)(list_experiments)
    group.command()(report)
    app.add_typer(group, name="experiments")
    app.command()(cancel)
    app.command()(retry)
    app.command("presets")(list_presets)


def train(
    *,
    preset: Annotated[
        str, typer.Option(help="Named configuration: skill-wise, small-dynamic, dkt, … (see ikt presets).")
    ],
    data: Annotated[str, typer.Option(help="File, or id of a stored dataset.")],
    fold: Annotated[int, typer.Option(min=0, help="Fold to hold out.")] = 0,
    settings: Settings = None,
    exclude_fold: ExcludeFolds = None,
    name: Annotated[str | None, typer.Option(help="Default: preset and fold.")] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    devices: Annotated[int, typer.Option(min=1, help="How many train it together.")] = 1,
    data_format: Format = "auto",
    inline: InlineFlag = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it has ended.")] = True,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Train one experiment and show its held-out metrics."""
    wanted: dict[str, Any] = {
        "preset": preset,
        "config": require_known(parse_settings(settings or []), preset=preset),
        "fold": fold,
        "exclude_folds": exclude_fold,
        "name": name,
        "seed": seed,
        "device": device,
        "devices": devices,
    }
    with open_service(url, inline=inline) as service:
        dataset_id = find_dataset(service, data, data_format=data_format)
        submitted = submit_experiment(service, dataset_id=dataset_id, **wanted)
        if inline:
            experiment = train_here(service, submitted, choose_view(stderr()))
        elif wait:
            experiment = _wait(service, submitted)
        else:
            experiment = submitted
    if inline or wait:
        require_success(experiment)
    if as_json:
        write_json(experiment)
        return
    _show(experiment)


def _wait(service: Service, submitted: dict[str, Any]) -> dict[str, Any]:
    try:
        return follow(service, [submitted], choose_view(stderr()))[0]
    except KeyboardInterrupt:
        stderr().print(
            f"\n{escape(submitted['name'])} goes on without you; `ikt cancel {submitted['id']}` stops it",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None


def submit_experiment(
    service: Service, *, dataset_id: str, config: dict[str, Any] | None = None, **wanted: Any
) -> dict[str, Any]:
    """Queue an experiment: one, even if asked again after a lost connection."""
    body = ExperimentCreate(dataset_id=UUID(dataset_id), config=config_of(config), **given(**wanted))
    submitted: dict[str, Any] = once(
        lambda key: ask_experiment.sync_detailed(client=service.client, body=body, idempotency_key=key)
    )
    return submitted


def config_of(settings: dict[str, Any] | None) -> Config:
    """Settings as a body holds them."""
    return Config.from_dict(settings or {})


def _show(experiment: dict[str, Any]) -> None:
    console = stdout()
    console.print(f"[bold]{escape(experiment['name'])}[/] {experiment['status']} · {experiment['id']}")
    if experiment.get("metrics"):
        console.print(metrics_table(experiment["metrics"]))
    for warning in experiment["warnings"]:
        console.print(f"[yellow]Warning:[/] {escape(warning)}")


def list_experiments(
    context: typer.Context,
    *,
    status: Annotated[
        str | None, typer.Option(help="queued, running, succeeded, failed, cancelled or pruned.")
    ] = None,
    preset: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """List experiments, newest first; `report` looks into one."""
    if context.invoked_subcommand:
        return
    with open_service(url) as service:
        rows = service.list_all(ask_experiments.sync_detailed, limit=limit, status=status, preset=preset)
    if as_json:
        write_json(rows)
        return
    flat = [{**(row["metrics"] or {}), **row} for row in rows]
    console = stdout()
    if not rows and (status or preset):
        console.print("no experiment matches; `ikt experiments` lists all of them")
        return
    found = listing(flat, COLUMNS, width=console.width)
    console.print(found if rows else "no experiments yet; `ikt train` runs one")


def cancel(
    experiment: Annotated[str, typer.Argument(help="Id, end of an id, or name.")],
    *,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Stop an experiment that is queued or running; a running one stops within an epoch."""
    with open_service(url) as service:
        found = find_experiment(service, experiment)
        answer = told(cancel_experiment.sync_detailed(found["id"], client=service.client))
    if as_json:
        write_json(answer)
        return
    if found["status"] == "cancelled":
        stdout().print(f"{escape(found['name'])} was cancelled already")
        return
    stdout().print(
        f"{escape(found['name'])} is {answer['status']}"
        + (", asked to stop" if answer["cancel_requested"] else "")
    )


def retry(
    experiment: Annotated[str, typer.Argument(help="Id, end of an id, or name.")],
    *,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Queue a failed or cancelled experiment again; it goes on from its last checkpoint."""
    with open_service(url) as service:
        found = find_experiment(service, experiment)
        answer = told(retry_experiment.sync_detailed(found["id"], client=service.client))
    if as_json:
        write_json(answer)
        return
    stdout().print(f"{escape(found['name'])} is {answer['status']}")


def parse_settings(settings: list[str]) -> dict[str, Any]:
    """`a.b=1` as {"a": {"b": 1}}; values are JSON where they can be, text otherwise."""
    nested: dict[str, Any] = {}
    for setting in settings:
        path, separator, value = setting.partition("=")
        *sections, key = path.strip().split(".")
        if not separator or not all((*sections, key)):
            raise BadInput(f"--set {setting!r} is not of the form section.name=value")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise BadInput(f"--set {setting!r} contradicts another --set")
        place[key] = read_value(f"--set {setting!r}", value)
    return nested


def require_known(config: dict[str, Any], *, preset: str | None = None) -> dict[str, Any]:
    """The same settings, none of them unknown to the kinds of model and reference that they and the preset
    name. Raises BadInput with the names that there are.
    """
    from ikt_model.config import setting_names

    sections = setting_names(preset, config)
    for section, values in config.items():
        if section not in sections:
            named = ", ".join(f"{name}.…" for name in sections)
            inside = [f"{name}.{section}" for name, known in sections.items() if section in known]
            meant = f"Did you mean {inside[0]}? " if inside else ""
            raise BadInput(f"--set {section}: there is no such section", f"{meant}Settings are {named}")
        for key in values if isinstance(values, dict) else ():
            if key not in sections[section]:
                names = ", ".join(sections[section])
                raise BadInput(f"--set {section}.{key}: there is no such setting", f"{section} has {names}")
    return config
