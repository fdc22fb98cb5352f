"""Every other table of the page: recommendations, the resolved model, references, other data."""

from collections.abc import Callable, Sequence
from typing import Any

from docs.study.markdown import NONE, NOT_RUN, interval, shown, signed, spread, table
from docs.study.targets import bound_of, judge, targets
from docs.study.targets import thresholds as thresholds_of_alignment
from docs.study.view import Number, View

RESOLVED = ("c-skill-wise", "c-unaligned", "c-dkt", "c-small-dynamic")


def data(view: View) -> str:
    """What was learnt from."""
    rows = []
    for name, said in view.plan.data.items():
        found = view.results["datasets"].get(name)
        if found is None:
            rows.append([said["title"], *[NONE] * 6])
            continue
        counts = [f"{found[key]:,}" for key in ("n_students", "n_responses", "n_skills", "n_folds")]
        share = shown(found["share_correct"], 3)
        rows.append([said["title"], *counts, share, f"`{found['content_hash'][:16]}`"])
    header = ["data", "students", "responses", "skills", "folds", "right", "content"]
    return table(header, rows)


def recommendations(view: View) -> str:
    """Part b: each recommendation against none of them."""
    runs = view.of_part("b")
    rows = []
    for name in runs:
        change = NONE if name == "b-base" else interval(view.difference("b", name))
        if not view.was_run(name):
            rows.append([view.run(name).title, view.state(name), *[NONE] * 8])
            continue
        ratio = view.ratio(name, "theta_std", "reference_theta_std")
        figures = [
            ("theta_pearson", 3),
            ("theta_target_pearson", 3),
            ("l_21_kl", 4),
            ("l_22", 4),
            ("l_23_pointwise", 4),
            ("p_mastery_pearson", 3),
        ]
        rows.append(
            [
                view.run(name).title,
                shown(view.metric(name, "auc")),
                change,
                shown(ratio, 2),
                *(shown(view.metric(name, metric), digits) for metric, digits in figures),
            ]
        )
    header = ["what", "AUC", "Δ AUC, 95 % interval", "std θ / std θ^ref", "ρ(θ, θ^ref)"]
    header += ["ρ(θ, target)", "KL", "l_22", "l_23 at every step", "corr(p, M)"]
    return table(header, rows) + "\n\n" + view.cite(*runs)


def balances(view: View) -> str:
    """What each balanced loss was multiplied by at the end."""
    names = ("l_bce", "l_21", "l_23")
    runs = ("b-base", "b-uncertainty", "b-gradient-norm")
    rows = [
        [
            view.run(run).title,
            *(shown(view.last(run, f"train_factor_{name}"), 3) for name in names),
            *(shown(view.last(run, f"train_grad_norm_{name}"), 4) for name in names),
        ]
        for run in runs
    ]
    header = ["balancing", *(f"factor of {name}" for name in names), *(f"‖∇ {name}‖" for name in names)]
    return table(header, rows) + "\n\n" + view.cite(*runs)


def folds(view: View) -> str:
    """Part c: mean ± standard deviation over folds."""
    figures = [
        ("auc", "AUC", 4),
        ("mastery_auc", "AUC of M alone", 4),
        ("p_mastery_pearson", "corr(p, M)", 3),
        ("ece", "ECE of p", 4),
        ("l_21_kl", "KL", 4),
        ("theta_pearson", "θ Pearson", 4),
        ("auc_first_5", "AUC, first 5", 4),
    ]
    return _spreads(view, RESOLVED, figures)


def thresholds(view: View) -> str:
    """Part c: every alignment threshold in every fold."""
    bounds = thresholds_of_alignment()
    rows = []
    for one in view.experiments("c-skill-wise"):
        found = [(one["metrics"].get(figure), bound) for figure, bound in bounds.items()]
        cells = [f"{shown(value)} {judge(value, bound)}".rstrip() for value, bound in found]
        rows.append([str(one["fold"]), shown(one["metrics"].get("auc")), *cells])
    header = ["fold", "AUC", *(f"{bound['what']} {bound_of(bound)}" for bound in bounds.values())]
    return table(header, rows) + "\n\n" + view.cite("c-skill-wise")


