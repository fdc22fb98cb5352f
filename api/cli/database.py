"""`ikt db …`: the database's schema, and backups of all that is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.failures import BadInput

if TYPE_CHECKING:
    from db.backup import Manifest
    from db.settings import DatabaseSettings

app = typer.Typer(no_args_is_help=True, help="The database's schema, and backups.")

AFTER_RESTORING = (
    "The backup knows nothing of what came after {since}: revoke again the keys that were revoked since, or "
    "they open the service (`ikt key list` shows their state, `ikt key revoke` ends them), and erase again "
    "who was erased since."
)

Folder = Annotated[Path, typer.Argument(help="The backup's folder.")]


@app.callback()
def group() -> None:
    """The database's schema, and backups."""


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Revision to reach.")] = "head", *, as_json: JsonFlag = False
) -> None:
    """Bring the database to the schema this version was written for."""
    from sqlalchemy import make_url

    from db import engine
    from db.settings import DatabaseSettings

    settings = DatabaseSettings()
    engine.upgrade(settings, revision)
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    if as_json:
        write_json({"database_url": shown, "revision": revision})
        return
    stdout().print(f"[green]✓[/] {escape(str(shown))} is at [bold]{revision}[/]")


@app.command()
def backup(folder: Folder, *, as_json: JsonFlag = False) -> None:
    """Save all rows and files in a new folder, while the service goes on."""
    from db.backup import back_up

    _tell(_try(back_up, folder), f"saved in {folder}", as_json=as_json)


@app.command()
def restore(folder: Folder, *, as_json: JsonFlag = False) -> None:
    """Bring a backup into a new database and an empty place for files; start the service afterwards."""
    from db.backup import restore

    manifest = _try(restore, folder)
    _tell(manifest, f"restored from {folder}", as_json=as_json)
    stderr().print(AFTER_RESTORING.format(since=manifest.created_at), soft_wrap=True)


def _try(act: "Callable[[DatabaseSettings, Path], Manifest]", folder: Path) -> "Manifest":
    from db.errors import BackupRefused
    from db.settings import DatabaseSettings

    try:
        return act(DatabaseSettings(), folder)
    except BackupRefused as refused:
        raise BadInput("Nothing was saved or restored", str(refused)) from refused


def _tell(manifest: "Manifest", done: str, *, as_json: bool) -> None:
    if as_json:
        write_json(
            {"created_at": manifest.created_at, "revision": manifest.revision, "counts": manifest.counts}
            | {"files": len(manifest.files)}
        )
        return
    rows = sum(manifest.counts.values())
    stdout().print(
        f"[green]✓[/] {rows:,} rows and {len(manifest.files):,} files of {manifest.created_at} "
        f"{escape(done)}",
        soft_wrap=True,
    )
