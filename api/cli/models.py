"""`ikt models`, `ikt promote`: which model answers for students."""

import time
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from api.cli.client import DEFAULT_URL, Service, UrlOption, open_service, told
from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.drawing import listing
from api.cli.failures import BadInput, JobFailed
from ikt_client.api.models import get_model, promote_model
from ikt_client.api.models import list_models as ask_models

COLUMNS = {
    "id": "id",
    "name": "name",
    "status": "status",
    "auc": "AUC",
    "created_at": "created",
    "promoted_at": "promoted",
}
POLL_SECONDS = 0.3


def register(app: typer.Typer) -> None:
    app.command("models")(list_models)
    app.command()(promote)


def list_models(
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to show.")] = 50,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """List trained models, newest first."""
    with open_service(url) as service:
        rows = service.list_all(ask_models.sync_detailed, limit=limit)
    if as_json:
        write_json(rows)
        return
    flat = [{**row["metrics"], **row} for row in rows]
    console = stdout()
    found = listing(flat, COLUMNS, width=console.width)
    console.print(found if rows else "no models yet; `ikt train` makes one")


def promote(
    model: Annotated[str, typer.Argument(help="Id of a model or of its experiment, its end, or a name.")],
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it serves.")] = True,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonFlag = False,
) -> None:
    """Let a model answer for students; the old one serves until every student is scored."""
    with open_service(url) as service:
        found = find_model(service, model)
        if wait:
            with stderr().status("scoring students"):
                found = promote_and_wait(service, found["id"])
        else:
            found = told(promote_model.sync_detailed(found["id"], client=service.client))
    if as_json:
        write_json(found)
        return
    stdout().print(f"[green]✓[/] {escape(found['name'])} is {found['status']} · {found['id']}")


def find_model(service: Service, name: str) -> dict[str, Any]:
    """A model by its own or its experiment's id, the end of either, or by name."""
    for row in service.list_all(ask_models.sync_detailed, limit=1000):
        ids = (row["id"], row["experiment_id"])
        if row["name"] == name or (len(name) >= 4 and any(known.endswith(name.lower()) for known in ids)):
            return row
    raise BadInput(f"There is no model {name!r}", "`ikt models` lists them.")


def promote_and_wait(
    service: Service, model_id: str, *, check: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Promote a model and return it when it serves. Raises JobFailed."""
    model: dict[str, Any] = told(promote_model.sync_detailed(UUID(model_id), client=service.client))
    while model["status"] == "promoting":
        check()
        time.sleep(POLL_SECONDS)
        model = told(get_model.sync_detailed(UUID(model_id), client=service.client))
    if model["status"] != "serving":
        reason = (model.get("error") or {}).get("detail") or ""
        raise JobFailed(f"Model {model['name']} was not promoted, it is {model['status']}", reason)
    return model
