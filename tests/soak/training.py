"""What a client does with models: experiments with keys, cancelled now and then, compared and promoted."""

import random
from typing import Any

from tests.soak.caller import Caller
from tests.soak.journal import Journal

TINY: dict[str, Any] = {
    "model": {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 32, "window": 50},
    "training": {"epochs": 2, "batch_tokens": 512},
}
MOST_UNFINISHED = 2
PRESETS = ("small-dynamic", "small-mean")


class Trainer:
    """Submits experiments on one dataset, each with an idempotency key of its own."""

    def __init__(
        self, caller: Caller, journal: Journal, rng: random.Random, *, client: int, dataset_id: str
    ) -> None:
        self._caller = caller
        self._journal = journal
        self._rng = rng
        self._client = client
        self._dataset_id = dataset_id
        self._n_keys = 0
        self._unfinished: list[str] = []
        self._succeeded: list[str] = []

    def submit(self) -> None:
        """An experiment; now and then the same request once more, which must find the same one."""
        self._look()
        if len(self._unfinished) >= MOST_UNFINISHED:
            return
        self._n_keys += 1
        key = f"soak-{self._client}-{self._n_keys}"
        body = {
            "preset": self._rng.choice(PRESETS),
            "config": TINY,
            "dataset_id": self._dataset_id,
            "seed": self._n_keys,
        }
        told = self._send(key, body)
        if told is not None:
            self._journal.note("experiment", key=key, id=told)
            self._unfinished.append(told)
            if self._rng.random() < 0.3 and (same := self._send(key, body)) != told:
                self._caller.complain("one experiment per key", f"{key}: {told}, then {same}")

    def cancel(self) -> None:
        """One that is not over, unless it ends just now."""
        if self._unfinished:
            experiment = self._rng.choice(self._unfinished)
            told = self._caller.send("cancel", "POST", f"/experiments/{experiment}/cancel")
            if self._caller.expect(told, (202, 409)) and told.status == 202:
                self._journal.note("cancelled", id=experiment)

    def compare(self) -> None:
        """The last two that succeeded."""
        self._look()
        if len(self._succeeded) >= 2:
            baseline, candidate = self._succeeded[-2:]
            ids = {"baseline": baseline, "candidate": candidate}
            self._caller.ask("compare", "/comparisons", params=ids)

    def promote(self) -> None:
        """The model of the last one that succeeded."""
        self._look()
        told = self._caller.ask("lists", "/models")
        models = {model["experiment_id"]: model["id"] for model in told.json()["items"]}
        wanted = [models[one] for one in self._succeeded if one in models]
        if wanted:
            promoted = self._caller.send("promote", "POST", f"/models/{wanted[-1]}/promote")
            self._caller.expect(promoted, (200, 202))

    def _send(self, key: str, body: dict[str, Any]) -> str | None:
        headers = {"Idempotency-Key": key}
        told = self._caller.send("submit", "POST", "/experiments", json=body, headers=headers)
        if not self._caller.expect(told, (202,)):
            return None
        experiment: str = told.json()["id"]
        return experiment

    def _look(self) -> None:
        """What became of those that were not over."""
        for experiment in list(self._unfinished):
            told = self._caller.ask("experiment", f"/experiments/{experiment}")
            status = told.json().get("status")
            if status not in ("queued", "running"):
                self._unfinished.remove(experiment)
            if status == "succeeded":
                self._succeeded.append(experiment)
