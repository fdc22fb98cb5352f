"""A GPU's ways of computing, on a processor."""

import pytest

from ikt_model import network
from ikt_model.data import batches
from ikt_model.data.gathering import add_bags, select_rows


def gather_as_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let networks take rows of tables on a processor in the ways of a GPU."""
    monkeypatch.setattr(network, "rows_of", select_rows)
    monkeypatch.setattr(
        batches,
        "mean_of_bags",
        lambda table, members, starts, owners: add_bags(table, members, owners, n_bags=len(starts)),
    )
