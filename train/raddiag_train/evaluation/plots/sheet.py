"""A sheet to draw on, and how it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from raddiag_engine.atomic import atomic_path

DPI = 150
PANEL_WIDTH_IN, PANEL_HEIGHT_IN = 5.0, 4.2
# Told apart by people who do not see red and green (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")


@contextmanager
def sheet(path: Path, panels: int, columns: int = 3, height_in: float = PANEL_HEIGHT_IN) -> Iterator[list[Any]]:
    """Axes for so many panels, in rows; saved as PNG, whole or not at all, when the block ends well."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(columns, panels)
    rows = -(-panels // columns)
    figure = Figure(figsize=(PANEL_WIDTH_IN * columns, height_in * rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for unused in axes[panels:]:
        unused.set_visible(False)
    yield axes[:panels]
    with atomic_path(path) as unfinished:
        figure.savefig(unfinished, dpi=DPI, format="png")
