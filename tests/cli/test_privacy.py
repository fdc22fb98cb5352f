"""`ikt erase` and `ikt retention`."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.cli.failures import BadInput
from api.cli.privacy import read_since
from api.cli.processes import Running
from tests.cli.conftest import Ikt

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_times_of_the_past_are_read() -> None:
    assert read_since("400d", now=NOW) == NOW - timedelta(days=400)
    assert read_since("2025-01-31", now=NOW) == datetime(2025, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2027-01-01", "-3d", "99999999999d"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_since(text, now=NOW)


def test_a_student_of_a_dataset_is_erased_by_the_worker(ikt: Ikt, running: Running, classroom: Path) -> None:
    assert running.url
    assert ikt("dataset", "add", str(classroom)).code == 0
    student = next(csv.DictReader(classroom.read_text().splitlines()))["student_id"]
    told = ikt("erase", student, "--json").json
    assert (told["status"], told["n_datasets"] >= 1) == ("done", True)
    assert "is pending" in ikt("erase", "nobody", "--no-wait").out


def test_retention_counts_first(ikt: Ikt, running: Running) -> None:
    assert running.url
    counted = ikt("retention", "--inactive-since", "400d")
    assert "nothing was changed" in counted.out
    applied = ikt("retention", "--inactive-since", "400d", "--apply", "--json").json
    assert (applied["dry_run"], applied["n_students"]) == (False, 0)
