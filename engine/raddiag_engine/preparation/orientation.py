"""Flips and transposes that turn acquired slices to the radiological display, and back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Plane, Scan

Value = TypeVar("Value", bound=np.generic)

# By the patient axis (0 right, 1 anterior, 2 superior) that the slices follow one another along: the patient axis and
# the sense in which prepared slice, row and column run. Axial: from below, front on top, patient right on image left.
# Coronal: from the front, head on top, right on left. Sagittal: from the right, head on top, front on left.
_DISPLAY_AXES = {
    2: ((2, +1), (1, -1), (0, -1)),
    1: ((1, -1), (2, -1), (0, -1)),
    0: ((0, -1), (2, -1), (1, -1)),
}


@dataclass(frozen=True)
class DisplayOrientation:
    """How stored (slice, row, column) arrays are turned to the display; the slice axis stays the slice axis.

    Attributes:
        transposed: Rows and columns are exchanged first.
        flipped: Then the slice, row and column axes are reversed where True.
    """

    transposed: bool = False
    flipped: tuple[bool, bool, bool] = (False, False, False)

    def apply(self, voxels_DHW: NDArray[Value]) -> NDArray[Value]:
        """A view in display orientation of an array in stored order."""
        turned = voxels_DHW.swapaxes(1, 2) if self.transposed else voxels_DHW
        return turned[self._steps]

    def undo(self, voxels_DHW: NDArray[Value]) -> NDArray[Value]:
        """A view in stored order of an array in display orientation."""
        unflipped = voxels_DHW[self._steps]
        return unflipped.swapaxes(1, 2) if self.transposed else unflipped

    @property
    def _steps(self) -> tuple[slice, ...]:
        return tuple(slice(None, None, -1 if flip else None) for flip in self.flipped)


def display_orientation(scan: Scan) -> DisplayOrientation:
    """The orientation for a scan, from its affine; as stored where that is unknown, singular or means nothing.

    A projection (frontal or lateral) is left as stored, for its file holds it as it is to be shown. The frames of a
    cine loop are times and keep their order.
    """
    if scan.affine is None or scan.plane in (Plane.FRONTAL, Plane.LATERAL):
        return DisplayOrientation()
    directions = scan.affine[:3, :3]
    if not np.isfinite(directions).all() or np.linalg.matrix_rank(directions) < 3:
        return DisplayOrientation()
    patient_axes, senses = _nearest_patient_axes(directions)
    slice_axis, row_axis, column_axis = _DISPLAY_AXES[patient_axes[0]]
    transposed = patient_axes[1] != row_axis[0]
    array_axes = (0, 2, 1) if transposed else (0, 1, 2)
    wanted = (slice_axis, row_axis, column_axis)
    flips = [senses[array_axis] != sense for array_axis, (_, sense) in zip(array_axes, wanted, strict=True)]
    return DisplayOrientation(transposed, (flips[0] and scan.kind == "volume", flips[1], flips[2]))


def _nearest_patient_axes(directions: NDArray[np.float64]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """For each array axis the patient axis it is nearest to, each used once, and the sense (+1, -1) it runs in."""
    cosines = directions / np.linalg.norm(directions, axis=0)
    best = max(permutations(range(3)), key=lambda axes: sum(abs(cosines[axes[i], i]) for i in range(3)))
    return best, tuple(1 if cosines[best[i], i] > 0 else -1 for i in range(3))
