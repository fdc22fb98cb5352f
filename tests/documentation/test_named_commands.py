"""Commands that a page names within a sentence exist, with the options that it names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli.main import app
from tests.documentation import blocks

SPAN = re.compile(r"`((?:ikt|make) [^`\n]+)`")
OPTION = re.compile(r"(?<=[ \[])--[a-z0-9-]+")
TARGET = re.compile(r"^([a-z0-9-]+):", re.M)
TARGETS = set(TARGET.findall((blocks.ROOT / "Makefile").read_text("utf-8")))


def named() -> Iterator[tuple[Path, str]]:
    for page in blocks.pages():
        prose = blocks.FENCE.sub("", (blocks.ROOT / page).read_text("utf-8"))
        yield from ((page, span) for span in SPAN.findall(prose))


NAMED = sorted(set(named()))


def find_fault(span: str) -> str | None:
    """What of a command does not exist; None where all of it does."""
    program, *words = span.split()
    if program == "make":
        return None if words[0] in TARGETS else f"no target {words[0]}"
    command: Any = typer.main.get_command(app)
    for word in words:
        inner = getattr(command, "commands", {})
        if not inner or word.startswith("-"):
            break
        if word not in inner:
            return f"no command {word}"
        command = inner[word]
    options = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    missing = set(OPTION.findall(span)) - options
    return f"no option {sorted(missing)}" if missing else None


@pytest.mark.parametrize(("page", "span"), NAMED, ids=[f"{page}: {span}" for page, span in NAMED])
def test_a_named_command_exists(page: Path, span: str) -> None:
    assert find_fault(span) is None, f"{page} names `{span}`"


@pytest.mark.parametrize("span", ["make nothing", "ikt nothing", "ikt keys list", "ikt key create --fate 1"])
def test_what_does_not_exist_is_noticed(span: str) -> None:
    assert find_fault(span) is not None
