"""A comparison as people read it: Markdown and HTML of two experiments that were really trained."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from api.formats.comparison_html import style_of
from api.security_headers import NOTHING as ALLOWED
from api.security_headers import source_of
from tests.api.seed_tables import (
    AIM,
    CHANGE,
    RATIO,
    REFERENCE,
    SEED_SETTINGS,
    SEED_TABLES,
    TARGET,
    SeedTable,
)
from tests.api.support import assert_problem
from tests.api.training import Trained, train
from tests.api.written import Part, read_markdown

MEAN, POINTWISE = "l23-mean", "l23-pointwise"
NOTHING = "–"
HOSTILE = '<script>alert(1)</script> | *x* [y](https://z.example) & "q"'


@pytest.fixture(scope="module")
def pair(trained: Trained) -> dict[str, str]:
    """The two experiments of the first comparison, very small."""
    first, second = (
        train(trained.service, trained.dataset["id"], preset=preset, name=preset)
        for preset in (MEAN, POINTWISE)
    )
    return {"baseline": first["id"], "candidate": second["id"]}


def ask(trained: Trained, accept: str | None = None, **params: Any) -> httpx.Response:
    headers = {"Accept": accept} if accept else {}
    answer = trained.service.client.get("/comparisons", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


class Page(HTMLParser):
    """What a page holds, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.words.append("" if tag == "wbr" else " ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module")
def parts(trained: Trained, pair: dict[str, str]) -> dict[str, Part]:
    return read_markdown(ask(trained, "text/markdown", **pair).text)


@pytest.fixture(scope="module")
def page(trained: Trained, pair: dict[str, str]) -> Page:
    return Page(ask(trained, "text/html", **pair).text)


class TestMarkdown:
    @pytest.mark.parametrize("table", SEED_TABLES, ids=lambda table: table.heading)
    def test_every_row_of_the_first_comparison_is_there(
        self, parts: dict[str, Part], table: SeedTable
    ) -> None:
        rows = parts[table.part].rows
        for wanted in table.rows.values():
            cells = rows[wanted]
            assert NOTHING not in (cells[MEAN], cells[POINTWISE])
            assert re.search(r"\d", cells[MEAN])
            assert re.search(r"\d", cells[POINTWISE])
        for beside in table.beside:
            for wanted in table.rows.values():
                assert_told(beside, rows[wanted], wanted)

    def test_its_order_is_kept(self, parts: dict[str, Part]) -> None:
        wanted = list(dict.fromkeys(table.part for table in SEED_TABLES))
        titles = list(parts)
        assert [title for title in titles if title in wanted] == wanted
        assert titles.index("Experiments") < titles.index("Settings that differ") < titles.index(wanted[0])
        assert titles.index(wanted[-1]) < titles.index("Findings")
        for table in SEED_TABLES:
            rows = list(parts[table.part].rows)
            places = [rows.index(row) for row in table.rows.values()]
            assert places == sorted(places), table.heading

    def test_configurations_stand_before_the_figures(self, parts: dict[str, Part]) -> None:
        assert parts["Settings that differ"].rows == {
            "`loss.ability_alignment`": {MEAN: "mean", POINTWISE: "pointwise"}
        }
        experiments = parts["Experiments"].rows
        assert experiments["role"] == {MEAN: "baseline", POINTWISE: "candidate"}
        assert experiments["seed"][MEAN] == "42"
        assert experiments["folds held out"][POINTWISE] == "0"
        common = parts["Settings in common"].words
        for part, names in SEED_SETTINGS.items():
            (line,) = [line for line in common if line.startswith(f"- `{part}`: ")]
            assert all(f"{name} " in line for name in names), line

    def test_the_schedule_is_told_in_words(self, parts: dict[str, Part]) -> None:
        assert parts["λ schedule"].words == [
            f"{name}: λ was to reach 0.5 in epoch 50; training ended in epoch 2, at 0.02."
            for name in (MEAN, POINTWISE)
        ]

    def test_ranges_are_one_cell(self, parts: dict[str, Part]) -> None:
        assert re.fullmatch(r"\[−?[\d.e−]+, −?[\d.e−]+\]", parts["Scale of ability θ"].rows["θ range"][MEAN])

    def test_findings_name_their_run_and_their_figures(self, parts: dict[str, Part]) -> None:
        (warm_up,) = [
            line for line in parts["Findings"].words if "warm up unfinished" in line and f", {MEAN}, " in line
        ]
        assert warm_up.startswith("- **")
        assert "0.02" in warm_up

    def test_a_name_is_nothing_but_text(self, trained: Trained, pair: dict[str, str]) -> None:
        hostile = train(trained.service, trained.dataset["id"], preset="small-mean", name=HOSTILE)
        text = ask(trained, "text/markdown", **pair | {"candidate": hostile["id"]}).text
        assert "<script" not in text
        assert "](" not in text
        rows = read_markdown(text)["Experiments"].rows
        assert list(rows["role"].values()) == ["baseline", "candidate"]


