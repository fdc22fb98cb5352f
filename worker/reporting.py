"""The report of a finished experiment: measured and audited where it was trained.

Importing this imports PyTorch.
"""

import json
import logging
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from ikt_model.comparison.report import Audited, build_report
from ikt_model.data.sequences import Sequences
from ikt_model.inference import Predictor, Protocol
from ikt_model.training import TrainingResult
from worker.jobs import TrainingJob
from worker.logs import event

logger = logging.getLogger(__name__)

FILE = "report.json"


def write_report(
    job: TrainingJob, result: TrainingResult, sequences: Sequences, predictor: Predictor
) -> Path | None:
    """The report as a file of the job's folder; None when it could not be made, which ends no experiment.

    `sequences` are those that the experiment was trained and measured on.
    """
    try:
        report = _report(job, result, sequences, predictor)
    except Exception:
        # Hours of training are not thrown away because a figure about them could not be made.
        logger.exception(event("report_failed", experiment_id=job.id))
        return None
    audit = report["audit"]
    raised = [finding["check"] for finding in audit["findings"] if finding["status"] != "pass"]
    log = logger.info if audit["status"] == "pass" else logger.warning
    log(event("experiment_audited", experiment_id=job.id, status=audit["status"], raised=",".join(raised)))
    path = job.folder / FILE
    path.write_text(json.dumps(report, allow_nan=False), "utf-8")
    return path


def _report(
    job: TrainingJob, result: TrainingResult, sequences: Sequences, predictor: Predictor
) -> dict[str, Any]:
    run = Audited(
        predictions=pq.read_table(result.predictions_path),
        sequences=sequences,
        fold=job.experiment.fold,
        window=predictor.config.model.window,
        metrics=result.metrics,
        reference_responses=predictor.n_responses_per_skill,
        answers={protocol: partial(_answer, predictor, protocol=protocol) for protocol in get_args(Protocol)},
        difficulty=predictor.difficulty,
        reference_difficulty=predictor.difficulty_reference,
        has_ability=predictor.has_ability,
    )
    return build_report(run)


def _answer(predictor: Predictor, sequences: Sequences, *, protocol: Protocol) -> pa.Table:
    return predictor.evaluate(sequences, protocol=protocol).predictions
