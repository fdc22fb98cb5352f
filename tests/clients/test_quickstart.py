"""docs/quickstart.ipynb, run from top to bottom against a live service."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.clients.conftest import Live
from tests.keys import TEXT

NOTEBOOK = Path(__file__).parents[2] / "docs" / "quickstart.ipynb"
PNG = "image/png"
LONGEST_CELL_SECONDS = 180


def test_every_cell_runs_and_every_figure_is_drawn(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IKT_URL", live.url)
    monkeypatch.setenv("IKT_API_KEY", TEXT)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    wanted = sum("plt.show()" in cell.source for cell in notebook.cells)

    NotebookClient(notebook, timeout=LONGEST_CELL_SECONDS, kernel_name="python3").execute()

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figures = [output.data[PNG] for output in outputs if PNG in output.get("data", {})]
    assert len(figures) == wanted == 3
    assert all(len(figure) > 4000 for figure in figures)
    said = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "is serving" in said
    assert "/problems/" in said
