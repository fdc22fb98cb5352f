"""`python -m tests.settings_table` writes the table of docs/settings.md, from the settings' docstrings."""

import ast
import inspect
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from api.settings import ApiSettings
from db.settings import DatabaseSettings
from worker.settings import WorkerSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
HEAD = "| variable | default | what | read by |\n| --- | --- | --- | --- |\n"
COMPUTED = {
    "database_url": "`ikt.db` in the data folder",
    "artifacts_url": "`artifacts` in the data folder",
}


def table() -> str:
    """Every IKT_* setting, those of all commands first."""
    rows = [_row(name, (DatabaseSettings,)) for name in DatabaseSettings.model_fields]
    for name in ApiSettings.model_fields | WorkerSettings.model_fields:
        if name not in DatabaseSettings.model_fields:
            kinds = (ApiSettings, WorkerSettings)
            rows.append(_row(name, tuple(kind for kind in kinds if name in kind.model_fields)))
    return HEAD + "".join(rows)


def _row(name: str, kinds: tuple[type[BaseSettings], ...]) -> str:
    readers = {DatabaseSettings: "all", ApiSettings: "API", WorkerSettings: "worker"}
    read_by = ", ".join(readers[kind] for kind in kinds)
    default = COMPUTED.get(name) or _default(kinds[0].model_fields[name])
    return f"| `IKT_{name.upper()}` | {default} | {_docstrings(kinds[0])[name]} | {read_by} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, tuple):
        return f"`{str(list(value)).replace(chr(39), chr(34))}`"
    return "unset" if value is None else f"`{value}`"


def _docstrings(kind: type[BaseSettings]) -> dict[str, str]:
    (body,) = (
        node.body
        for node in ast.parse(dedent(inspect.getsource(kind))).body
        if isinstance(node, ast.ClassDef)
    )
    return {
        field.target.id: " ".join(str(doc.value.value).split())
        for field, doc in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(doc, ast.Expr)
        and isinstance(doc.value, ast.Constant)
    }


if __name__ == "__main__":
    text = PAGE.read_text("utf-8")
    PAGE.write_text(text[: text.index(HEAD)] + table(), "utf-8")
