"""`ikt audit`: figures from elsewhere, without a server."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ikt

DOCS = Path(__file__).parents[2] / "docs"
SEED, DOCUMENTATION = DOCS / "l23-comparison.json", DOCS / "comparisons.md"


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Write figures to a file."""

    def write(given: Any) -> str:
        path = tmp_path / "figures [1].json"
        path.write_text(given if isinstance(given, str) else json.dumps(given))
        return str(path)

    return write


class TestAudit:
    def test_the_example_of_the_documentation_is_read(self, ikt: Ikt, told: Any) -> None:
        text = DOCUMENTATION.read_text("utf-8")
        (example,) = re.findall(r'```json title="figures.json"\n(.*?)```', text, re.S)

        assert ikt("audit", told(example)).code == 3

    def test_the_first_comparison_contradicts_itself(self, ikt: Ikt) -> None:
        said = ikt("audit", str(SEED))

        assert (said.code, said.err) == (3, "")
        assert "161656, l_23 at every step: 42 figures, 1 problem, 1 remark" in said.out
        assert "reference with standard deviation 0.42 (0.46 if the two means were equal)" in said.out

    def test_json_is_pure_and_has_the_same_exit_code(self, ikt: Ikt) -> None:
        said = ikt("audit", str(SEED), "--json")
        answer = json.loads(said.out)

        assert said.code == 3
        assert answer["contradictions"] == 2
        problem = answer["experiments"][1]["observations"][0]
        assert problem["rule"] == "arithmetic_distance_at_every_step"
        first = problem["evidence"][0]
        assert (first["metric"], first["value"], first["epoch"]) == ("l_23", 0.2229, None)
        assert set(first) == {"metric", "label", "value", "epoch"}

    def test_findings_are_told_when_asked_for(self, ikt: Ikt) -> None:
        assert "scale_collapse" not in ikt("audit", str(SEED)).out
        assert "scale_collapse" in ikt("audit", str(SEED), "--findings").out

    def test_consistent_figures_end_well(self, ikt: Ikt, told: Any) -> None:
        path = told({"experiments": [{"name": "a [/] b", "metrics": {"auc": 0.7, "accuracy": 0.71}}]})

        assert ikt("audit", path, "--json").json["contradictions"] == 0
        assert "a [/] b: 2 figures, nothing found" in ikt("audit", path).out

    def test_findings_alone_are_no_contradiction(self, ikt: Ikt, told: Any) -> None:
        path = told({"metrics": {"theta_std": 0.1, "reference_theta_std": 2.0}})

        said = ikt("audit", path, "--findings")
        assert said.code == 0
        assert "1 problem" in said.out

    def test_what_has_no_figures_yet_is_said_aside(self, ikt: Ikt, told: Any) -> None:
        rows = [{"id": "a", "status": "succeeded", "name": "one", "metrics": {"auc": 0.7}}]
        rows += [{"id": "b", "status": "running", "name": "two", "metrics": None}]

        said = ikt("audit", told(rows))
        assert (said.code, said.err) == (0, "two has no final metrics (running)\n")

    @pytest.mark.parametrize(
        ("given", "place", "remedy"),
        [
            (
                {"experiments": [{"metrics": {"theta_sdt": 1}}]},
                "metrics.theta_sdt",
                "Did you mean 'theta_std'?",
            ),
            ('{"metrics": {"auc": NaN}}', "metrics.auc: is NaN", "say null"),
            ("", "line 1, column 1", "Put the JSON right"),
        ],
    )
    def test_a_bad_file_is_refused_with_place_and_remedy(
        self, ikt: Ikt, told: Any, given: Any, place: str, remedy: str
    ) -> None:
        said = ikt("audit", told(given), "--json")

        assert (said.code, said.out) == (2, "")
        assert "figures [1].json" in said.err
        assert place in said.err
        assert remedy in said.err

    @pytest.mark.parametrize("name", ["missing.json", "."])
    def test_a_file_that_is_none_is_refused(self, ikt: Ikt, tmp_path: Path, name: str) -> None:
        said = ikt("audit", str(tmp_path / name))

        assert said.code == 2
        assert "can't be read" in said.err

    def test_it_needs_no_torch(self) -> None:
        code = (
            "import sys; from api.cli.main import app\n"
            "try: app(sys.argv[1:])\nfinally: print('torch' in sys.modules)"
        )
        ended = subprocess.run(
            [sys.executable, "-c", code, "audit", str(SEED), "--findings"],
            capture_output=True,
            text=True,
            check=False,
        )

        assert ended.returncode == 3
        assert ended.stdout.splitlines()[-1] == "False"
