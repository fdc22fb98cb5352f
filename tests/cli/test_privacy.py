"""`ikt erase` and `ikt retention`."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.cli import privacy
from api.cli.client import Service
from api.cli.failures import BadInput
from api.cli.privacy import read_since
from api.cli.processes import Running
from api.schemas.erasures import ERASURE_EXAMPLE
from tests.cli.conftest import Ikt

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_times_of_the_past_are_read() -> None:
    assert read_since("400d", now=NOW) == NOW - timedelta(days=400)
    assert read_since("2025-01-31", now=NOW) == datetime(2025, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2027-01-01", "-3d", "99999999999d"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_since(text, now=NOW)


def answering(monkeypatch: pytest.MonkeyPatch, **found: int) -> None:
    """A service whose worker is done with an erasure when it is asked for the second time."""
    monkeypatch.setattr(privacy, "POLL_SECONDS", 0.0)

    def answer(request: httpx.Request) -> httpx.Response:
        told = ERASURE_EXAMPLE | dict.fromkeys(privacy.FOUND, 0) | found
        return httpx.Response(200, json=told | {"status": "pending" if request.method == "POST" else "done"})

    service = Service("http://test", httpx.MockTransport(answer))
    monkeypatch.setattr(privacy, "open_service", lambda _: service)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_somebody_who_is_nowhere_is_no_success(
    ikt: Ikt, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    answering(monkeypatch)
    said = ikt("erase", "'nobody'", *options)
    assert said.code == 2
    assert "Nobody with the id \"'nobody'\" was found: nothing was erased" in said.err
    assert "Check the spelling" in said.err
    assert "✓" not in said.out


def test_what_is_waited_for_is_told_at_once_and_who_it_was_at_the_end(
    ikt: Ikt, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, n_datasets=1)
    said = ikt("erase", "[b]ana")
    assert said.code == 0
    assert f"erasure {ERASURE_EXAMPLE['id']}: rows are gone" in said.err
    assert "files wait for a worker" in said.err
    assert "Ctrl-C is safe" in said.err
    assert "of '[b]ana' is done" in said.out


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
