"""The geometry of a stack of slices, from their positions alone (PS3.3 C.7.6.2.1.1).

SliceThickness and SpacingBetweenSlices are never asked: they are often wrong, and hide a missing slice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import ScanWarning, WarningCode
from raddiag_engine.reading.affine import Affine, affine_from_lps

IRREGULAR_SHARE = 0.02
# Positions are often written with two decimals.
IRREGULAR_MM = 0.015
GAP_SPACINGS = 1.5
SAME_PLACE_MM = 0.01
DRIFT_MM = 0.5
FAILED_DRIFT_MM = 5.0
# Positions are to come back to a hundredth of a millimetre.
PLACE_MM = 0.005

Positions = NDArray[np.float64]


def distances_along_normal(positions_mm: Positions, orientation: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) distance of (N, 3) LPS+ positions along the normal of the (2, 3) row and column directions."""
    return np.asarray(positions_mm @ np.cross(orientation[0], orientation[1]))


def typical_spacing(steps_mm: NDArray[np.float64]) -> float:
    """The lower median of the steps, so that a few gaps do not stretch it."""
    return float(np.quantile(steps_mm, 0.5, method="lower"))


def regular_spacing(positions_mm: Positions, orientation: NDArray[np.float64]) -> float:
    """The mean of the steps along the normal that are no gaps, of sorted positions."""
    steps = np.diff(distances_along_normal(positions_mm, orientation))
    return float(steps[steps < GAP_SPACINGS * typical_spacing(steps)].mean())


def slice_places(positions_mm: Positions, orientation: NDArray[np.float64]) -> tuple[float, ...] | None:
    """Where sorted slices lie along the slice axis of their affine, as array indices; None if at 0, 1, 2 and so on."""
    if len(positions_mm) < 3:
        return None
    distances = distances_along_normal(positions_mm, orientation)
    spacing = regular_spacing(positions_mm, orientation)
    places = (distances - distances[0]) / spacing
    off_mm = np.abs(places - np.arange(len(places))).max() * spacing
    return tuple(float(place) for place in places) if off_mm > PLACE_MM else None


def stack_affine(
    positions_mm: Positions, orientation: NDArray[np.float64], spacing_mm: tuple[float, float], thickness_mm: float
) -> Affine:
    """The affine of slices sorted along their normal.

    Args:
        positions_mm: (N, 3) LPS+ centres of the first voxel of each slice.
        orientation: (2, 3) LPS+ unit vectors along a row and down a column.
        spacing_mm: Between rows, between columns.
        thickness_mm: Step to take for a single slice.
    """
    normal = np.cross(orientation[0], orientation[1])
    step = normal * thickness_mm
    if len(positions_mm) > 1:
        along = positions_mm[-1] - positions_mm[0]
        # A typical step in the true direction: tilt is kept, a gap is not spread over the other slices.
        step = along * (regular_spacing(positions_mm, orientation) / (along @ normal))
    return affine_from_lps(positions_mm[0], step, orientation[1] * spacing_mm[0], orientation[0] * spacing_mm[1])


def spacing_warnings(positions_mm: Positions, orientation: NDArray[np.float64]) -> list[ScanWarning]:
    """What is wrong with the distances between sorted slices: gaps, irregular steps, slices beside the line."""
    if len(positions_mm) < 3:
        return []
    steps = np.diff(distances_along_normal(positions_mm, orientation))
    spacing = typical_spacing(steps)
    warnings = []
    gaps = np.flatnonzero(steps >= GAP_SPACINGS * spacing)
    if len(gaps):
        missing = [round(steps[i] / spacing) - 1 for i in gaps]
        places = listed([f"{m} between {i + 1} and {i + 2}" for i, m in zip(gaps, missing, strict=True)])
        message = f"{sum(missing)} slices are missing at {spacing:.2f} mm spacing: {places} (slices counted from 1)"
        message = message.replace("1 slices are", "1 slice is") if sum(missing) == 1 else message
        warnings.append(ScanWarning(WarningCode.GEOMETRY_GAP, message, tuple(int(i) for i in gaps)))
    off = np.abs(steps - spacing)
    uneven = np.flatnonzero((off > max(IRREGULAR_SHARE * spacing, IRREGULAR_MM)) & (steps < GAP_SPACINGS * spacing))
    if len(uneven):
        places = listed([f"{steps[i]:.2f} mm after slice {i + 1}" for i in uneven])
        message = f"slices are {spacing:.2f} mm apart, but {places}"
        warnings.append(ScanWarning(WarningCode.GEOMETRY_IRREGULAR_SPACING, message, tuple(int(i) for i in uneven)))
    warnings.extend(_drift(positions_mm))
    return warnings


def stack_failure(positions_mm: Positions) -> str | None:
    """Why sorted slices are no stack at all, so that no affine can place them; None if they are one."""
    beside_mm = float(_beside_the_line_mm(positions_mm).max()) if len(positions_mm) > 2 else 0.0
    if beside_mm > FAILED_DRIFT_MM:
        return f"its slices lie up to {beside_mm:.1f} mm beside one another, not above: they are no single stack"
    return None


def _drift(positions_mm: Positions) -> list[ScanWarning]:
    """Slices whose first voxel does not lie on the line through the first and the last."""
    beside = _beside_the_line_mm(positions_mm)
    moved = np.flatnonzero(beside > DRIFT_MM)
    if not len(moved):
        return []
    message = f"{len(moved)} slices lie up to {beside.max():.1f} mm beside the line of the others"
    return [ScanWarning(WarningCode.GEOMETRY_IRREGULAR_SPACING, message, tuple(int(i) for i in moved))]


def _beside_the_line_mm(positions_mm: Positions) -> NDArray[np.float64]:
    along = positions_mm[-1] - positions_mm[0]
    along = along / np.linalg.norm(along)
    offsets = positions_mm - positions_mm[0]
    return np.linalg.norm(offsets - np.outer(offsets @ along, along), axis=1)


def listed(texts: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"
