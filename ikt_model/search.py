"""Searching for settings: the points of a space, which one is tried next, and which trial is given up.

A space maps dotted names of settings (`loss.lambda_target`) to what they may be. Nothing is remembered
between two calls: the next point follows from the search, its seed, and the trials so far.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from math import isfinite, prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import optuna

Point = dict[str, Any]
"""A value for every setting of a space, by dotted name."""
Direction = Literal["maximise", "minimise"]

# Of the points that are checked before a search begins, 10 to 25 µs each: half a second for what is checked
# completely, hardly two for the worst of what is not.
MOST_POINTS = 20_000
LONGEST_RUN = 200  # of whole numbers tried alone: what does not divide shows within a few


@dataclass(frozen=True, slots=True)
class Trial:
    """One point that was tried, as far as it came."""

    settings: Point
    state: Literal["running", "succeeded", "pruned", "failed"]
    value: float | None = None
    """The objective at the end; None where there is no (finite) number."""
    epoch_values: Mapping[int, float] = field(default_factory=dict)
    """The objective after each epoch, counted from 1."""


def count_points(space: Mapping[str, Sequence[Any]]) -> int:
    """Points of a grid."""
    return prod(len(values) for values in space.values())


def grid_points(space: Mapping[str, Sequence[Any]]) -> Iterator[Point]:
    """Every point of a grid; the last setting changes fastest."""
    return (dict(zip(space, values, strict=True)) for values in product(*space.values()))


def probing_points(space: Mapping[str, Mapping[str, Any]]) -> Iterator[Point]:
    """Points that tell whether a space of ranges and choices can be trained with, the ends of ranges first:
    every choice with every whole number, and with both ends and the inside of each range of floats.

    Where these are more than MOST_POINTS, first without the floats, then every choice with the ends of every
    range or at least with all its low or all its high ones, as far as these are not too many either; at last
    each setting's values alone, all others at their first and at their last.
    """
    every = {name: _values(described) for name, described in space.items()}
    if count_points(every) <= MOST_POINTS:
        yield from _ends_first(every)
        return
    kinds = {name: described["type"] for name, described in space.items()}
    first: dict[str, Sequence[Any]] = {name: values[:1] for name, values in every.items()}
    last: dict[str, Sequence[Any]] = {name: values[-1:] for name, values in every.items()}
    ends: dict[str, Sequence[Any]] = {name: [values[0], values[-1]] for name, values in every.items()}
    choices = {name: values for name, values in every.items() if kinds[name] == "categorical"}
    whole = {name: values for name, values in every.items() if kinds[name] != "float"}
    for grid in (first | whole, ends | choices, first | choices, last | choices):
        if count_points(grid) <= MOST_POINTS:
            yield from _ends_first(grid)
    for others, (name, values) in product((first, last), every.items()):
        yield from _ends_first(others | {name: values}, most=LONGEST_RUN)


def _values(described: Mapping[str, Any]) -> Sequence[Any]:
    if described["type"] == "categorical":
        return list(described["choices"])
    low, high = described["low"], described["high"]
    if described["type"] == "int":
        return range(low, high + 1, described["step"])  # never a list: it may have 2**54 numbers
    # The ends of a range over whole numbers, like 1.0 and 4.0, may be settings though hardly any point
    # between them is.
    return [low, _fraction_between(low, high), high]


def _fraction_between(low: float, high: float) -> float:
    inner = [low + (high - low) * share for share in (0.5, 0.375, 0.3)]
    return next((value for value in inner if not value.is_integer()), inner[0])


def _ends_first(grid: Mapping[str, Sequence[Any]], *, most: int | None = None) -> Iterator[Point]:
    """The points of a grid, of each setting first its ends, then the first `most` values between them."""
    return grid_points(
        {name: [*values[:1], *values[1:][-1:], *values[1:-1][:most]] for name, values in grid.items()}
    )


def with_settings(config: Mapping[str, Any], point: Point) -> dict[str, Any]:
    """Nested settings with those of a point replaced; the given ones stay as they are."""
    changed = dict(config)
    for name, value in point.items():
        place = changed
        *sections, key = name.split(".")
        for section in sections:
            inner = place.get(section)
            place[section] = dict(inner) if isinstance(inner, Mapping) else {}
            place = place[section]
        place[key] = value
    return changed


def next_point(
    search: Mapping[str, Any], trials: Sequence[Trial], *, number: int, direction: Direction
) -> Point:
    """The point of the trial with that number (from 0), given those before it.

    Equal searches with equal trials in equal order give equal points.
    """
    if search["method"] == "grid":
        return next(islice(grid_points(search["space"]), number, None))
    import optuna

    # One seed for every trial would let the sampler begin each time with the same random numbers.
    seed = int(np.random.SeedSequence([search["seed"], number]).generate_state(1)[0])
    sampler: optuna.samplers.BaseSampler
    if search["sampler"] == "tpe":
        # Trials in flight count as bad ones, so that parallel ones keep apart.
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    else:
        sampler = optuna.samplers.RandomSampler(seed=seed)
    space = _distributions(search["space"])
    study = _study(trials, direction=direction, sampler=sampler, space=space)
    return dict(study.ask(fixed_distributions=space).params)


def is_hopeless(
    pruner: Mapping[str, Any], trials: Sequence[Trial], values: Mapping[int, float], *, direction: Direction
) -> bool:
    """Whether a trial with these values after its epochs is worse than the median of the others by then.

    Nothing is said during the first `warmup_epochs`, nor before `startup_trials` have succeeded.
    """
    reached = {epoch: value for epoch, value in values.items() if isfinite(value)}
    if pruner["name"] == "none" or not reached:
        return False
    import optuna

    # Optuna spares steps below n_warmup_steps; ours are counted from 1.
    median = optuna.pruners.MedianPruner(
        n_startup_trials=pruner["startup_trials"], n_warmup_steps=pruner["warmup_epochs"] + 1
    )
    study = _study(trials, direction=direction)
    trial = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, intermediate_values=reached)
    return bool(median.prune(study, trial))


def _study(
    trials: Sequence[Trial],
    *,
    direction: Direction,
    sampler: "optuna.samplers.BaseSampler | None" = None,
    space: "dict[str, optuna.distributions.BaseDistribution] | None" = None,
) -> "optuna.Study":
    """All trials in a study that lives in memory; without a space they have values alone."""
    import optuna

    # It would tell of every study that it is new.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize" if direction == "maximise" else "minimize", sampler=sampler
    )
    for trial in trials:
        study.add_trial(_frozen(trial, space or {}))
    return study


def _frozen(
    trial: Trial, space: "dict[str, optuna.distributions.BaseDistribution]"
) -> "optuna.trial.FrozenTrial":
    from optuna.trial import TrialState, create_trial

    values = {epoch: value for epoch, value in trial.epoch_values.items() if isfinite(value)}
    states = {"running": TrialState.RUNNING, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
    state, value = states.get(trial.state, TrialState.COMPLETE), None
    if state == TrialState.COMPLETE:
        # A trial whose objective is no number taught nothing that could be ranked.
        is_number = trial.value is not None and isfinite(trial.value)
        state, value = (TrialState.COMPLETE, trial.value) if is_number else (TrialState.FAIL, None)
    params = {name: trial.settings[name] for name in space}
    return create_trial(
        state=state, value=value, params=params, distributions=space, intermediate_values=values
    )


def _distributions(
    space: Mapping[str, Mapping[str, Any]],
) -> "dict[str, optuna.distributions.BaseDistribution]":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    found: dict[str, optuna.distributions.BaseDistribution] = {}
    for name, described in space.items():
        if described["type"] == "categorical":
            found[name] = CategoricalDistribution(described["choices"])
        elif described["type"] == "int":
            found[name] = IntDistribution(
                described["low"], described["high"], log=described["log"], step=described["step"]
            )
        else:
            found[name] = FloatDistribution(described["low"], described["high"], log=described["log"])
    return found
