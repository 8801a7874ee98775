"""The last step of every reader: checks on the values and the geometry, then the scan's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.reading import affine as geometry
from raddiag_engine.reading.value_range import range_warning, sampled_values

ID_DIGITS = 10


def finish(scan: Scan) -> Scan:
    """The scan with what its values and its affine give cause to say, and with its id."""
    return with_id(_checked_geometry(_checked_values(scan)))


def with_id(scan: Scan) -> Scan:
    """The scan with the id that its modality and content make."""
    modality = scan.modality.value.lower().replace(" ", "-")
    return replace(scan, id=f"{modality}-{scan.content_hash[:ID_DIGITS]}")


def with_unique_ids(scans: Iterable[Scan]) -> Iterator[Scan]:
    """The same scans, one by one; of those with equal content the second is called <id>-2, and so on."""
    seen: dict[str, int] = {}
    for scan in scans:
        seen[scan.id] = count = seen.get(scan.id, 0) + 1
        yield scan if count == 1 else replace(scan, id=f"{scan.id}-{count}")


def unusable(scan: Scan, reason: str) -> Scan:
    """The scan marked as not for the network; the first reason stays."""
    return scan if not scan.usable else replace(scan, usable=False, reason=reason)


def _checked_values(scan: Scan) -> Scan:
    voxels: NDArray[Any] = scan.voxels
    if voxels.dtype.kind == "f":
        bad_in_slice = [part.size - int(np.count_nonzero(np.isfinite(part))) for part in voxels]
        count = sum(bad_in_slice)
        if count:
            slices = tuple(map(int, np.flatnonzero(bad_in_slice))) if voxels.ndim == 3 else ()
            percent = 100 * count / voxels.size
            share = f"{count} of {voxels.size} voxels ({f'{percent:.0f}' if percent >= 1 else 'under 1'} %)"
            scan = scan.warned(WarningCode.VALUES_NOT_FINITE, f"{share} are not finite numbers", slices)
            if 2 * count > voxels.size:
                scan = unusable(scan, "most of its values are not finite numbers")
            # By slices, so that a large volume is not copied; of each, what tells whether there are several values.
            finite = (part[np.isfinite(part)] for part in voxels)
            voxels = np.array([end for part in finite if part.size for end in (part.min(), part.max())])
    if _is_constant(voxels):
        message = f"every voxel has the value {voxels.flat[0]:g}"
        return unusable(scan.warned(WarningCode.VALUES_CONSTANT, message), message)
    if scan.padding is not None and not _measured(scan).size:
        message = "every voxel is padding"
        return unusable(scan.warned(WarningCode.VALUES_CONSTANT, message), message)
    fault = range_warning(scan)
    return scan if fault is None else scan.warned(fault.code, fault.message)


def _is_constant(values: NDArray[np.generic]) -> bool:
    """True if there is one value only; most scans show in their first and middle value that there are more."""
    flat = values.reshape(-1)
    return bool(flat.size and flat[0] == flat[flat.size // 2] and flat.min() == flat.max())


def _measured(scan: Scan) -> NDArray[np.generic]:
    """A sample of the values that are not padding; all of them where the sample holds none."""
    sample = sampled_values(scan)
    if sample.size or scan.padding is None:
        return sample
    low, high = scan.padding
    return scan.voxels[(scan.voxels < low) | (scan.voxels > high)]


def _checked_geometry(scan: Scan) -> Scan:
    affine = scan.affine
    if affine is None:
        return scan
    oblique = geometry.obliquity_degrees(affine)
    if oblique > geometry.OBLIQUE_DEGREES:
        message = f"the slices are turned by up to {oblique:.1f} degrees from the patient's axes"
        scan = scan.warned(WarningCode.GEOMETRY_OBLIQUE, message)
    tilt = geometry.tilt_degrees(affine)
    if scan.is_volume and tilt > geometry.SHEAR_DEGREES:
        message = (
            f"the slices are stacked at {tilt:.1f} degrees to their normal (gantry tilt); they are not a right box"
        )
        scan = scan.warned(WarningCode.GEOMETRY_TILT, message)
    shear = geometry.shear_degrees(affine)
    if shear > geometry.SHEAR_DEGREES:
        scan = scan.warned(WarningCode.GEOMETRY_TILT, f"rows and columns are {shear:.1f} degrees off a right angle")
    return scan