def assert_told(beside: str, cells: dict[str, str], row: str) -> None:
    """That this stands beside both experiments' figures."""
    if beside == CHANGE:
        assert re.match(r"0$|0 |[+−]\d", cells["Δ"]), (row, cells)
    elif beside in (REFERENCE, AIM):
        told = [value for heading, value in cells.items() if heading.startswith(beside)]
        assert told, (row, cells)
        assert NOTHING not in told, (row, cells)
    elif beside == TARGET:
        assert re.match(r"[≤≥] [\d.]+", cells["target"]), (row, cells)
        assert all(re.search("[✓✗]", cells[name]) for name in (MEAN, POINTWISE)), (row, cells)
    elif beside == RATIO:
        # As a multiple, or in the reference's standard deviations where it is too near 0 for that.
        told = [cells[f"{name} / reference"] for name in (MEAN, POINTWISE)]
        assert all(re.search(r"\d× .*reference|narrow|wide|sd too|where the", cell) for cell in told), row


class TestHtml:
    def test_a_browser_gets_a_page_that_may_load_nothing(
        self, trained: Trained, pair: dict[str, str]
    ) -> None:
        browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        answer = ask(trained, browser, **pair)
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["vary"] == "Accept"
        policy = f"{ALLOWED}; style-src {source_of(style_of(answer.text))}"
        assert answer.headers["content-security-policy"] == policy
        assert (answer.text.count("<style"), answer.text.count("style=")) == (1, 0)
        assert answer.text.startswith("<!doctype html>")

    def test_it_needs_nothing_else(self, page: Page) -> None:
        assert not [name for name, _ in page.tags if name in {"script", "link", "img", "iframe", "object"}]
        for name, attributes in page.tags:
            assert not {"src", "onclick", "onload", "srcdoc"} & attributes.keys(), (name, attributes)
            assert (attributes.get("href") or "#").startswith("#"), (name, attributes)

    def test_it_holds_what_the_markdown_holds(
        self, trained: Trained, pair: dict[str, str], page: Page
    ) -> None:
        parts = read_markdown(ask(trained, "text/markdown", **pair).text)
        for title, part in parts.items():
            assert title in page.text
            for label, cells in part.rows.items():
                assert label.strip("`") in page.text, label
                for cell in cells.values():
                    figure = cell.split(" ")[0].replace("&lt;", "<")
                    assert figure in page.text, (label, cell)

    def test_tables_say_what_their_cells_are(self, page: Page) -> None:
        tables, captions = page.all("table"), page.all("caption")
        assert len(tables) == len(captions) > 10
        assert {heading.get("scope") for heading in page.all("th")} == {"col", "row"}

    def test_every_link_leads_somewhere(self, page: Page) -> None:
        anchors = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
        wanted = {(attributes["href"] or "").removeprefix("#") for attributes in page.all("a")}
        assert wanted <= anchors
        assert "figure-theta_std" in wanted

    def test_curves_are_drawn_and_told(self, page: Page) -> None:
        drawings = [drawing for drawing in page.all("svg") if drawing.get("role") == "img"]
        assert len(drawings) == len(page.all("figure")) == 10
        assert all(f"{MEAN}: " in (drawing["aria-label"] or "") for drawing in drawings)
        assert len(page.all("polyline")) == 20

    def test_a_name_is_nothing_but_text(self, trained: Trained, pair: dict[str, str]) -> None:
        hostile = train(trained.service, trained.dataset["id"], preset="small-mean", name=HOSTILE)
        page = Page(ask(trained, "text/html", **pair | {"candidate": hostile["id"]}).text)
        assert not page.all("script")
        assert HOSTILE in page.text

    def test_several_candidates_stand_side_by_side(self, trained: Trained, pair: dict[str, str]) -> None:
        several = pair | {"candidate": [pair["candidate"], trained.candidate["id"]]}
        page = Page(ask(trained, "text/html", **several).text)
        assert "Δ l23-pointwise" in page.text
        assert f"Δ {trained.candidate['name']}" in page.text


class TestFormat:
    @pytest.mark.parametrize(
        ("format", "media_type"),
        [("json", "application/json"), ("md", "text/markdown"), ("html", "text/html")],
    )
    def test_a_link_can_say_how(
        self, trained: Trained, pair: dict[str, str], format: str, media_type: str
    ) -> None:
        answer = ask(trained, "application/pdf", **pair, format=format)
        assert answer.headers["content-type"].partition(";")[0] == media_type

    def test_json_is_what_nobody_asked_for(self, trained: Trained, pair: dict[str, str]) -> None:
        assert ask(trained, **pair).headers["content-type"] == "application/json"
        assert ask(trained, "*/*", **pair).headers["content-type"] == "application/json"

    def test_another_format_is_refused(self, trained: Trained, pair: dict[str, str]) -> None:
        answer = trained.service.client.get("/comparisons", params=pair | {"format": "pdf"})
        assert_problem(answer, 422, "invalid-request")
