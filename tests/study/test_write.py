"""The page of the study: every number from its results, and nothing said that was not run."""

import re
from pathlib import Path
from typing import Any

import pytest

from docs.study.drawing import styled
from docs.study.plan import Plan, load_plan
from docs.study.plots import FIGURES
from docs.study.tables_comparison import implied_l_23
from docs.study.view import View
from docs.study.write import PROSE, TABLES, render, write_page
from tests.study.results import invent

MISSING = {"format": 1, "study": "full", "datasets": {}, "runs": {}, "pairs": {}, "recoveries": {}}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan()


@pytest.fixture
def results(plan: Plan) -> dict[str, Any]:
    return invent(plan)


def written(results: dict[str, Any], plan: Plan, folder: Path) -> str:
    write_page(results, plan, folder / "study-l23.md")
    return (folder / "study-l23.md").read_text("utf-8")


@pytest.fixture(scope="module")
def whole(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of everything, with its figures and its results beside it."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "study").mkdir()
    (folder / "study" / "results.json").write_text("{}", "utf-8")
    write_page(invent(plan), plan, folder / "study-l23.md")
    return folder


class TestPage:
    def test_everything_that_is_asked_for_is_filled_in(self, whole: Path) -> None:
        page = (whole / "study-l23.md").read_text("utf-8")

        assert "{{" not in page
        assert not re.search(r"\| not run|: not run|\*not run", page)
        for name in FIGURES:
            assert f"study/figures/{name}.svg" in page
            assert (whole / "study" / "figures" / f"{name}.svg").stat().st_size > 2000

    def test_the_page_shows_every_table_and_figure_once(self) -> None:
        prose = PROSE.read_text("utf-8")

        assert sorted(re.findall(r"\{\{ table (\w+) \}\}", prose)) == sorted(TABLES)
        assert sorted(re.findall(r"\{\{ figure (\w+) \}\}", prose)) == sorted(FIGURES)

    def test_equal_results_are_equal_files(
        self, plan: Plan, results: dict[str, Any], whole: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "study").mkdir()
        (tmp_path / "study" / "results.json").write_text("{}", "utf-8")
        written(results, plan, tmp_path)

        files = [path.relative_to(whole) for path in whole.rglob("*.*")]
        assert len(files) == 2 + len(FIGURES)
        for file in files:
            assert (whole / file).read_bytes() == (tmp_path / file).read_bytes()

    def test_nothing_is_claimed_before_anything_was_run(self, plan: Plan, tmp_path: Path) -> None:
        page = written(MISSING, plan, tmp_path)

        assert "{{" not in page
        assert "**yes**" not in page
        assert "**no**" not in page
        assert "✓" not in page
        assert "✗" not in page
        assert "What is aligned is no better" not in page
        assert "was measured" not in page
        assert "](study/" not in page
        assert not list(tmp_path.rglob("*.svg"))

    def test_links_lead_to_files_that_are_there(self, whole: Path) -> None:
        page = (whole / "study-l23.md").read_text("utf-8")

        assert "was measured by the run" in page
        assert "[results.json](study/results.json)" in page
        links = re.findall(r"\]\(([^)]*)\)", page)
        assert len(links) == 1 + len(FIGURES)
        assert all((whole / link).is_file() for link in links)

    def test_figures_of_runs_that_are_gone_are_removed(
        self, plan: Plan, results: dict[str, Any], tmp_path: Path
    ) -> None:
        figures = tmp_path / "study" / "figures"
        figures.mkdir(parents=True)
        (figures / "front.svg").write_text("of an earlier run", "utf-8")
        del results["runs"]["c-front"]

        page = written(results, plan, tmp_path)

        assert not (figures / "front.svg").exists()
        assert len(list(figures.iterdir())) == len(FIGURES) - 1
        assert "*AUC against divergence over λ: not run.*" in page

    def test_a_failed_run_is_told_with_its_reason(self, plan: Plan, results: dict[str, Any]) -> None:
        entry = results["runs"]["b-lambda"]
        entry["status"] = entry["experiments"][0]["status"] = "failed"
        entry["experiments"][0] |= {"error": {"type": "TrainingDiverged", "detail": "the loss became nan"}}

        page = render(PROSE.read_text("utf-8"), View(plan, results), set())

        assert "| 5 larger λ, sooner | failed |" in page
        assert "TrainingDiverged: the loss became nan" in page

    def test_every_number_of_the_prose_is_said_by_name(self, plan: Plan, results: dict[str, Any]) -> None:
        view = View(plan, results)
        for one in results["runs"]["d-rasch"]["experiments"]:
            one["metrics"]["auc"] = 0.69314159

        page = render(PROSE.read_text("utf-8"), view, set())

        assert "the calibrated one 0.6931" in page
        assert "at 0.071 where more than 0.85 was asked for" in page


class TestTables:
    def test_every_table_names_its_command_seed_and_experiments(
        self, plan: Plan, results: dict[str, Any]
    ) -> None:
        view = View(plan, results)
        for name in set(TABLES) - {
            "targets",
            "data",
            "runs",
            "commands",
            "experiments",
            "versions",
            "recovery",
        }:
            assert re.search(r"\*`make study PART=[a-e]+`, seed 42. Experiments: ", TABLES[name](view)), name

    @pytest.mark.parametrize(("spread", "verdict"), [(5.0, "**yes**"), (1.1, "**no**")])
    def test_inflation_appears_where_the_spread_says_so(
        self, plan: Plan, results: dict[str, Any], spread: float, verdict: str
    ) -> None:
        metrics = results["runs"]["a-mean"]["experiments"][0]["metrics"]
        metrics |= {"theta_std": spread, "target_theta_std": 1.0}

        rows = TABLES["phenomena"](View(plan, results)).splitlines()

        (row,) = (row for row in rows if "inflated" in row)

        assert f"| {verdict} |" in row
        assert f"std of the target = {spread:.2f}" in row

    def test_the_stated_figures_contradict_each_other(self, plan: Plan) -> None:
        rows = TABLES["identity"](View(plan, MISSING)).splitlines()

        (row,) = (row for row in rows if row.startswith("| `pointwise`, stated"))
        assert [cell.strip() for cell in row.split("|")][6:8] == ["6.4026", "0.2229"]

    def test_the_identity_holds_for_any_numbers(self) -> None:
        import numpy as np

        ours, target = np.random.default_rng(1).normal(size=(2, 50))
        parts = (ours.std(), target.std(), np.corrcoef(ours, target)[0, 1], ours.mean() - target.mean())

        assert implied_l_23(parts) == pytest.approx(((ours - target) ** 2).mean())


class TestFigures:
    @pytest.mark.parametrize("name", FIGURES)
    def test_axes_say_what_they_show(self, plan: Plan, results: dict[str, Any], name: str) -> None:
        with styled():
            figure = FIGURES[name][0](View(plan, results))

        assert figure is not None
        for axes in figure.axes:
            assert axes.get_title(loc="left") or (axes.get_xlabel() and axes.get_ylabel())
