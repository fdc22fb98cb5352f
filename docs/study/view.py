"""What results.json says, asked by run and figure; what was not run is None."""

import tomllib
from collections.abc import Mapping
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

from docs.study.markdown import NOT_RUN
from docs.study.plan import HERE, Pair, Plan, Run

SHORT_ID = 12  # last digits of an id, by which `ikt experiments report` finds it
STATED = HERE / "stated.toml"

Number = float | None


class View:
    """The plan's runs with what came of them."""

    def __init__(self, plan: Plan, results: Mapping[str, Any]) -> None:
        self.plan = plan
        self.results = results

    @cached_property
    def stated(self) -> dict[str, dict[str, float]]:
        """The comparison's own figures: `mean`, `pointwise` and `reference`."""
        return tomllib.loads(STATED.read_text("utf-8"))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured yet."""
        return not (self.results["runs"] or self.results["recoveries"])

    def run(self, name: str) -> Run:
        return self.plan.named(name)

    def pair(self, name: str) -> Pair:
        return next(pair for pair in self.plan.pairs if pair.name == name)

    def experiments(self, run: str) -> list[dict[str, Any]]:
        """Those that succeeded, by fold (a sweep's in the order of its trials)."""
        entry = self.results["runs"].get(run) or {"experiments": []}
        return [one for one in entry["experiments"] if one["status"] == "succeeded"]

    def experiment(self, run: str, fold: int | None = None) -> dict[str, Any] | None:
        """The one of a fold; by default of the first fold that there is."""
        found = [one for one in self.experiments(run) if fold is None or one["fold"] == fold]
        return found[0] if found else None

    def was_run(self, *runs: str) -> bool:
        """Whether every experiment of every one of them succeeded."""
        entries = [self.results["runs"].get(run) for run in runs]
        return all(entry is not None and entry["status"] == "succeeded" for entry in entries)

    def state(self, run: str) -> str:
        """How it stands, in a table's words."""
        entry = self.results["runs"].get(run)
        return str(entry["status"]) if entry else NOT_RUN

    def metric(self, run: str, name: str, *, fold: int | None = None) -> Number:
        """A final figure: of one fold, else the mean over folds."""
        if fold is None:
            return self.spread(run, name)[0]
        found = self.experiment(run, fold)
        return found["metrics"].get(name) if found else None

    def spread(self, run: str, name: str) -> tuple[Number, Number]:
        """Mean and sample standard deviation over the planned folds; None where one has no number."""
        found = [self.metric(run, name, fold=fold) for fold in self.run(run).folds]
        values = [value for value in found if value is not None]
        if len(values) < len(found):
            return None, None
        return fmean(values), stdev(values) if len(values) > 1 else None

    def epochs(self, run: str, name: str) -> tuple[list[int], list[Number]]:
        """A figure after each epoch, of the run's first fold."""
        found = self.experiment(run)
        if found is None or name not in found["epochs"]:
            return [], []
        return found["epochs"]["epoch"], found["epochs"][name]

    def last(self, run: str, name: str) -> Number:
        """A figure after the last epoch."""
        return next(reversed(self.epochs(run, name)[1]), None)

    def ratio(self, run: str, name: str, other: str) -> Number:
        """One figure over another."""
        value, divisor = self.metric(run, name), self.metric(run, other)
        return None if value is None or not divisor else value / divisor

    def difference(
        self, pair: str, candidate: str, figure: str = "auc", *, fold: int | None = None
    ) -> dict[str, Any] | None:
        """Change, interval and p of a candidate: of a fold, else over all planned ones, None while one is
        missing.
        """
        by_fold = self.compared(pair, candidate, figure)
        if fold is not None:
            return by_fold.get(fold)
        if tuple(by_fold) != self.pair(pair).folds[candidate]:
            return None
        if len(by_fold) == 1:
            return next(iter(by_fold.values()))
        pooled = self._candidate(pair, candidate).get("pooled", {"figures": {}})
        found: dict[str, Any] | None = pooled["figures"].get(figure)
        return found

    def compared(self, pair: str, candidate: str, figure: str = "auc") -> dict[int, dict[str, Any]]:
        """The same by fold, of the experiments that both runs have now."""
        entry, baseline = self._candidate(pair, candidate), self.pair(pair).baseline
        found = {}
        for (fold, *ids), one in zip(entry["experiments"], entry["by_fold"], strict=True):
            now = [self.experiment(run, fold) for run in (baseline, candidate)]
            if [run and run["id"] for run in now] == ids and figure in one["figures"]:
                found[fold] = one["figures"][figure]
        return found

    def _candidate(self, pair: str, candidate: str) -> dict[str, Any]:
        nothing: dict[str, Any] = {"experiments": [], "by_fold": []}
        found: dict[str, Any] = (
            self.results["pairs"].get(pair, {}).get("candidates", {}).get(candidate, nothing)
        )
        return found

    def recovery(self, name: str) -> dict[str, Any] | None:
        """What was measured against the truth; of a network, only of the one that its run has now."""
        found: dict[str, Any] | None = self.results["recoveries"].get(name)
        run = next(one.run for one in self.plan.recoveries if one.name == name)
        if found is None or not run:
            return found
        now = self.experiment(run)
        return found if now is not None and now["id"] == found.get("experiment") else None

    def of_part(self, part: str) -> list[str]:
        """Names of a part's runs."""
        return [run.name for run in self.plan.runs if run.part == part]

    def cite(self, *runs: str) -> str:
        """Command, seed and ids of what a table or figure shows."""
        parts = "".join(sorted({self.run(name).part for name in runs}))
        seeds = ", ".join(dict.fromkeys(str(self.run(name).seed) for name in runs))
        named = "; ".join(f"{name} {self._id(name)}" for name in runs)
        return f"*`make study PART={parts}`, seed {seeds}. Experiments: {named}.*"

    def _id(self, run: str) -> str:
        """Of the experiment, or of the cross-validation or sweep that holds several."""
        entry = self.results["runs"].get(run)
        if not entry or not self.experiments(run):
            return self.state(run)
        kind = "" if entry["kind"] == "experiment" else f" ({entry['kind']})"
        return f"`…{entry['id'].replace('-', '')[-SHORT_ID:]}`{kind}"
