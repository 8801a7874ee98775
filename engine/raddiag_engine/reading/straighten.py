"""A tilted stack made straight: slices are moved within their planes until they lie square above one another.

The slices stay the acquired ones and keep their distances; nothing is interpolated between them. This is what the
network and a viewer without shear can use; the original stays beside it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading import affine as geometry
from raddiag_engine.reading.limits import check_size
from raddiag_engine.reading.shared_memory import zeros

# Beyond this the slices lie beside one another rather than above.
STEEPEST_DEGREES = 45.0
# A voxel counts as measured where at least half of what it is made of is.
LEAST_WEIGHT = 0.5


def straightened(scan: Scan) -> Scan | None:
    """A copy of a tilted grey volume on a right-angled grid that holds all of it.

    Voxels are interpolated linearly within their slice; what no slice covers becomes padding: the scan's own padding
    value, else a value below all others.

    Returns:
        The copy, without id, or None if the volume is not tilted, is in colour, too steep or too large.
    """
    if scan.kind != "volume" or scan.affine is None or scan.colour is not None:
        return None
    tilt = geometry.tilt_degrees(scan.affine)
    if not geometry.SHEAR_DEGREES < tilt <= STEEPEST_DEGREES:
        return None
    step, row, column, origin = scan.affine[:3].T
    places = np.array(scan.slice_places or range(len(scan.voxels)), dtype=np.float64)
    per_slice = (step @ row / (row @ row), step @ column / (column @ column))
    shifts = [places * rate for rate in per_slice]
    first = [int(np.floor(np.round(shift.min(), 6))) for shift in shifts]
    more = [int(np.ceil(np.round(shift.max(), 6))) - start for shift, start in zip(shifts, first, strict=True)]
    shape = (len(scan.voxels), scan.voxels.shape[1] + more[0], scan.voxels.shape[2] + more[1])
    try:
        check_size(Path(), shape, scan.voxels.dtype.itemsize)
    except ReadError:
        return None
    fill, padding = _filling(scan)
    voxels = zeros(shape, scan.voxels.dtype)
    for index in range(len(voxels)):
        moved = [float(shift[index]) - start for shift, start in zip(shifts, first, strict=True)]
        voxels[index] = _moved(scan.voxels[index], moved, shape[1:], scan.padding, fill)
    affine = scan.affine.copy()
    affine[:3, 0] = step - per_slice[0] * row - per_slice[1] * column
    affine[:3, 3] = origin + first[0] * row + first[1] * column
    message = f"a copy: each slice is moved in its plane to undo {tilt:.1f} degrees of tilt; the original is kept"
    copy = replace(scan, voxels=voxels, affine=affine, spacing_mm=geometry.spacing_mm(affine), padding=padding)
    return copy.warned(WarningCode.GEOMETRY_RESAMPLED, message)


def _filling(scan: Scan) -> tuple[float, tuple[float, float] | None]:
    """The value for voxels that no slice covers, and the padding range of the copy."""
    if scan.padding is not None and _fits(scan.padding[0], scan.voxels.dtype):
        return scan.padding[0], scan.padding
    finite = (part[np.isfinite(part)] for part in scan.voxels)
    lowest = min((float(part.min()) for part in finite if part.size), default=0.0)
    if _fits(lowest - 1, scan.voxels.dtype):
        return lowest - 1, (lowest - 1, lowest - 1)
    return lowest, None


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return bool(limits.min <= value <= limits.max)


def _moved(
    slice_HW: NDArray[Any],
    shift: list[float],
    shape: tuple[int, ...],
    padding: tuple[float, float] | None,
    fill: float,
) -> NDArray[Any]:
    """One slice moved by (rows, columns) of a pixel, both not negative, on a larger canvas."""
    weight = np.ones(slice_HW.shape, np.float32)
    if padding is not None:
        weight[(slice_HW >= padding[0]) & (slice_HW <= padding[1])] = 0.0
    # Double precision where single cannot hold every stored value.
    exact = np.float32 if np.can_cast(slice_HW.dtype, np.float32) else np.float64
    values: NDArray[Any] = slice_HW.astype(exact)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        weight[~np.isfinite(values)] = 0.0
        values[~np.isfinite(values)] = 0.0
    values *= weight
    for axis in (0, 1):
        values, weight = (_moved_along(part, axis, shift[axis], shape[axis]) for part in (values, weight))
    measured = weight >= LEAST_WEIGHT
    np.divide(values, weight, out=values, where=measured)
    values[~measured] = fill
    return np.rint(values).astype(slice_HW.dtype) if slice_HW.dtype.kind in "iu" else values.astype(slice_HW.dtype)


def _moved_along(part_HW: NDArray[Any], axis: int, shift: float, length: int) -> NDArray[Any]:
    """Linear interpolation of a shift along one axis."""
    whole = int(np.floor(shift))
    share = shift - whole
    if share > 1 - 1e-6:
        whole, share = whole + 1, 0.0
    shape = list(part_HW.shape)
    shape[axis] = length
    canvas = np.zeros(shape, part_HW.dtype)
    lanes = np.moveaxis(canvas, axis, 0)
    source = np.moveaxis(part_HW, axis, 0)
    if share < 1e-6:
        lanes[whole : whole + len(source)] = source
        return canvas
    lanes[whole : whole + len(source)] += source * part_HW.dtype.type(1 - share)
    lanes[whole + 1 : whole + 1 + len(source)] += source * part_HW.dtype.type(share)
    return canvas
