"""How two runs differ over one fold, as a file: a Parquet table with one row per resample, one column per
figure, and all that is not of a resample in its metadata.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ikt_model.comparison.bootstrap import Resampled
from ikt_model.comparison.paired import FIGURES, FoldDifferences
from ikt_model.comparison.statistics import RESAMPLES, AucGap

KEPT_VERSION = 3
"""Of the numbers and what is kept of them: another is due when equal predictions would give others."""
KEPT_NAME = f"v{KEPT_VERSION}-{RESAMPLES}"
_KEY = b"ikt"


class KeptBroken(ValueError):
    """The file is not one of these, or not a whole one."""


def write_kept(found: FoldDifferences, path: Path) -> None:
    """Keep what was found."""
    resampled = found.resampled
    about = {
        "values": resampled.values.tolist(),
        "n_students": resampled.n_students,
        "delong": {name: asdict(gap) for name, gap in found.delong.items()},
    }
    columns = dict(zip(FIGURES, resampled.replicates.T, strict=True))
    table = pa.table({name: np.ascontiguousarray(column) for name, column in columns.items()})
    # Figures that do not exist are NaN, which Python's JSON writes and reads.
    pq.write_table(table.replace_schema_metadata({_KEY: json.dumps(about)}), path, compression="zstd")


def read_kept(path: Path) -> FoldDifferences:
    """What was found. Raises KeptBroken, FileNotFoundError."""
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[_KEY])
        replicates = np.column_stack([table[name].to_numpy() for name in FIGURES])
        delong = {name: AucGap(**gap) for name, gap in about["delong"].items()}
        resampled = Resampled(np.array(about["values"]), replicates, int(about["n_students"]))
        return FoldDifferences(resampled, delong)
    except (pa.ArrowException, KeyError, TypeError) as error:
        raise KeptBroken(f"{path.name} can't be read: {error}") from error
