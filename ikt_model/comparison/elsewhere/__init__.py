"""Figures from elsewhere, as JSON: what `ikt audit` reads. The format is in docs/comparisons.md.

Numbers are read as decimals, for 0.30 says more than 0.3 does.
"""

from ikt_model.comparison.elsewhere.reading import FiguresFile, Told, read_figures_file
from ikt_model.comparison.elsewhere.refusals import FiguresRefused

__all__ = ["FiguresFile", "FiguresRefused", "Told", "read_figures_file"]
