"""Two or more finished experiments side by side, as data.

`tables.py` says which figures stand in which section and what is good; `compare.py` fills them in.
`statistics.py` and `paired.py` say how surely two runs differ. `report.py` is about one run: its calibration
(`calibration.py`), its AUC by parts (`breakdown.py`), its audit (`findings.py`, `splits.py`, `baseline.py`).
"""

from ikt_model.comparison.compare import (
    Comparison,
    PairedFigures,
    Row,
    RunSummary,
    Section,
    Setting,
    Value,
    compare,
)

__all__ = [
    "Comparison",
    "PairedFigures",
    "Row",
    "RunSummary",
    "Section",
    "Setting",
    "Value",
    "compare",
]
