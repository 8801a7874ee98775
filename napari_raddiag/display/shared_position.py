"""Where the reader is: one place for all scans of a frame of reference, one for each scan of its own. No canvas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_raddiag.display.display_grid import DisplayGrid
from raddiag_engine.cases import Scan

# An image shows a place only if it lies within this of the image's plane.
IMAGE_REACH_MM = 3.0


class SharedPosition:
    """The current voxel of every scan; scans of one frame of reference share a place in the patient, others nothing."""

    def __init__(self) -> None:
        self._ras_mm: dict[str, NDArray[np.float64]] = {}
        self._index: dict[str, tuple[float, ...]] = {}

    def set(self, scan: Scan, grid: DisplayGrid, stored_index: Sequence[float]) -> None:
        """Go to a voxel of a scan, and in all scans that share its space to the same place."""
        ras_mm = grid.ras_mm(stored_index) if is_linked(scan, grid) else None
        if ras_mm is None:
            self._index[scan.id] = tuple(float(i) for i in stored_index)
        else:
            self._ras_mm[scan.frame_of_reference] = ras_mm

    def index(self, scan: Scan, grid: DisplayGrid) -> NDArray[np.float64]:
        """Stored index of the current place, between voxels and perhaps outside; at first the middle of the scan."""
        if is_linked(scan, grid):
            if scan.frame_of_reference not in self._ras_mm:
                self.set(scan, grid, _start(grid))
            index = grid.stored_of_ras(self._ras_mm[scan.frame_of_reference])
            if index is not None:
                return index
        return np.array(self._index.setdefault(scan.id, _start(grid)))

    def is_in(self, scan: Scan, grid: DisplayGrid) -> bool:
        """True if the scan, not merely its space, holds the current place: a gap between its slices does not."""
        index = self.index(scan, grid)
        if not grid.inside(index) or grid.in_gap(index):
            return False
        if grid.ndim == 2 and is_linked(scan, grid):
            shown = grid.ras_mm(index)
            distance = np.linalg.norm(np.asarray(shown) - self._ras_mm[scan.frame_of_reference])
            return bool(distance <= IMAGE_REACH_MM)
        return True

    def clear(self) -> None:
        """Forget all places."""
        self._ras_mm.clear()
        self._index.clear()


def is_linked(scan: Scan, grid: DisplayGrid) -> bool:
    """True if the scan lies in a space that others may lie in too."""
    return grid.affine is not None and grid.kind != "cine" and bool(scan.frame_of_reference)


def frame_key(scan: Scan, grid: DisplayGrid) -> str:
    """Equal for two scans exactly if they share a place."""
    return f"frame {scan.frame_of_reference}" if is_linked(scan, grid) else f"scan {scan.id}"


def _start(grid: DisplayGrid) -> tuple[float, ...]:
    """The middle voxel; of a loop the first frame."""
    stored_shape = np.empty(grid.ndim)
    stored_shape[list(grid.order)] = grid.shape
    middle = (stored_shape - 1) // 2
    if grid.kind == "cine":
        middle[0] = 0
    return tuple(float(i) for i in middle)
