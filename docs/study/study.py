"""One invocation of the study: the chosen parts, on the files given, kept in one results file."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from api.cli.failures import Refused
from docs.study.by_path import Service
from docs.study.collect import describe, read_experiment, read_front
from docs.study.pairing import compare_pair
from docs.study.plan import FULL, HERE, Plan, Run
from docs.study.recovery import measure_network, run_recovery
from docs.study.results import load_results, save_results
from docs.study.run import Runner, Taken
from docs.study.service import make_classroom, open_study, upload

RESULTS = HERE / "results.json"
PAGE = HERE.parent / "study-l23.md"


class Study:
    """What is run, and where it goes: the full study beside the plan, a miniature into its state folder."""

    def __init__(
        self, plan: Plan, *, parts: str, files: dict[str, Path], state: Path, workers: int, console: Console
    ) -> None:
        self.plan = plan
        self.parts = parts
        self.files = files
        self.state = state
        self.workers = workers
        self._console = console
        is_full = plan.study == FULL
        self.results_file = RESULTS if is_full else state / "results.json"
        self.page = PAGE if is_full else state / PAGE.name
        self.results = load_results(self.results_file, plan)

    def run(self) -> list[str]:
        """Run, compare and measure. Returns the names of the runs that did not succeed."""
        wanted = [run for run in self.plan.of_parts(self.parts) if run.data in self.files]
        with open_study(self.state, workers=self.workers) as (service, running):
            self._upload(service)
            runner = Runner(
                service,
                datasets=self.results["datasets"],
                workers=self.workers,
                say=self._say,
                check=running.check,
            )
            failed = runner.run_all(
                wanted, keep=lambda taken: self._keep(service, taken), refuse=self._refuse
            )
            self._compare(service)
            return failed + self._recover(service)

    def _upload(self, service: Service) -> None:
        for name, file in self.files.items():
            row = upload(service, file, name=name)
            self.results["datasets"][name] = row
            kept = self.results["runs"].items()
            self.results["runs"] = {  # other data under the same name gave other figures
                run: entry
                for run, entry in kept
                if entry["data"] != name or entry["data_hash"] == row["content_hash"]
            }
            self._say(f"{name}: {row['n_students']:,} students, {row['n_responses']:,} responses")

    def _keep(self, service: Service, taken: Taken) -> None:
        run = taken.run
        dataset = self.results["datasets"][run.data]
        entry = describe(run, dataset=dataset, row={"id": taken.id, "status": taken.status})
        if run.kind == "sweep":
            entry["front"] = read_front(service, taken.id)
        entry["experiments"] = [read_experiment(service, one) for one in taken.states]
        self.results["runs"][run.name] = entry
        self._save()

    def _refuse(self, run: Run, refused: Refused) -> None:
        row = {"id": None, "status": "refused"}
        entry = describe(run, dataset=self.results["datasets"][run.data], row=row)
        error = {"type": str(refused), "detail": refused.detail}
        self.results["runs"][run.name] = entry | {"error": error, "experiments": []}
        self._save()

    def _compare(self, service: Service) -> None:
        for pair in self.plan.pairs:
            if pair.part in self.parts:
                self._say(f"pair {pair.name}: comparing with {pair.baseline}")
                known = self.results["pairs"].get(pair.name)
                found = compare_pair(service, pair, self.results["runs"], known=known)
                self.results["pairs"][pair.name] = found
                self._save()

    def _recover(self, service: Service) -> list[str]:
        failed = []
        for recovery in self.plan.recoveries:
            entry = self.results["runs"].get(recovery.run, {})
            is_ready = entry.get("status") == "succeeded" if recovery.run else self.plan.study == FULL
            if recovery.part not in self.parts or not is_ready:
                continue
            self._say(f"{recovery.name}: {recovery.title}")
            if recovery.run:
                truth = make_classroom(self.plan, self.plan.named(recovery.run).data)
                found = measure_network(service, recovery, entry, truth)
            else:
                found = run_recovery(recovery, known=self.results["recoveries"].get(recovery.name))
            self.results["recoveries"][recovery.name] = found
            failed += [] if found["status"] == "succeeded" else [recovery.name]
            self._save()
        return failed

    def _save(self) -> None:
        save_results(self.results_file, self.results, self.plan)

    def _say(self, text: str) -> None:
        """One line, with the time of day: a study runs for hours."""
        self._console.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {escape(text)}")


def missing(plan: Plan, results: dict[str, Any]) -> list[str]:
    """Runs of the plan that have not succeeded."""
    return [run.name for run in plan.runs if results["runs"].get(run.name, {}).get("status") != "succeeded"]
