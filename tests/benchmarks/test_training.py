"""The training benchmark measures every row; what it measures here, on a busy machine, is held to nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from ikt_model.data.simulate import simulate_classroom
from ikt_model.losses import compute_losses
from ikt_model.references import calibrate
from tests.benchmarks import training, training_ranks
from tests.benchmarks.padded_loop import BATCH, PaddedHistories
from tests.benchmarks.training_loops import LOOPS, Problem, train_and_watch
from tests.ikt_model.classrooms import tiny_config


@pytest.fixture(scope="module")
def problem() -> Problem:
    sequences = simulate_classroom(n_students=120, n_skills=10, seed=3).sequences
    config = tiny_config()
    return Problem(sequences, config, calibrate(sequences, settings=config.reference))


def test_every_rate_is_measured(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SECONDS", 0.05)
    figures = {figure.name: figure for figure in training.measure_rates(problem)}
    assert figures["to the padded loop"].met is not None
    assert figures["operations per response"].value > 0
    assert figures["copied at best"].value > 0
    assert 0 < figures["padded, of the best rate"].value < 1


def test_two_processes_are_held_to_one(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_ranks, "SECONDS", 0.3)
    monkeypatch.setattr(training_ranks, "ROUNDS", 1)
    threads = torch.get_num_threads()
    figures = {figure.name: figure for figure in training_ranks.measure_ranks(problem)}
    assert figures["to one such process, batches of 8,192"].met is not None
    assert figures["losses of an epoch apart by"].met
    assert torch.get_num_threads() == threads


def test_both_loops_compute_the_same_losses(problem: Problem) -> None:
    ours, padded = problem.loop("ours").run, problem.loop("padded").run
    histories = PaddedHistories(padded)
    rows = np.argsort(ours.training.lengths)[:BATCH]
    given = default_collate([histories[int(row)] for row in rows])
    batches = ours.data.gather(ours.training, rows), histories.batch(given, "cpu")
    found = []
    for run, batch in zip((ours, padded), batches, strict=True):
        run.network.eval()
        losses = compute_losses(run.network(batch), batch, reference=run.reference, settings=run.config.loss)
        found.append(losses.terms())
    assert batches[1].valid.shape[1] == problem.config.model.window > batches[0].valid.shape[1]
    torch.testing.assert_close(found[0], found[1], atol=1e-5, rtol=1e-4)


def test_both_ways_are_watched_and_drawn(problem: Problem, tmp_path: Path) -> None:
    curves = {name: train_and_watch(problem.loop(name), looks=2) for name in LOOPS}
    for curve in curves.values():
        assert len(curve.seconds) == len(curve.aucs) == 2 * problem.config.training.epochs
        assert curve.seconds == sorted(curve.seconds)
    figures = {
        one.name: one for one in training.tell_curves({one: (way, 1.0) for one, way in curves.items()})
    }
    lead = curves["ours"].aucs[-1] - curves["padded"].aucs[-1]
    assert figures["AUC less the padded loop's"].value == lead
    training.draw_curves(curves, tmp_path / "plot.svg")
    assert "<svg" in (tmp_path / "plot.svg").read_text()
