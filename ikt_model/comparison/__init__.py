"""Two or more finished experiments side by side, as data.

`tables.py` says which figures stand in which section and what is good, `rows.py` fills them in, `scale.py`
and `curves.py` say the rest, and `compare.py` puts it all together. `paired.py` says how surely two runs
differ, by `bootstrap.py` and `statistics.py`; `kept.py` writes that down. `report.py` is about one run: its
calibration (`calibration.py`), its AUC by parts (`breakdown.py`), its audit (`findings.py`, `splits.py`,
`baseline.py`).
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
