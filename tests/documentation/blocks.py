"""The blocks of code in the documentation's pages.

A block says its language: `bash` and `python` are run, `json` and `ndjson` are files (`title="name"`) that
commands near it read, `text` is a picture.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Written for those who write pages, not for those who read them.
TEMPLATES = "page.md"
RUN, FILES, SHOWN = {"bash", "python"}, {"json", "ndjson", "csv"}, {"text"}
# Pages with a test of their own, which knows what their blocks must show.
OWN_TESTS = {
    Path("README.md"): "tests/end_to_end/test_readme.py",
    Path("clients/python/README.md"): "tests/clients/test_python.py",
    Path("clients/typescript/README.md"): "tests/clients/test_typescript.py",
    Path("docs/scaling.md"): "tests/scaling/test_partitions.py",
}

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?P<rest>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Block:
    """One block; `title` is the name of a file's, empty where it has none."""

    page: Path
    line: int
    language: str
    title: str
    text: str


def pages() -> list[Path]:
    """Every page, by its path within the project."""
    found = [
        ROOT / "README.md",
        *ROOT.glob("*/README.md"),
        *ROOT.glob("clients/*/README.md"),
        *(ROOT / "docs").rglob("*.md"),
    ]
    return sorted(page.relative_to(ROOT) for page in found if page.name != TEMPLATES)


def blocks_of(page: Path) -> Iterator[Block]:
    """In their order."""
    whole = (ROOT / page).read_text("utf-8")
    for found in FENCE.finditer(whole):
        title = TITLE.search(found["rest"])
        line = whole.count("\n", 0, found.start()) + 1
        text = re.sub(rf"^{found['indent']}", "", found["text"], flags=re.M)
        yield Block(page, line, found["language"], title[1] if title else "", text)


def to_run() -> dict[Path, list[Block]]:
    """Pages on which something is run, with what is, but for those with a test of their own."""
    found = {
        page: [block for block in blocks_of(page) if block.language not in SHOWN]
        for page in pages()
        if page not in OWN_TESTS
    }
    return {page: blocks for page, blocks in found.items() if any(block.language in RUN for block in blocks)}
