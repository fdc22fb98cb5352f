"""A Markdown comparison, read back."""

import re
from dataclasses import dataclass, field

Rows = dict[str, dict[str, str]]


@dataclass
class Part:
    """What stands under one title: its table by row and heading, and its other lines."""

    rows: Rows = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def read_markdown(text: str) -> dict[str, Part]:
    """The parts of a comparison by their titles, in order."""
    parts: dict[str, Part] = {}
    headings: list[str] = []
    part = parts.setdefault("", Part())
    for line in text.splitlines():
        if title := re.match(r"#+ (.*)", line):
            part, headings = parts.setdefault(title[1], Part()), []
        elif line.startswith("|"):
            label, *cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not headings:
                headings = cells
            elif not label.startswith("---"):
                part.rows[label] = dict(zip(headings, cells, strict=True))
        elif line:
            part.words.append(line)
    return parts
