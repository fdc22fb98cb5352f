"""How soon is the first page of use? `make bench-dashboard`

200 experiments with the metrics of a real one, a real API process, a browser that has seen nothing before.
Usable means that the table of experiments is there. Prints the median of the visits after the first and one
line of JSON, and fails when it is more than a second, or when the page weighs more than 100 KB, data and all.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Request, sync_playwright
from rich.console import Console

from api.cli.processes import free_port, run_service
from db.engine import create_engine, create_session_factory, session_scope, upgrade
from db.lifecycle import ExperimentStatus
from db.models import DEFAULT_TENANT
from db.settings import DatabaseSettings
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.builders import NOON, make_dataset, make_experiment

N_EXPERIMENTS, N_VISITS = 200, 7
MOST_SECONDS, MOST_BYTES = 1.0, 100_000
RESULTS = Path(__file__).parents[2] / "docs" / "study" / "results.json"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = DatabaseSettings(data_dir=Path(folder))
        upgrade(settings)
        _furnish(settings)
        processes = run_service(data_dir=settings.data_dir, host="127.0.0.1", port=free_port())
        with processes as running, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            visits = [_visit(browser, running.url) for _ in range(N_VISITS)]
            browser.close()
    seconds = statistics.median(taken for taken, _ in visits[1:])
    weight = max(size for _, size in visits)
    console = Console()
    console.print(f"first page, {N_EXPERIMENTS} experiments: usable after {seconds:.2f} s (≤ {MOST_SECONDS})")
    console.print(f"its weight: {weight / 1000:.0f} KB (≤ {MOST_BYTES / 1000:.0f})")
    sys.stdout.write(json.dumps({"seconds": round(seconds, 3), "bytes": weight}) + "\n")
    return int(seconds > MOST_SECONDS or weight > MOST_BYTES)


def _furnish(settings: DatabaseSettings) -> None:
    metrics = json.loads(RESULTS.read_text("utf-8"))["runs"]["c-skill-wise"]["experiments"][0]["metrics"]
    engine = create_engine(settings.database_url)
    with session_scope(create_session_factory(engine, tenant=DEFAULT_TENANT)) as session:
        dataset = make_dataset(session)
        for _ in range(N_EXPERIMENTS):
            make_experiment(
                session,
                dataset_id=dataset.id,
                status=ExperimentStatus.SUCCEEDED,
                metrics=metrics,
                started_at=NOON,
                finished_at=NOON,
            )
    engine.dispose()


def _visit(browser: Browser, url: str) -> tuple[float, int]:
    """Seconds until the table is there, and all bytes that it took."""
    context = browser.new_context()
    page = context.new_page()
    sizes: list[int] = []

    def weigh(request: Request) -> None:
        sizes.append(request.sizes()["responseBodySize"] + request.sizes()["responseHeadersSize"])

    page.on("requestfinished", weigh)
    page.goto(url, wait_until="commit")
    page.wait_for_selector("tbody tr")
    seconds = float(page.evaluate("performance.now()")) / 1000
    page.wait_for_load_state("networkidle")
    context.close()
    return seconds, sum(sizes)


if __name__ == "__main__":
    sys.exit(main())
