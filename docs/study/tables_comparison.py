"""The comparison's own tables in its own order, its figures beside ours, and the two identities."""

from collections.abc import Sequence

from docs.study.markdown import NONE, interval, shown, signed, table
from docs.study.view import Number, View

MEAN, POINTWISE = "a-mean", "a-pointwise"
HEADER = ("figure", "`mean`, stated", "`pointwise`, stated", "`mean`, here", "`pointwise`, here")
Lines = Sequence[tuple[str, str, int]]  # label, metric, decimals


def performance(view: View) -> str:
    """1. Prediction performance."""
    lines = [("AUC", "auc", 4), ("accuracy", "accuracy", 4)]
    rows = [
        [*_row(view, *line), signed(view.stated["change"][line[1]]), _change(view, line[1])] for line in lines
    ]
    rows.append([*_row(view, "AUC of M alone", "mastery_auc", 4), NONE, _change(view, "mastery_auc")])
    rows.append([*_row(view, "AUC of the reference, M^ref", "reference_auc", 4), NONE, NONE])
    return table([*HEADER, "Δ stated", "Δ here, 95 % interval"], rows) + _source(view)


def alignment(view: View) -> str:
    """2. Alignment losses."""
    lines = [
        ("l_21", "l_21", 4),
        ("its floor: entropy of M^ref", "l_21_floor", 4),
        ("KL = l_21 − floor", "l_21_kl", 4),
        ("l_22", "l_22", 4),
        ("l_23, as each was trained", "l_23", 4),
        ("l_23 of time-means", "l_23_mean", 4),
        ("l_23 at every step", "l_23_pointwise", 4),
    ]
    return _plain(view, lines)


def scale(view: View) -> str:
    """3. Scale of θ and β."""
    theta = [(f"θ {part}", f"theta_{part}", 2) for part in ("mean", "std", "min", "max")]
    beta = [(f"β {part}", f"beta_{part}", 2) for part in ("mean", "std", "min", "max")]
    names = {"theta": ("target_theta", "reference_theta"), "beta": ("reference_beta", "reference_beta")}
    rows = []
    for label, metric, digits in [*theta, *beta]:
        symbol, _, part = metric.partition("_")
        target, path = (shown(view.metric(POINTWISE, f"{name}_{part}"), digits) for name in names[symbol])
        stated = shown(view.stated["reference"].get(metric), digits)
        rows.append([*_row(view, label, metric, digits), stated, target, path])
    header = [*HEADER, "reference, stated", "l_23's target, here", "reference's trajectory, here"]
    return table(header, rows) + _source(view)


def mastery(view: View) -> str:
    """4. Mastery statistics, and correlations."""
    lines = [(f"M {part}", f"mastery_{part}", 3) for part in ("mean", "std", "min", "max")]
    lines += [(f"M^ref {part}", f"reference_mastery_{part}", 3) for part in ("mean", "std")]
    lines += [
        ("θ and l_23's target, Pearson", "theta_target_pearson", 3),
        ("θ and the reference's trajectory, Pearson", "theta_pearson", 3),
        ("θ and the reference's trajectory, Spearman", "theta_spearman", 3),
        ("mean θ and one ability per student, Pearson", "theta_static_pearson", 3),
        ("mean θ and one ability per student, Spearman", "theta_static_spearman", 3),
        ("β, Pearson", "beta_pearson", 3),
        ("M and M^ref, Pearson", "mastery_pearson", 3),
        ("M and M^ref, Spearman", "mastery_spearman", 3),
        ("p and M, Pearson", "p_mastery_pearson", 3),
    ]
    return _plain(view, lines)


def dynamics(view: View) -> str:
    """5. Training losses of the last epoch, and λ."""
    lines = [("total", "train_loss", 4)]
    lines += [(name, f"train_{name}", 4) for name in ("l_bce", "l_align", "l_21", "l_22", "l_23")]
    rows = [_row(view, *line, is_of_epoch=True) for line in lines]
    rows.append(_row(view, "λ in the last epoch", "lambda", 2, is_of_epoch=True))
    firsts = [shown(next(iter(view.epochs(run, "lambda")[1]), None), 2) for run in (MEAN, POINTWISE)]
    rows.append(["λ in the first epoch", "0.01", "0.01", *firsts])
    return table(HEADER, rows) + _source(view)


def identity(view: View) -> str:
    """l_23 at every step = s² + S² − 2ρsS + Δ², of the stated figures and of ours."""
    header = ["", "s", "S", "ρ", "Δ", "s² + S² − 2ρsS + Δ²", "l_23 at every step", "ρS"]
    rows = [
        _identity_row(f"`{name}`, stated", _stated_parts(view, name), _stated_l_23(view, name))
        for name in ("mean", "pointwise")
    ]
    rows += [
        _identity_row(f"`{name}`, here", _parts(view, run), view.metric(run, "l_23_pointwise"))
        for run, name in ((MEAN, "mean"), (POINTWISE, "pointwise"))
    ]
    return table(header, rows) + _source(view)


Parts = tuple[Number, Number, Number, Number]  # s, S, ρ, Δ


def implied_l_23(parts: Parts) -> Number:
    """Mean squared distance of two variables from their spreads, correlation and difference of means."""
    s, S, rho, shift = parts
    if s is None or S is None or rho is None or shift is None:
        return None
    return s**2 + S**2 - 2 * rho * s * S + shift**2


def _stated_parts(view: View, name: str) -> Parts:
    said, reference = view.stated[name], view.stated["reference"]
    shift = said["theta_mean"] - reference["theta_mean"]
    return said["theta_std"], reference["theta_std"], said["theta_target_pearson"], shift


def _stated_l_23(view: View, name: str) -> Number:
    """At every step; of `mean` only that of time-means was told."""
    return view.stated[name]["l_23"] if name == "pointwise" else None


def _parts(view: View, run: str) -> Parts:
    spread, target, rho = (
        view.metric(run, name) for name in ("theta_std", "target_theta_std", "theta_target_pearson")
    )
    return spread, target, rho, _less(view.metric(run, "theta_mean"), view.metric(run, "target_theta_mean"))


def _identity_row(label: str, parts: Parts, reported: Number) -> list[str]:
    _, S, rho, _ = parts
    fit = rho * S if rho is not None and S is not None else None
    values = [shown(value, 3) for value in parts]
    return [label, *values, shown(implied_l_23(parts), 4), shown(reported, 4), shown(fit, 3)]


def _plain(view: View, lines: Lines) -> str:
    return table(HEADER, [_row(view, *line) for line in lines]) + _source(view)


def _row(view: View, label: str, metric: str, digits: int, *, is_of_epoch: bool = False) -> list[str]:
    stated = [shown(view.stated[name].get(metric), digits) for name in ("mean", "pointwise")]
    find = View.last if is_of_epoch else View.metric
    return [label, *stated, *(shown(find(view, run, metric), digits) for run in (MEAN, POINTWISE))]


def _less(value: Number, other: Number) -> Number:
    return None if value is None or other is None else value - other


def _change(view: View, metric: str) -> str:
    return interval(view.difference("a", POINTWISE, metric))


def _source(view: View) -> str:
    return "\n\n" + view.cite(MEAN, POINTWISE)


TABLES = {
    "performance": performance,
    "alignment": alignment,
    "scale": scale,
    "mastery": mastery,
    "dynamics": dynamics,
    "identity": identity,
}
