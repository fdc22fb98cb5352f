"""`ikt key …`: keys, straight on the database."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from api.cli.console import JsonFlag, stderr, stdout, write_json
from api.cli.failures import BadInput

if TYPE_CHECKING:
    from api.security.issue import Issued, KeyShown
    from db.engine import SessionFactory

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
LONGEST_ID = len(str(UUID(int=0)))
DURATION = re.compile(r"(\d{1,6})([mhdw])")

app = typer.Typer(no_args_is_help=True, help="Keys that programs and people show to the service.")

Named = Annotated[
    str,
    typer.Argument(metavar="ID|PREFIX", help="The key's id or prefix."),
]


@app.callback()
def group() -> None:
    """Keys that programs and people show to the service."""


@app.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="What the key is for, to tell it from others.")],
    scopes: Annotated[
        str, typer.Option(help="What it allows: read, ingest, train, or admin, which implies the others.")
    ] = "read",
    tenant: Annotated[str, typer.Option(help="Whose data it opens; a new tenant is added.")] = "default",
    expires: Annotated[str | None, typer.Option(help="When it ends: 90d, 12h, or a date.")] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, max=2**31 - 1, help="Requests per minute, in place of the setting's.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a key. It is shown this once, alone on standard output."""
    from api.security.issue import issue_key

    for option, text in (("--name", name), ("--tenant", tenant)):
        if not text.strip() or not text.isprintable() or len(text) > 100:
            raise BadInput(f"{option} {text!r} is no name", "Use 1 to 100 printable characters.")
    with _sessions() as sessions:
        issued = issue_key(
            sessions,
            tenant=tenant.strip(),
            name=name.strip(),
            scopes=_read_scopes(scopes),
            expires_at=_read_end(expires) if expires else None,
            requests_per_minute=rate,
        )
    if issued.is_first_of_tenant:
        stderr().print(f"tenant {escape(tenant)} is new", soft_wrap=True)
    _tell(issued, as_json=as_json)


