"""A student's steps as a table, whatever is then written of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from api.services.intervals import ability_band
from db.models import Interaction

if TYPE_CHECKING:
    from api.inference import Trajectory

TIME = pa.timestamp("us", "UTC")


def tabulate_steps(history: Sequence[Interaction], trajectory: "Trajectory") -> pa.RecordBatch:
    """One row per response, in order; null where the model knows none of its skills."""
    known = trajectory.known

    def place(values: NDArray[np.float32]) -> NDArray[np.float64]:
        placed = np.full(len(known), np.nan)
        placed[known] = values
        return placed

    theta, sd = place(trajectory.theta), place(trajectory.theta_reference_sd)
    low, high = ability_band(theta, sd)
    numbers = {
        "theta": theta,
        "theta_low": low,
        "theta_high": high,
        "theta_reference": place(trajectory.theta_reference),
        "theta_reference_sd": sd,
        "probability": place(trajectory.probability),
        "mastery": place(trajectory.mastery),
    }
    columns = {
        "position": pa.array(np.arange(len(history), dtype=np.int32)),
        "event_id": pa.array([row.event_id for row in history], pa.string()),
        "timestamp": pa.array([row.occurred_at for row in history], TIME),
        "skills": pa.array([row.skills for row in history], pa.list_(pa.string())),
        "correct": pa.array([row.correct for row in history], pa.bool_()),
        "known": pa.array(known),
        **{name: pa.array(values, from_pandas=True) for name, values in numbers.items()},  # NaN is null
    }
    return pa.RecordBatch.from_pydict(columns)


def present_steps(steps: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows, for `write_json`."""
    naive = steps.schema.get_field_index("timestamp")
    times = steps.column(naive).cast(pa.timestamp("us"))
    rows: list[dict[str, Any]] = steps.set_column(naive, "timestamp", times).to_pylist()
    return rows
