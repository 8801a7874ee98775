"""Lengths in a scan, and why a scan or a direction must not be measured. Knows no canvas."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_raddiag.display.display_grid import DisplayGrid
from raddiag_engine.cases import Scan, WarningCode

HALF_A_PIXEL = 0.5
ACROSS_SLICES = {
    WarningCode.GEOMETRY_GAP: "slices are missing",
    WarningCode.GEOMETRY_IRREGULAR_SPACING: "the slices are not evenly spaced",
    WarningCode.GEOMETRY_DUPLICATE: "slices are there twice",
}


def why_not_measurable(scan: Scan, grid: DisplayGrid, *, across_slices: bool) -> str | None:
    """One line on why a length here could be wrong; None if it can be trusted.

    Args:
        scan: The scan.
        grid: Its display grid.
        across_slices: True if the plane in view cuts through the acquired slices, so that a line may cross them.
    """
    if grid.units != "mm":
        return "not measured: the file does not say how large a pixel is"
    for warning in scan.warnings:
        if warning.code is WarningCode.GEOMETRY_UNKNOWN:
            return f"not measured: {warning.message}"
        if across_slices and warning.code in ACROSS_SLICES:
            return f"not measured across slices: {ACROSS_SLICES[warning.code]}"
    return None


def why_not_between(scan: Scan, stored_start: ArrayLike, stored_end: ArrayLike) -> str | None:
    """One line on why a length between two stored indices could be wrong, though the scan is measurable elsewhere.

    A picture that is calibrated in a part of it, as in ultrasound, has lengths where both ends lie on pixels of that
    part; the line between them then does too.
    """
    if scan.calibrated_region is None:
        return None
    top, bottom, left, right = scan.calibrated_region
    for index in (stored_start, stored_end):
        row, column = np.asarray(index, dtype=np.float64)[-2:]
        on_rows = top - HALF_A_PIXEL <= row <= bottom + HALF_A_PIXEL
        if not (on_rows and left - HALF_A_PIXEL <= column <= right + HALF_A_PIXEL):
            where = f"rows {top + 1} to {bottom + 1}, columns {left + 1} to {right + 1}"
            return f"not measured: the size of a pixel is known only inside the calibrated region ({where})"
    return None


def length_mm(grid: DisplayGrid, stored_start: ArrayLike, stored_end: ArrayLike) -> float:
    """Distance in millimetres between two stored indices, through the affine where there is one.

    Raises:
        ValueError: The grid is not in millimetres.
    """
    if grid.units != "mm":
        raise ValueError("a grid in pixels has no lengths")
    start, end = grid.ras_mm(stored_start), grid.ras_mm(stored_end)
    if start is not None and end is not None:
        return float(np.linalg.norm(end - start))
    moved = (grid.to_display(stored_end) - grid.to_display(stored_start)) * grid.scale
    return float(np.linalg.norm(moved[-2:] if grid.kind == "cine" else moved))
