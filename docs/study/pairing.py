"""How surely two runs differ, asked of the service: fold by fold, and of cross-validations as a whole."""

from typing import Any

from docs.study.by_path import Service
from docs.study.collect import rounded
from docs.study.plan import Pair
from ikt_model.comparison.statistics import LEVEL, RESAMPLES


def compare_pair(
    service: Service, pair: Pair, runs: dict[str, Any], *, known: dict[str, Any] | None
) -> dict[str, Any]:
    """An entry of results.json: per candidate the folds that both have, and all of them as one.

    What was found of the same experiments before, in as many resamples, is kept.
    """
    candidates = {}
    if known and known["resamples"] != RESAMPLES:
        known = None
    for name in pair.candidates:
        first, second = runs.get(pair.baseline), runs.get(name)
        folds = _shared_folds(first, second)
        before = (known or {}).get("candidates", {}).get(name, {})
        if before.get("experiments") == folds:
            candidates[name] = before
        elif first and second and folds:
            candidates[name] = _compare(service, first, second, folds)
    return {
        "part": pair.part,
        "baseline": pair.baseline,
        "level": LEVEL,
        "resamples": RESAMPLES,
        "candidates": candidates,
    }


def _shared_folds(first: dict[str, Any] | None, second: dict[str, Any] | None) -> list[list[Any]]:
    """[fold, baseline's experiment, candidate's experiment] of every fold that both succeeded on."""
    if first is None or second is None or first["data_hash"] != second["data_hash"]:
        return []
    ours, theirs = (
        {one["fold"]: one["id"] for one in run["experiments"] if one["status"] == "succeeded"}
        for run in (first, second)
    )
    return [[fold, ours[fold], theirs[fold]] for fold in sorted(ours.keys() & theirs.keys())]


def _compare(
    service: Service, first: dict[str, Any], second: dict[str, Any], folds: list[list[Any]]
) -> dict[str, Any]:
    by_fold = [
        {"fold": fold} | _asked(service, baseline=baseline, candidate=candidate)
        for fold, baseline, candidate in folds
    ]
    found: dict[str, Any] = {"experiments": folds, "by_fold": by_fold}
    if len(folds) > 1 and len(folds) == len(first["folds"]) == len(second["folds"]):
        found["pooled"] = _asked(service, baseline=first["id"], candidate=second["id"])
    return found


def _asked(service: Service, *, baseline: str, candidate: str) -> dict[str, Any]:
    comparison = service.get("/comparisons", baseline=baseline, candidate=candidate)
    figures = {
        row["metric"]: {
            "change": value["change"],
            "low": value["change_low"],
            "high": value["change_high"],
            "p": value["p_value"],
        }
        for section in comparison["sections"]
        for row in section["rows"]
        for value in row["values"][1:]
        if value["change_low"] is not None
    }
    return {"figures": rounded(figures), "notes": comparison["notes"]}
