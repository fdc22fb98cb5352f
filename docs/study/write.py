"""Write docs/study-l23.md: prose from `page.md`, every number from results.json.

In the prose stand, between double braces:

    table NAME             a table, with its command, seed and experiments
    figure NAME            a figure, the same beneath it
    RUN.FIGURE [FOLD] [.N] a figure of a run (mean over its folds), with N decimals
    change PAIR CANDIDATE [FOLD]   a change of AUC with its interval
    stated NAME.FIGURE     what the comparison stated
    needs RUN … / end      the lines between only when these runs have succeeded; without a run, only when
                           something was measured

A link to a file that is not there is words alone.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.study import phenomena, tables, tables_comparison
from docs.study.drawing import save, styled
from docs.study.markdown import NOT_RUN, interval, shown
from docs.study.plan import FULL, HERE, Plan
from docs.study.plots import FIGURES
from docs.study.view import View

PROSE = HERE / "page.md"
TABLES = {**tables_comparison.TABLES, **tables.TABLES, "phenomena": phenomena.phenomena}

SAID = re.compile(r"\{\{ *(.*?) *\}\}")
LINK = re.compile(r"(?<!!)\[(?P<words>[^\]]*)\]\((?P<file>[^)#:]+)\)")
BLOCK = re.compile(r"^\{\{ *needs (?P<runs>[^}]*?) *\}\}\n(?P<text>.*?)^\{\{ *end *\}\}\n", re.M | re.S)
MINIATURE = (
    "> A miniature on simulated classrooms, trained for two epochs: it shows that everything runs, and its "
    "figures mean nothing.\n\n"
)


def write_page(results: Mapping[str, Any], plan: Plan, page: Path) -> None:
    """The page, and its figures in `study/figures` beside it."""
    view = View(plan, results)
    folder = page.parent / "study" / "figures"
    drawn = draw_figures(view, folder)

    def link(found: re.Match[str]) -> str:
        return found[0] if (page.parent / found["file"]).exists() else found["words"]

    text = LINK.sub(link, render(PROSE.read_text("utf-8"), view, drawn))
    page.write_text(text if plan.study == FULL else MINIATURE + text, "utf-8")


def draw_figures(view: View, folder: Path) -> set[str]:
    """Draw what can be drawn and remove what can no longer be. Returns the names of those that are there."""
    drawn = set()
    with styled():
        for name, (draw, *_) in FIGURES.items():
            figure = draw(view)
            if figure is None:
                (folder / f"{name}.svg").unlink(missing_ok=True)
            else:
                save(figure, folder / f"{name}.svg")
                drawn.add(name)
    return drawn


def render(prose: str, view: View, drawn: set[str]) -> str:
    """The prose with everything said in braces filled in."""

    def needed(found: re.Match[str]) -> str:
        return found["text"] if not view.is_empty and view.was_run(*found["runs"].split()) else ""

    def say(found: re.Match[str]) -> str:
        return _say(found[1], view, drawn)

    return SAID.sub(say, BLOCK.sub(needed, prose))


def _say(said: str, view: View, drawn: set[str]) -> str:
    word, *rest = said.split()
    if word == "table":
        return TABLES[rest[0]](view)
    if word == "figure":
        return _figure(rest[0], view, drawn)
    if word == "change":
        pair, candidate, *fold = rest
        found = view.difference(pair, candidate, fold=int(fold[0]) if fold else None)
        return interval(found) if found else NOT_RUN
    if word == "stated":
        name, _, metric = rest[0].partition(".")
        return f"{view.stated[name][metric]:g}"
    return _value(word, rest, view)


def _figure(name: str, view: View, drawn: set[str]) -> str:
    _, words, runs = FIGURES[name]
    cited = view.cite(*(view.of_part(runs) if isinstance(runs, str) else runs))
    return f"![{words}](study/figures/{name}.svg)\n\n{cited}" if name in drawn else f"*{words}: {NOT_RUN}.*"


def _value(word: str, rest: list[str], view: View) -> str:
    run, _, metric = word.partition(".")
    view.run(run)
    digits = next((int(part[1:]) for part in rest if part.startswith(".")), 4)
    fold = next((int(part) for part in rest if not part.startswith(".")), None)
    value = view.metric(run, metric, fold=fold)
    return NOT_RUN if value is None else shown(value, digits)
