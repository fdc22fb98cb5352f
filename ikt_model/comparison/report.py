"""The report of one experiment: how good its held-out predictions are, and what an audit makes of them.

Plain JSON values throughout; what does not exist is null.
"""

import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ikt_model.comparison.baseline import (
    beats_baseline,
    past_only,
    plausible_auc,
    skill_means,
    useful_reference,
)
from ikt_model.comparison.breakdown import HISTORY_STARTS, Scores, by_history, by_skill
from ikt_model.comparison.calibration import reliability
from ikt_model.comparison.distributions import Histogram, histogram
from ikt_model.comparison.findings import (
    Finding,
    ability_identity,
    mastery_after_right,
    numeric_predictions,
    unsaturated_predictions,
    varied_predictions,
    worst,
)
from ikt_model.comparison.splits import (
    Answer,
    duplicate_sequences,
    future_labels,
    reference_fit,
    student_overlap,
)
from ikt_model.comparison.statistics import Interval, Paired, auc_gap_of_students
from ikt_model.data.sequences import Sequences

FORMAT_VERSION = 1
COLUMNS = {"probability": "probability", "mastery": "mastery", "reference_mastery": "reference"}
"""Columns of the predictions that are measured, and their names in a report."""


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """All that a report is made from."""

    predictions: pa.Table  # of the held-out students, by `evaluation.predictions_table`
    sequences: Sequences  # the whole dataset
    fold: int
    window: int
    metrics: Mapping[str, float | None]
    reference_responses: NDArray[np.int64]  # [K] what the reference says that it was fitted on
    answers: Mapping[str, Answer]  # the stored model, by protocol
    difficulty: NDArray[np.float32]  # [K] β of the model, or the reference's where it has none
    reference_difficulty: NDArray[np.float64]  # [K]
    has_ability: bool = True  # whether θ means anything

    @property
    def held_out(self) -> Sequences:
        return self.sequences.select(self.sequences.folds == self.fold)

    @property
    def training(self) -> Sequences:
        return self.sequences.select(self.sequences.folds != self.fold)


def build_report(run: Audited) -> dict[str, Any]:
    """Calibration, AUC by history and by skill, and the findings of every check."""
    started = time.perf_counter()
    said = run.predictions
    scores = {name: _scores(said, column) for column, name in COLUMNS.items()}
    probability = scores["probability"]
    findings = audit(run)
    cold = np.flatnonzero(probability.position < HISTORY_STARTS[1])
    report = {
        "format_version": FORMAT_VERSION,
        "protocol": "window",
        "window": run.window,
        "n_students": len(np.unique(probability.student)),
        "n_predicted": said.num_rows,
        "auc": {name: column.part() for name, column in scores.items()},
        "cold_start": {name: column.part(cold) for name, column in scores.items()},
        "calibration": {
            name: reliability(column.response.astype(np.float64), column.score)
            for name, column in scores.items()
        },
        "by_history": by_history(probability),
        "by_skill": by_skill(probability, said["skills"].combine_chunks()),
        "distributions": distributions(run),
        "audit": {"status": worst(findings), "findings": findings},
    }
    report["seconds"] = time.perf_counter() - started
    plain: dict[str, Any] = _plain(report)
    return plain


def distributions(run: Audited) -> dict[str, Histogram | None]:
    """θ before each predicted response and β of every skill, the model's and the reference's, in logits."""
    of_model = {"theta": run.predictions["theta"].to_numpy(), "beta": run.difficulty}
    of_reference = {"theta": run.predictions["reference_theta"].to_numpy(), "beta": run.reference_difficulty}
    return {
        name: histogram(of_model[name] if run.has_ability else [], of_reference[name]) for name in of_model
    }


def audit(run: Audited) -> list[Finding]:
    """Every check, in the order in which a reviewer would ask."""
    held_out = run.held_out
    return [
        *(future_labels(answer, held_out, protocol=name) for name, answer in run.answers.items()),
        reference_fit(run.reference_responses, run.sequences, fold=run.fold),
        student_overlap(run.sequences, fold=run.fold),
        duplicate_sequences(run.sequences, fold=run.fold),
        *_degenerate(run),
        *_against_baselines(run, held_out),
        *_monotone(run.predictions),
        *([ability_identity(run.metrics)] if run.has_ability else []),
    ]


def _degenerate(run: Audited) -> list[Finding]:
    shown = ("probability", "mastery")
    columns = {name: run.predictions[name].to_numpy() for name in (*shown, "theta")}
    return [
        numeric_predictions(columns if run.has_ability else {name: columns[name] for name in shown}),
        *(varied_predictions(name, columns[name]) for name in shown),
        *(unsaturated_predictions(name, columns[name]) for name in shown),
    ]


def _against_baselines(run: Audited, held_out: Sequences) -> list[Finding]:
    training, steps = run.training, _steps(run.predictions, held_out)
    own, reference = (_scores(run.predictions, name) for name in ("probability", "reference_mastery"))
    means = skill_means(training, held_out)[steps]
    useful = useful_reference(_gap(reference, means))
    regression = past_only(training, held_out)
    if regression is None:
        message = "The training students gave one kind of answer only: there is nothing to fit."
        return [Finding("past_only_baseline", "warn", None, 0.0, message), useful]
    gain = _gap(own, regression[steps])
    auc = own.part().auc
    return [beats_baseline(auc, auc - gain.value), plausible_auc(gain), useful]


def _gap(scores: Scores, baseline: NDArray[np.float64]) -> Interval:
    """AUC of the scores less that of the baseline's."""
    return auc_gap_of_students(Paired(scores.student, scores.response, baseline, scores.score))


def _monotone(said: pa.Table) -> list[Finding]:
    if "mastery_after" not in said.column_names:
        return []
    response, before, after = (said[name].to_numpy() for name in ("response", "mastery", "mastery_after"))
    return [mastery_after_right(response, before, after)]


def _steps(said: pa.Table, held_out: Sequences) -> NDArray[np.int64]:
    """Where each predicted response stands in the held-out students' flat arrays."""
    owner = pc.index_in(said["student_id"], value_set=held_out.student_ids).to_numpy()
    return np.asarray(held_out.offsets[owner] + said["position"].to_numpy())


def _scores(said: pa.Table, column: str) -> Scores:
    student = said["student_id"].combine_chunks().dictionary_encode().indices
    return Scores(
        student=student.to_numpy(zero_copy_only=False).astype(np.int64),
        position=said["position"].to_numpy().astype(np.int64),
        response=said["response"].to_numpy() > 0,
        score=said[column].to_numpy().astype(np.float64),
    )


def _plain(value: Any) -> Any:
    """JSON values alone; a part's figures join those that say which part it is."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        part = fields.pop("part", None)
        return _plain(fields) | (_plain(part) if part is not None else {})
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
