"""Run a network over held-out windows and gather what it and its reference say."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from ikt_model.config import LossSettings
from ikt_model.data.batches import Batch, WindowedSteps, Windows, batch_rows
from ikt_model.data.sequences import Sequences
from ikt_model.losses import ability_target
from ikt_model.metrics import HeldOut
from ikt_model.network import IktNetwork

EVALUATION_TOKENS = 16_384


class NothingToEvaluate(ValueError):
    """No held-out history is long enough to ask anything."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """One row per asked step of a batch, and one per valid step, on the CPU."""

    asked: Tensor  # [n, 6]: next response, logit, θ, β, θ^ref, β^ref
    steps: Tensor  # [n]
    valid: Tensor  # [t, 3]: θ, θ^ref, target
    rows: Tensor  # [t] row of the window


def predict(
    network: IktNetwork,
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
        for rows in batch_rows(windows.lengths, batch_tokens=EVALUATION_TOKENS):
            batch = data.gather(windows, rows)
            parts.append(_columns(network, batch, rows, beta_reference.squeeze(-1), loss))
    asked = torch.cat([part.asked for part in parts]).numpy()
    valid = torch.cat([part.valid for part in parts]).numpy()
    step = torch.cat([part.steps for part in parts]).numpy()
    order = np.argsort(step)
    response, logit, theta_asked, beta_asked, theta_reference_asked, beta_reference_asked = asked[order].T
    return HeldOut(
        step=step[order],
        position=data.position[step[order]],
        response=response,
        logit=logit,
        theta_asked=theta_asked,
        beta_asked=beta_asked,
        theta_reference_asked=theta_reference_asked,
        beta_reference_asked=beta_reference_asked,
        theta=valid[:, 0],
        theta_reference=valid[:, 1],
        theta_target=valid[:, 2],
        window=torch.cat([part.rows for part in parts]).numpy(),
        theta_static=data.theta_static.cpu().numpy()[windows.students],
        difficulty=network.difficulty.detach().cpu().numpy().astype(np.float64),
        difficulty_reference=difficulty_reference,
    )


def _columns(
    network: IktNetwork, batch: Batch, rows: NDArray[np.int64], beta_reference: Tensor, loss: LossSettings
) -> _Columns:
    output = network(batch)
    at = batch.asked
    asked = [
        batch.next_responses[at],
        output.logit[at],
        output.theta[at],
        output.beta[at],
        batch.theta_reference[at],
        beta_reference[batch.next_skill_sets[at]],
    ]
    valid = [
        values[batch.valid] for values in (output.theta, batch.theta_reference, ability_target(batch, loss))
    ]
    owner = torch.as_tensor(rows)[:, None].expand(batch.valid.shape)[batch.valid.cpu()]
    return _Columns(
        asked=torch.stack(asked, dim=1).cpu(),
        steps=(batch.steps[at] + 1).cpu(),
        valid=torch.stack(valid, dim=1).cpu(),
        rows=owner,
    )


def predictions_table(seen: HeldOut, sequences: Sequences) -> pa.Table:
    """One row per predicted response; every column but `response` is known before the student answers."""
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
            "theta": pa.array(seen.theta_asked, pa.float32()),
            "difficulty": pa.array(seen.beta_asked, pa.float32()),
            "reference_mastery": pa.array(seen.mastery_reference, pa.float32()),
            "reference_theta": pa.array(seen.theta_reference_asked, pa.float32()),
        }
    )