def differences(view: View) -> str:
    """Part c: paired differences of AUC, by fold and pooled."""
    pairs = [("c-cost", "c-skill-wise"), ("c-gain", "c-skill-wise"), ("c-gain", "c-small-dynamic")]
    every = sorted({fold for run in RESOLVED for fold in view.run(run).folds})
    rows = []
    for pair, candidate in pairs:
        baseline = view.pair(pair).baseline
        by_fold = view.compared(pair, candidate)
        cells = [signed(by_fold[fold]["change"]) if fold in by_fold else NONE for fold in every]
        found = view.difference(pair, candidate)
        rows.append(
            [
                f"{view.run(candidate).title} less {view.run(baseline).title}",
                *cells,
                interval(found),
                _p_value(found["p"] if found else None),
            ]
        )
    header = ["Δ AUC", *(f"fold {fold}" for fold in every), "all, 95 % interval", "p (DeLong)"]
    return table(header, rows) + "\n\n" + view.cite("c-skill-wise", "c-unaligned", "c-dkt", "c-small-dynamic")


def _p_value(p: Number) -> str:
    return NONE if p is None else "< 0.0001" if p < 0.0001 else shown(p)


def front(view: View) -> str:
    """Part c: λ against AUC and divergence."""
    rows = []
    entry = view.results["runs"].get("c-front", {})
    on_front = entry.get("front", {}).get("ids", [])
    figures = [("auc", 4), ("l_21_kl", 4), ("l_23", 4), ("theta_pearson", 4), ("p_mastery_pearson", 3)]
    for one in view.experiments("c-front"):
        (value,) = one["trial_settings"].values()
        cells = [shown(one["metrics"].get(metric), digits) for metric, digits in figures]
        rows.append([shown(value, 1), *cells, "✓" if one["id"] in on_front else ""])
    header = ["λ", "AUC", "KL", "l_23", "θ Pearson", "corr(p, M)", "on the front"]
    return table(header, rows) + "\n\n" + view.cite("c-front")


def references(view: View) -> str:
    """Part d: references as models, and networks aligned to them."""
    figures = [
        ("auc", "AUC", 4),
        ("ece", "ECE of p", 4),
        ("l_bce", "l_bce", 4),
        ("mastery_auc", "AUC of M alone", 4),
        ("mastery_ece", "ECE of M", 4),
        ("p_mastery_pearson", "corr(p, M)", 3),
        ("l_21_kl", "KL", 4),
    ]
    return _spreads(view, [*view.of_part("d"), "c-dkt", "c-skill-wise"], figures)


def other_data(view: View) -> str:
    """Part e: ASSISTments 2009."""
    figures = [
        ("auc", "AUC", 4),
        ("ece", "ECE of p", 4),
        ("l_21_kl", "KL", 4),
        ("l_22", "l_22", 4),
        ("l_23", "l_23", 4),
        ("theta_pearson", "θ Pearson", 4),
        ("theta_spearman", "θ Spearman", 4),
        ("p_mastery_pearson", "corr(p, M)", 3),
        ("mastery_auc", "AUC of M alone", 4),
    ]
    text = _spreads(view, ("e-skill-wise", "e-skill-wise-as-is", "e-dkt"), figures)
    change = interval(view.difference("e", "e-skill-wise"))
    return f"{text}\n\nAUC of the first less that of `dkt`, with its 95 % interval: {change}."


def recovery(view: View) -> str:
    """Part e: students whose truth is known."""
    texts = []
    for one in view.plan.recoveries:
        found = view.recovery(one.name) or {"status": NOT_RUN}
        if "figures" not in found:
            texts.append(f"*{one.title}: {found['status']}.*")
            continue
        figures, bounds = found["figures"].items(), found["bounds"]
        rows = [[name, shown(value), bounds.get(name, NONE)] for name, value in figures]
        cited = f"*`{found['command']}`, seed {found['seed']}, {shown(found['seconds'], 0)} s.*"
        texts.append(f"{table([one.title, 'value', 'bound'], rows)}\n\n{cited}")
    return "\n\n".join(texts)


