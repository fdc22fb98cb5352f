"""What the site says that is written nowhere: it is taken from the code when the site is built."""

from pathlib import Path
from typing import Any

from docs.site.commands import write_commands
from docs.site.operations import write_operations

DECISIONS = Path(__file__).parents[1] / "decisions"


def write_decisions() -> str:
    """The list of decisions, newest last."""
    pages = sorted(DECISIONS.glob("0*.md"))
    return "\n".join(f"- [{page.read_text('utf-8').splitlines()[0][2:]}]({page.name})" for page in pages)


WRITTEN = {
    "<!-- operations -->": write_operations,
    "<!-- commands -->": write_commands,
    "<!-- decisions -->": write_decisions,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for every page."""
    for mark, write in WRITTEN.items():
        if mark in markdown:
            markdown = markdown.replace(mark, write())
    return markdown