@app.command("list")
def list_(
    *,
    tenant: Annotated[str | None, typer.Option(help="Only keys of this tenant.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Every key, without its secret."""
    from api.security.issue import has_tenant, list_keys

    with _sessions() as sessions:
        if tenant is not None and not has_tenant(sessions, tenant):
            raise BadInput(f"There is no tenant {tenant!r}", "`ikt key list` shows every tenant with keys.")
        found = list_keys(sessions, tenant=tenant)
    if as_json:
        write_json([key.to_dict() for key in found])
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("prefix", "tenant", "name", "scopes", "per minute", "state", "expires", "last used", "id"):
        table.add_column(column)
    for key in found:
        table.add_row(*map(escape, _cells(key)))
    stdout().print(table)


@app.command()
def revoke(key: Named, *, as_json: JsonFlag = False) -> None:
    """End a key. Running services follow within seconds."""
    from api.security.issue import revoke_key

    key = _identifier(key)
    with _sessions() as sessions, _known(key):
        revoked = revoke_key(sessions, key)
    if as_json:
        write_json(revoked.to_dict())
        return
    stdout().print(f"[green]✓[/] {_describe(revoked)} is revoked", soft_wrap=True)


@app.command()
def rotate(
    key: Named,
    *,
    grace: Annotated[str, typer.Option(help="How long the old key goes on: 24h, 30m, 0.")] = "24h",
    as_json: JsonFlag = False,
) -> None:
    """Make a key that may do the same, shown this once; the old one ends after the grace.

    A key has one successor: rotate that one the next time.
    """
    from api.security.issue import KeyEnded, KeySucceeded, rotate_key

    lasts = timedelta(0) if grace == "0" else _read_duration(grace)
    if lasts is None:
        raise BadInput(f"--grace {grace!r} is no duration", "Write 30m, 24h, 7d or 0.")
    key = _identifier(key)
    with _sessions() as sessions, _known(key):
        try:
            issued, old = rotate_key(sessions, key, grace=lasts)
        except (KeyEnded, KeySucceeded) as refused:
            raise BadInput(str(refused)) from refused
    end = f"goes on until {_time(old.expires_at)}" if old.state == "valid" else "is revoked"
    stderr().print(f"{_describe(old)} {end}", soft_wrap=True)
    _tell(issued, as_json=as_json)


@contextmanager
def key_of_its_own(name: str) -> Iterator[str | None]:
    """A key for a command that runs a service itself, gone when the block ends; None where none is needed."""
    from api.principal import SCOPES
    from api.security.issue import issue_key, revoke_key
    from api.security.start import keys_required
    from api.settings import ApiSettings

    if not keys_required(ApiSettings(host="127.0.0.1")):
        yield None
        return
    with _sessions() as sessions:
        end = datetime.now(UTC) + timedelta(days=1)
        issued = issue_key(sessions, tenant="default", name=name, scopes=SCOPES, expires_at=end)
        try:
            yield issued.token.text
        finally:
            revoke_key(sessions, issued.token.prefix)


@contextmanager
def _sessions() -> "Iterator[SessionFactory]":
    from db.engine import create_engine, create_session_factory, is_up_to_date, sqlite_file
    from db.settings import DatabaseSettings

    settings = DatabaseSettings()
    # Asked before there is an engine, whose first connection would make the file.
    if (file := sqlite_file(settings)) is not None and not file.is_file():
        raise BadInput(
            f"There is no database at {file}",
            f"Is {settings.database_variable} right? `ikt db upgrade` makes a new database there.",
        )
    engine = create_engine(settings)
    try:
        if not is_up_to_date(engine):
            raise BadInput("The database is not up to date", "Bring it there with `ikt db upgrade`.")
        yield create_session_factory(engine)
    finally:
        engine.dispose()


def _identifier(text: str) -> str:
    """An id or a prefix, also from a whole key, or from one whose end was lost when it was copied."""
    text = text.strip()
    return text.split("_")[1] if text.startswith("ikt_") else text


@contextmanager
def _known(name: str) -> Iterator[None]:
    from db.errors import KeyNotFound

    try:
        yield
    except KeyNotFound as unknown:
        # What is longer than an id may be a part of a secret.
        shown = repr(name) if len(name) <= LONGEST_ID else "of that text"
        raise BadInput(
            f"There is no key {shown}", "`ikt key list` shows them; use an id or a prefix."
        ) from unknown


def _read_scopes(text: str) -> list[str]:
    from api.principal import SCOPES

    named = [scope.strip() for scope in text.split(",") if scope.strip()]
    if unknown := [scope for scope in named if scope not in SCOPES]:
        raise BadInput(f"--scopes: there is no {', '.join(unknown)}", f"Choose from {', '.join(SCOPES)}.")
    if not named:
        raise BadInput("--scopes names none", f"Choose from {', '.join(SCOPES)}.")
    return named


def _read_end(text: str) -> datetime:
    lasts = _read_duration(text)
    now = datetime.now(UTC)
    try:
        end = now + lasts if lasts is not None else datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"--expires {text!r} is no time", "Write 90d, 12h or 2026-12-31.") from error
    end = end if end.tzinfo else end.replace(tzinfo=UTC)
    if end <= now:
        raise BadInput(f"--expires {text!r} is over already", "Name a time to come.")
    return end


def _read_duration(text: str) -> timedelta | None:
    found = DURATION.fullmatch(text)
    return int(found[1]) * UNITS[found[2]] if found else None


def _tell(issued: "Issued", *, as_json: bool) -> None:
    shown = issued.shown
    if as_json:
        write_json({"key": issued.token.text, **shown.to_dict()})
        return
    end = f"until {_time(shown.expires_at)}" if shown.expires_at else "until it is revoked"
    allows = escape(", ".join(shown.scopes))
    stderr().print(
        f"[green]✓[/] {_describe(shown)} allows {allows}, {end}; keep it, it is not shown again:",
        soft_wrap=True,
    )
    typer.echo(issued.token.text)


def _describe(key: "KeyShown") -> str:
    return f"key {key.prefix} ({escape(key.name)}, tenant {escape(key.tenant)})"


def _cells(key: "KeyShown") -> list[str]:
    rate = f"{key.requests_per_minute:,}" if key.requests_per_minute else "default"
    times = (_time(key.expires_at) if key.expires_at else "never", _time(key.last_used_at))
    return [key.prefix, key.tenant, key.name, ",".join(key.scopes), rate, key.state, *times, str(key.id)]


def _time(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "–"
