"""Every command of `ikt`, as its own help tells it."""

from typing import Any

import typer.main

from api.cli.main import app


def write_commands() -> str:
    """Markdown: a section for every command."""
    root = typer.main.get_command(app)
    return "\n".join(_sections(root, root.make_context("ikt", [], resilient_parsing=True)))


# Typer's commands, groups and options are classes of its own, which it does not export.
def _sections(command: Any, context: Any) -> list[str]:
    inner = getattr(command, "commands", {})
    told = (
        [_section(command, context)]
        if not inner or (context.parent and command.invoke_without_command)
        else []
    )
    for name, one in inner.items():
        if not one.hidden:
            told += _sections(one, one.make_context(name, [], parent=context, resilient_parsing=True))
    return told


def _section(command: Any, context: Any) -> str:
    rows = [
        _row(option) for option in command.params if option.param_type_name == "option" and not option.hidden
    ]
    table = ["| option | default | |", "| --- | --- | --- |", *rows, ""] if rows else []
    usage = " ".join(command.collect_usage_pieces(context))
    head = f"`{context.command_path} {usage}`"
    return "\n".join([f"## {context.command_path}", "", head, "", command.help or "", "", *table])


def _row(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    default = "" if option.default in (None, False, ()) or callable(option.default) else f"`{option.default}`"
    said = (option.help or "").replace("|", "\\|")
    return f"| {names} | {default} | {said} |"