def runs(view: View) -> str:
    """Every run of the plan: what it is to show, and what it cost."""
    rows = []
    for run in view.plan.runs:
        entry = view.results["runs"].get(run.name)
        done = entry["experiments"] if entry else []
        seconds = sum(one["seconds"] or 0.0 for one in done)
        folds = ", ".join(map(str, run.folds))
        minutes = shown(seconds / 60, 1) if done else NONE
        rows.append([f"`{run.name}`", run.shows, folds, view.state(run.name), minutes])
    return table(["run", "shows", "folds", "status", "minutes on one core"], rows, left=4)


def commands(view: View) -> str:
    """Every run of the plan from the command line."""
    lines = [f"# {run.name}\n{run.command(view.plan.data[run.data]['file'])}" for run in view.plan.runs]
    return "\n".join(["```bash", *lines, "```"])


def experiments(view: View) -> str:
    """Every experiment with its id, and what its audit and its worker had to say."""
    rows = []
    for name, entry in view.results["runs"].items():
        if entry["status"] == "refused":
            rows.append([f"`{name}`", NONE, NONE, NONE, _plain(_error(entry))])
        for one in entry["experiments"]:
            report = one.get("report") or {}
            doubts = [*one.get("warnings", []), *(found["message"] for found in report.get("findings", []))]
            failed = [_error(one)] if one.get("error") else []
            told = " ".join(_plain(text) for text in [*failed, *doubts]) or NONE
            place = _place(entry, one)
            rows.append([f"`{name}`", place, f"`{one['id']}`", report.get("audit", NONE), told])
    return table(["run", "fold", "experiment", "audit", "doubts"], rows, left=5)


def _error(failed: dict[str, Any]) -> str:
    return f"{failed['error']['type']}: {failed['error']['detail']}"


def _place(entry: dict[str, Any], one: dict[str, Any]) -> str:
    settings = one.get("trial_settings")
    tried = ", ".join(f"{name}={value:g}" for name, value in settings.items()) if settings else ""
    return f"{one['fold']} {tried}".strip() if entry["kind"] == "sweep" else str(one["fold"])


def versions(view: View) -> str:
    """Which code made the figures, and where."""
    found = [one for entry in view.results["runs"].values() for one in entry["experiments"]]
    told = {
        name: sorted({str(one[name]) for one in found if one[name]}) for name in ("code_version", "device")
    }
    if not found:
        return f"*{NOT_RUN}*"
    return (
        f"Code: {', '.join(told['code_version'])}. Devices: {', '.join(told['device'])}, one thread per job."
    )


def _plain(text: str) -> str:
    """Without what would end a table's cell."""
    return text.replace("|", "∣").replace("\n", " ")


def _spreads(view: View, names: Sequence[str], figures: Sequence[tuple[str, str, int]]) -> str:
    rows = []
    for name in names:
        if not view.was_run(name):
            rows.append([view.run(name).title, view.state(name), *[NONE] * len(figures)])
            continue
        cells = [spread(*view.spread(name, metric), digits) for metric, _, digits in figures]
        rows.append([view.run(name).title, str(len(view.experiments(name))), *cells])
    header = ["model", "folds", *(label for _, label, _ in figures)]
    return table(header, rows) + "\n\n" + view.cite(*names)


TABLES: dict[str, Callable[[View], str]] = {
    "targets": targets,
    "data": data,
    "recommendations": recommendations,
    "balances": balances,
    "folds": folds,
    "thresholds": thresholds,
    "differences": differences,
    "front": front,
    "references": references,
    "other_data": other_data,
    "recovery": recovery,
    "runs": runs,
    "commands": commands,
    "experiments": experiments,
    "versions": versions,
}
