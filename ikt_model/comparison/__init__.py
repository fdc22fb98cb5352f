"""Two or more finished experiments side by side, as data.

`tables.py` says which figures stand in which section and what is good; `compare.py` fills them in.
"""

from ikt_model.comparison.compare import Comparison, Row, RunSummary, Section, Setting, Value, compare

__all__ = ["Comparison", "Row", "RunSummary", "Section", "Setting", "Value", "compare"]
