"""Writing arrays on a scan's grid as NIfTI, where any other viewer finds them in the same place."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from raddiag_engine.atomic import atomic_path
from raddiag_engine.cases import Scan
from raddiag_engine.reading.affine import Affine, affine_to_ijk, spacing_mm
from raddiag_engine.reading.limits import MAX_SCAN_BYTES

SCANNER = 1
UNKNOWN = 0
# Of a spacing; as far as slices may lie beside an even grid.
UNEVEN_SHARE = 0.02
# NIfTI-1 holds the lengths of the axes as 16-bit numbers; NIfTI-2 is known to fewer viewers.
LONGEST_IN_NIFTI1 = 32767
# NIfTI types that other readers know; the rest is widened.
WIDER_TYPES = {"b": np.uint8, "float16": np.float32}


def write_scan(folder: Path, scan: Scan) -> Path:
    """Write a scan as <id>.nii.gz with its affine and its rescaled values; its path is returned."""
    path = folder / f"{scan.id}.nii.gz"
    fill = float(scan.voxels.min()) if scan.padding is None else scan.padding[0]
    voxels, affine = on_even_grid(scan, scan.voxels, fill)
    write_nifti(path, voxels, affine, scan.spacing_mm)
    return path


def on_even_grid(scan: Scan, array: NDArray[np.generic], fill: float) -> tuple[NDArray[np.generic], Affine | None]:
    """An array on a scan's grid as NIfTI can place it, whose slices follow one another evenly, and the affine for that.

    Slices that are missing are put in, as filling, so that the others lie where they should. Where slices lie between
    the places of an even grid no affine is right, and none is given; nor where the filling would make it too large.

    Args:
        array: On the voxels of the scan.
        fill: Value of what is put in; a value that the array's type does not hold becomes the nearest that it does.
    """
    places = scan.slice_places
    if places is None or scan.affine is None:
        return array, scan.affine
    numbers = [round(place) for place in places]
    if max(abs(place - number) for place, number in zip(places, numbers, strict=True)) > UNEVEN_SHARE:
        return array, None
    if (max(numbers) + 1) * array[0].nbytes > max(MAX_SCAN_BYTES, array.nbytes):
        return array, None  # one slice far away from the others, as damaged files have it
    if array.dtype.kind in "iu":
        limits = np.iinfo(array.dtype)  # type: ignore[type-var]
        fill = min(max(fill, limits.min), limits.max)
    whole = np.full((max(numbers) + 1, *array.shape[1:]), fill, array.dtype)
    whole[numbers] = array
    return whole, scan.affine


def write_nifti(
    path: Path,
    array: NDArray[np.generic],
    affine: Affine | None,
    spacing: tuple[float, ...] | None = None,
) -> None:
    """Write an array on a scan's grid, atomically, as NIfTI-1, or as NIfTI-2 where an axis is too long for that.

    Args:
        path: Ends in `.nii` or `.nii.gz`; its folder is made if need be.
        array: (slice, row, column) or (row, column); stored as (i, j, k) = (column, row, slice).
        affine: (4, 4), (slice, row, column, 1) to RAS+ millimetres; None writes sform and qform as not set.
        spacing: Voxel spacing in millimetres along the axes of `array`, used where there is no affine.
    """
    volume = array if array.ndim == 3 else array[None]
    kept = np.dtype(WIDER_TYPES.get(volume.dtype.kind, WIDER_TYPES.get(volume.dtype.name, volume.dtype)))
    stored = volume.transpose(2, 1, 0).astype(kept)
    kind = nibabel.Nifti1Image if max(stored.shape) <= LONGEST_IN_NIFTI1 else nibabel.Nifti2Image
    image = kind(stored, None if affine is None else affine_to_ijk(affine), dtype=kept)
    image.header.set_xyzt_units("mm")
    if affine is not None:
        image.set_sform(image.affine, SCANNER)
        # A qform cannot hold shear (a tilted gantry): then only the sform is set.
        straight = np.allclose(image.get_qform(), image.affine, atol=1e-3)
        image.set_qform(image.affine, SCANNER if straight else UNKNOWN)
        image.header.set_zooms(tuple(reversed(spacing_mm(affine))))
    else:  # nibabel leaves both codes at "not set" for an image without an affine
        image.header.set_zooms((*reversed(spacing or (1.0,) * array.ndim), 1.0)[:3])
    with atomic_path(path) as temporary:
        nibabel.save(image, temporary)
