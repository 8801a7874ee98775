"""What is said of the voxel under the mouse: value, place in the patient, slice. Knows no canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.display.display_grid import DisplayGrid
from raddiag_engine.cases import Scan


def cursor_text(scan: Scan, grid: DisplayGrid, stored_index: Sequence[int], through_axis: int | None) -> str:
    """One line, such as "42 HU    L 12.3  P 45.0  H 103.2 mm (LPS)    slice 12 of 40".

    Args:
        scan: The scan under the mouse.
        grid: Its display grid.
        stored_index: A voxel of it.
        through_axis: Display axis that the view steps along; None for an image.
    """
    index = tuple(int(i) for i in stored_index)
    parts = [_value(scan, index), place_text(grid.ras_mm(index)) or _row_and_column(index)]
    if through_axis is not None:
        parts.append(slice_text(grid, index, through_axis))
    return "    ".join(parts)


def slice_text(grid: DisplayGrid, stored_index: Sequence[float], through_axis: int) -> str:
    """ "slice 12 of 40", counted from 1 in the order of the file, as warnings and saliency count them."""
    stored_axis = grid.order[through_axis]
    number = round(float(stored_index[stored_axis])) + 1
    word = ("frame" if grid.kind == "cine" else "slice") if stored_axis == 0 else ("row", "column")[stored_axis - 1]
    return f"{word} {number} of {grid.shape[through_axis]}"


def place_text(ras_mm: NDArray[np.float64] | None) -> str:
    """A place in words of the patient, DICOM's axes first to last; empty if it is unknown."""
    if ras_mm is None:
        return ""
    x, y, z = (float(value) for value in ras_mm)
    parts = (_along(x, "R", "L"), _along(y, "A", "P"), _along(z, "H", "F"))
    return "  ".join(parts) + " mm (LPS)"


def _along(value_mm: float, positive: str, negative: str) -> str:
    return f"{positive if value_mm > 0 else negative} {abs(value_mm):.1f}"


def _row_and_column(index: tuple[int, ...]) -> str:
    return f"row {index[-2] + 1}, column {index[-1] + 1}"


def _value(scan: Scan, index: tuple[int, ...]) -> str:
    if scan.colour is not None:
        red, green, blue = (int(value) for value in scan.colour[index])
        return f"RGB {red}, {green}, {blue}"
    value = float(scan.voxels[index])
    unit = scan.units if scan.units not in ("stored", "8-bit", "") else ""
    if scan.padding is not None and scan.padding[0] <= value <= scan.padding[1]:
        return "no data"
    return f"{value:g} {unit}".strip()
