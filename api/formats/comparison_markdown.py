"""A comparison as Markdown."""

from collections.abc import Iterator, Sequence

from api.formats.comparison_document import Cell, Finding, Part, Table
from api.formats.comparison_layout import lay_out
from ikt_model.comparison import Comparison

MARKDOWN = "text/markdown"


def write_markdown(comparison: Comparison) -> str:
    """The whole comparison; the first experiment is the baseline."""
    document = lay_out(comparison)
    blocks = [
        f"# {_escape(document.title)}",
        *(f"> {_escape(note)}" for note in document.notes),
        "\n".join(f"- {_escape(words)}" for words, _ in document.summary),
        *(block for part in document.parts for block in _write_part(part)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _write_part(part: Part) -> Iterator[str]:
    yield f"{'#' * part.level} {_escape(part.title)}"
    if part.table:
        yield _write_table(part.table)
    yield from map(_escape, part.words)
    if part.items:
        yield "\n".join(f"- `{term}`: {_escape(words)}" for term, words in part.items)
    if part.findings:
        yield "\n".join(_write_finding(finding) for finding in part.findings)


def _write_table(table: Table) -> str:
    ruler = ["---", *["---:"] * (len(table.headings) - 1)]
    labels = [f"`{line.label}`" if table.is_of_settings else _escape(line.label) for line in table.lines]
    rows = [[label, *map(_write_cell, line.cells)] for label, line in zip(labels, table.lines, strict=True)]
    return "\n".join(_write_row(cells) for cells in ([*map(_escape, table.headings)], ruler, *rows))


def _write_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _write_cell(cell: Cell) -> str:
    return _escape(" ".join(part for part in (cell.text, cell.note, cell.mark) if part))


def _write_finding(finding: Finding) -> str:
    figures = "; ".join(_escape(words) for _, words in finding.evidence)
    said = f"- **{finding.severity}**, {_escape(finding.run)}, {finding.rule}: {_escape(finding.message)}"
    return f"{said} ({figures})" if figures else said


def _escape(text: str) -> str:
    """One line that is nothing but text: a name may hold anything, and brackets alone make no link."""
    for character in "\\|`*":
        text = text.replace(character, f"\\{character}")
    return text.replace("](", "]\\(").replace("<", "&lt;").replace("\n", " ")
