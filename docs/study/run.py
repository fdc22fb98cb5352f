"""Run the plan through the service: submit, wait, keep what came of it, and never run the same twice."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from api.cli.failures import NoServer, Refused
from api.cli.watching import ENDED
from docs.study.by_path import Service
from docs.study.plan import Run
from docs.study.results import fingerprint_today, space_of

POLL_SECONDS = 0.25
MOST_LISTED = 100_000
PATHS = {"experiment": "/experiments", "cross-validation": "/cross-validations", "sweep": "/sweeps"}
PREFERRED = ("succeeded", "running", "queued", "failed", "cancelled")
AGAIN = ("failed", "cancelled")

Row = dict[str, Any]


@dataclass
class Taken:
    """A run that the service has, and where its experiments stand."""

    run: Run
    id: str
    states: dict[str, str] = field(default_factory=dict)  # status by experiment
    is_ended: bool = False  # whether no further experiment will come

    @property
    def in_flight(self) -> int:
        """Experiments that have not ended; one where none is there yet."""
        return sum(state not in ENDED for state in self.states.values()) or int(not self.is_ended)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.in_flight == 0

    @property
    def status(self) -> str:
        """`succeeded` when every experiment has; else the state of the one that fared worst."""
        states = set(self.states.values()) - {"succeeded"}
        if not states and len(self.states) == self.run.n_experiments:
            return "succeeded"
        return min(states, default="failed")


class Runner:
    """Keeps the workers busy with the plan's runs, in order, and hands each over when it has ended.

    Few are in flight at a time: stopping leaves little behind that nobody asks for next time.
    """

    def __init__(
        self,
        service: Service,
        *,
        datasets: dict[str, Row],
        workers: int,
        say: Callable[[str], None],
        check: Callable[[], None],
    ) -> None:
        self._service = service
        self._datasets = datasets
        self._workers = workers
        self._say = say
        self._check = check

    def run_all(
        self, runs: Iterable[Run], *, keep: Callable[[Taken], None], refuse: Callable[[Run, Refused], None]
    ) -> list[str]:
        """Run what has not succeeded yet: `keep` gets each run as soon as it has ended, `refuse` each that
        the service would not take.

        Returns the names of those that did not succeed; the others go on regardless.
        """
        waiting, taken, failed = deque(runs), list[Taken](), list[str]()
        while waiting or taken:
            while waiting and sum(one.in_flight for one in taken) <= self._workers:
                run = waiting.popleft()
                try:
                    taken.append(self._take(run))
                except Refused as refused:
                    failed.append(run.name)
                    refuse(run, refused)
                    self._say(f"{run.name}: refused: {refused}. {refused.detail}")
            for one in list(taken):
                if one.is_over:
                    taken.remove(one)
                    keep(one)
                    failed += [] if one.status == "succeeded" else [one.run.name]
                    self._say(f"{one.run.name}: {one.status}; {len(waiting) + len(taken)} to go")
            if any(not one.is_over for one in taken):
                time.sleep(POLL_SECONDS)
                self._check()
                for one in taken:
                    self._look_again(one)
        return failed

    def _take(self, run: Run) -> Taken:
        """Submit a run, or go on with the one that was submitted before."""
        dataset_id = self._datasets[run.data]["id"]
        known = self._find(run, dataset_id)
        row = known or self._service.post_once(PATHS[run.kind], self._request(run, dataset_id))
        self._say(f"{run.name}: {'known as' if known else 'submitted as'} {run.kind} {row['id']}")
        taken = Taken(run, row["id"])
        self._look(taken)
        for experiment_id, status in taken.states.items():
            if status in AGAIN:
                self._service.post(f"/experiments/{experiment_id}/retry")
                self._say(f"{run.name}: experiment {experiment_id} {status} before and goes on")
        self._look(taken)
        return taken

    def _look_again(self, taken: Taken) -> None:
        """A service that is busy for a moment ends no study of many hours."""
        try:
            self._look(taken)
        except NoServer as trouble:
            self._say(f"{taken.run.name}: no answer for the moment: {trouble.detail}")
        except Refused as trouble:
            if trouble.status < 500:
                raise
            self._say(f"{taken.run.name}: {trouble}, asked again")

    def _look(self, taken: Taken) -> None:
        row = self._service.get(f"{PATHS[taken.run.kind]}/{taken.id}")
        if taken.run.kind == "experiment":
            taken.states, taken.is_ended = {row["id"]: row["status"]}, True
        elif taken.run.kind == "cross-validation":
            taken.states = {member["id"]: member["status"] for member in row["experiments"]}
            taken.is_ended = True
        else:
            taken.states = {trial["experiment_id"]: trial["status"] for trial in row["trials"]}
            taken.is_ended = row["status"] != "running"

    def _request(self, run: Run, dataset_id: str) -> Row:
        body: Row = {
            "name": run.name,
            "preset": run.preset,
            "config": run.overrides,
            "dataset_id": dataset_id,
            "exclude_folds": list(run.exclude_folds),
        }
        if run.kind == "cross-validation":
            return body | {"folds": list(run.folds)}
        if run.space is None:
            return body | {"fold": run.folds[0]}
        return body | {"fold": run.folds[0], "search": _search(run), "parallel": self._workers}

    def _find(self, run: Run, dataset_id: str) -> Row | None:
        """What was submitted for the same run before: rather one that succeeded than one that runs."""
        path = PATHS[run.kind]
        rows = [
            row
            for row in self._service.list_all(path, limit=MOST_LISTED, dataset_id=dataset_id)
            if row["exclude_folds"] == list(run.exclude_folds)
            and row.get("folds", [row.get("fold")]) == list(run.folds)
            and row["status"] in PREFERRED
        ]
        rows.sort(key=lambda row: PREFERRED.index(row["status"]))
        for row in rows:
            is_member = row.get("cross_validation_id") or row.get("sweep_id")
            if is_member and row["status"] != "succeeded":
                continue
            found: Row = self._service.get(f"{path}/{row['id']}")
            if self._is_same(run, found):
                return found
        return None

    def _is_same(self, run: Run, row: Row) -> bool:
        if run.space is None:
            return fingerprint_today(row["config"]) == run.config.fingerprint()
        # A sweep that was stopped, or could not go on, queues no further trial: it is asked for anew.
        if row["status"] == "cancelled" or row["error"]:
            return False
        asked = (row["preset"], row["config"], row["search"]) == (run.preset, run.overrides, _search(run))
        return asked and all(self._is_trial_of(run, trial) for trial in row["trials"])

    def _is_trial_of(self, run: Run, trial: Row) -> bool:
        """Presets may have changed since: a trial keeps the settings that it was queued with."""
        config = self._service.get(f"/experiments/{trial['experiment_id']}")["config"]
        return fingerprint_today(config) == run.config_at(trial["settings"]).fingerprint()


def _search(run: Run) -> Row:
    return {"method": "grid", "space": space_of(run)}
