"""A real browser on the real service: everything that the pages show was trained and recorded over HTTP."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from api.cli.processes import free_port, run_service
from db.engine import upgrade
from db.settings import DatabaseSettings
from ikt_model.data.simulate import simulate_classroom, write_events_csv

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-background-networking", "--disable-gpu"]
PATIENCE_MILLISECONDS = 30_000  # other tests run beside these
SCREENSHOTS = Path(__file__).parents[2] / ".work" / "screenshots"
WAIT_SECONDS = 120
TINY: dict[str, Any] = {
    "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32, "window": 50},
    "training": {"epochs": 2, "batch_tokens": 512},
}


@dataclass(slots=True)
class Shown:
    """What there is to look at."""

    url: str
    client: httpx.Client
    dataset: str = ""
    experiments: list[str] = field(default_factory=list)
    sweep: str = ""
    student: str = "learner/1 <b>"

    def submit(self, path: str, body: dict[str, Any]) -> str:
        answer = self.client.post(path, json={"dataset_id": self.dataset} | body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def wait(self, path: str) -> dict[str, Any]:
        """Until it has ended."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.client.get(path).json()
            if found["status"] not in ("queued", "running"):
                assert found["status"] == "succeeded", found
                return found
            time.sleep(0.2)
        raise AssertionError(f"{path} did not end within {WAIT_SECONDS} s")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A service with two experiments, a sweep, and a student whom a model answers for."""
    folder = tmp_path_factory.mktemp("dashboard")
    classroom = folder / "classroom.csv"
    write_events_csv(
        simulate_classroom(n_students=130, n_skills=6, seed=3, mean_length=25).sequences, classroom
    )
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("IKT_")}
    settings = DatabaseSettings(data_dir=folder / ".ikt")
    upgrade(settings)
    processes = run_service(data_dir=settings.data_dir, host="127.0.0.1", port=free_port(), concurrency=2)
    with processes as running, httpx.Client(base_url=running.url, trust_env=False, timeout=60) as client:
        there = Shown(running.url, client)
        _furnish(there, classroom)
        yield there
    os.environ.update(ours)


def _furnish(there: Shown, classroom: Path) -> None:
    with classroom.open("rb") as content:
        uploaded = there.client.post("/datasets", files={"file": (classroom.name, content)})
    there.dataset = uploaded.json()["id"]
    there.experiments = [
        there.submit("/experiments", {"preset": preset, "config": TINY, "fold": 0, "name": name})
        for preset, name in (("l23-mean", "<i>mean</i>"), ("l23-pointwise", "pointwise"))
    ]
    space = {"method": "grid", "space": {"loss.lambda_target": [0.0, 0.5]}}
    there.sweep = there.submit(
        "/sweeps", {"preset": "small-dynamic", "config": TINY, "fold": 1, "search": space, "parallel": 2}
    )
    for path in (*(f"/experiments/{one}" for one in there.experiments), f"/sweeps/{there.sweep}"):
        there.wait(path)
    models = there.client.get("/models").json()["items"]
    model = next(one for one in models if one["experiment_id"] == there.experiments[1])
    assert there.client.post(f"/models/{model['id']}/promote").status_code == 200
    responses = [
        {"event_id": f"e{step}", "skill": f"skill-{1 + step % 5}", "correct": step % 3 != 0}
        for step in range(40)
    ]
    path = f"/students/{there.student.replace('/', '%2F')}/interactions"
    assert there.client.post(path, json=responses).json()["accepted"] == 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if not shutil.which(CHROMIUM):
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing; sh .ci/browser installs it")
        pytest.skip(f"{CHROMIUM} is not installed (apt-get install chromium)")
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def visitor(browser: Browser, shown: Shown) -> Iterator[BrowserContext]:
    """Somebody who comes back: what was read before is kept, as browsers do."""
    with browser.new_context(base_url=shown.url, viewport={"width": 1200, "height": 900}) as context:
        yield context


@pytest.fixture
def page(visitor: BrowserContext) -> Iterator[Page]:
    """A fresh tab; whatever it complains about fails the test."""
    complaints: list[str] = []
    tab = visitor.new_page()

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    tab.on("console", hear)
    tab.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    yield tab
    tab.close()
    assert complaints == []


def keep_screenshot(page: Page, name: str) -> None:
    """Under a folder that git ignores, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
