"""Run a network over held-out windows and gather what it and its reference say."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from ikt_model.data.batches import Batch, WindowedSteps, Windows, batch_rows
from ikt_model.data.sequences import Sequences
from ikt_model.losses import ability_target
from ikt_model.metrics import HeldOut
from ikt_model.settings import LossSettings
from ikt_model.tracer import Tracer

EVALUATION_TOKENS = {"cpu": 16_384, "cuda": 24_576}  # in a batch: a GPU is not filled by less
ASKED_COLUMNS = (
    "response",
    "logit",
    "mastery_logit",
    "mastery_after_logit",
    "mastery_reference_logit",
    "theta_asked",
    "theta_reference_asked",
    "beta_asked",
    "beta_reference_asked",
)


class NothingToEvaluate(ValueError):
    """No held-out history is long enough to ask anything."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """One row per asked step of a batch, and one per valid step, on its device."""

    asked: Tensor  # [n, 9] in the order of ASKED_COLUMNS
    steps: Tensor  # [n]
    valid: Tensor  # [t, 3]: θ, θ^ref, target
    rows: Tensor  # [t] row of the window


def predict(
    network: Tracer,
    data: WindowedSteps,
    windows: Windows,
    *,
    loss: LossSettings,
    difficulty_reference: NDArray[np.float64],
) -> HeldOut:
    """Everything that the metrics need, for these windows. Raises NothingToEvaluate."""
    if len(windows.starts) == 0:
        raise NothingToEvaluate(
            "no held-out history has at least 3 responses; choose another fold or add data"
        )
    device = data.device
    beta_reference = data.sets.mean(
        torch.as_tensor(difficulty_reference, dtype=torch.float32, device=device)[:, None]
    )
    network.eval()
    parts = []
    with torch.inference_mode():
        for rows in batch_rows(windows.lengths, batch_tokens=EVALUATION_TOKENS[torch.device(device).type]):
            batch = data.gather(windows, rows)
            parts.append(_columns(network, batch, rows, beta_reference.squeeze(-1), loss))
    asked = torch.cat([part.asked for part in parts]).cpu().numpy()
    valid = torch.cat([part.valid for part in parts]).cpu().numpy()
    step = torch.cat([part.steps for part in parts]).cpu().numpy()
    order = np.argsort(step)
    columns = dict(zip(ASKED_COLUMNS, asked[order].T, strict=True))
    return HeldOut(
        step=step[order],
        position=data.position[step[order]],
        **columns,
        theta=valid[:, 0],
        theta_reference=valid[:, 1],
        theta_target=valid[:, 2],
        window=torch.cat([part.rows for part in parts]).cpu().numpy(),
        theta_static=data.theta_static.cpu().numpy()[windows.students],
        difficulty=network.difficulty.detach().cpu().numpy().astype(np.float64),
        difficulty_reference=difficulty_reference,
    )


def _columns(
    network: Tracer, batch: Batch, rows: NDArray[np.int64], beta_reference: Tensor, loss: LossSettings
) -> _Columns:
    output = network(batch)
    at = batch.asked
    # A step that is asked about is the next one of its window, where what follows its response stands.
    after = torch.roll(output.mastery_after_logit, -1, dims=1)
    asked = {
        "response": batch.next_responses,
        "logit": output.logit,
        "mastery_logit": output.mastery_logit,
        "mastery_after_logit": after,
        "mastery_reference_logit": batch.mastery_reference,
        "theta_asked": output.theta,
        "theta_reference_asked": batch.theta_reference,
        "beta_asked": output.beta,
        "beta_reference_asked": beta_reference[batch.next_skill_sets],
    }
    valid = [
        values[batch.valid] for values in (output.theta, batch.theta_reference, ability_target(batch, loss))
    ]
    owners = torch.as_tensor(rows, device=at.device)[:, None].expand(batch.valid.shape)
    return _Columns(
        asked=torch.stack([asked[name][at] for name in ASKED_COLUMNS], dim=1),
        steps=batch.steps[at] + 1,
        valid=torch.stack(valid, dim=1),
        rows=owners[batch.valid],
    )


def predictions_table(seen: HeldOut, sequences: Sequences) -> pa.Table:
    """One row per predicted response; every column but `response` and `mastery_after` is known before the
    student answers."""
    students = sequences.student_of_step()[seen.step]
    sets = sequences.skill_sets[seen.step]
    members = pa.ListArray.from_arrays(
        pa.array(sequences.vocabulary.set_offsets, pa.int32()),
        pa.DictionaryArray.from_arrays(
            pa.array(sequences.vocabulary.set_members, pa.int32()),
            pa.array(sequences.vocabulary.names, pa.string()),
        ).cast(pa.string()),
    )
    return pa.table(
        {
            "student_id": sequences.student_ids.take(pa.array(students)),
            "position": pa.array(seen.step - sequences.offsets[students], pa.int32()),
            "skills": members.take(pa.array(sets)),
            "response": pa.array(seen.response, pa.int8()),
            "probability": pa.array(seen.probability, pa.float32()),
            "mastery": pa.array(seen.mastery, pa.float32()),
            "mastery_after": pa.array(seen.mastery_after, pa.float32()),
            "theta": pa.array(seen.theta_asked, pa.float32()),
            "difficulty": pa.array(seen.beta_asked, pa.float32()),
            "reference_mastery": pa.array(seen.mastery_reference, pa.float32()),
            "reference_theta": pa.array(seen.theta_reference_asked, pa.float32()),
        }
    )
