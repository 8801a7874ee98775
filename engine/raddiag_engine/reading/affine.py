"""Where voxels lie in the patient: the only place that turns the axes of a file into ours.

An affine maps the array index (slice, row, column, 1) to RAS+ millimetres: x grows to the patient's right, y to the
front, z to the head. DICOM positions are LPS+ (PS3.3 C.7.6.2.1.1): x grows to the left, y to the back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raddiag_engine.cases import Plane

Affine = NDArray[np.float64]

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Above this the slices are called after the patient axis nearest to their normal (as in PixelMed and dicom3tools).
PLANE_COSINE = 0.8
OBLIQUE_DEGREES = 5.0
SHEAR_DEGREES = 0.5
_PLANES = (Plane.SAGITTAL, Plane.CORONAL, Plane.AXIAL)


def affine_from_lps(
    origin_mm: ArrayLike, slice_step_mm: ArrayLike, row_step_mm: ArrayLike, column_step_mm: ArrayLike
) -> Affine:
    """The affine of slices given in DICOM's patient coordinates.

    Args:
        origin_mm: (3,) LPS+ centre of the first voxel of the first slice, (0020,0032).
        slice_step_mm: (3,) LPS+ from a slice to the next.
        row_step_mm: (3,) LPS+ from a row to the next: the second triple of (0020,0037) times the row spacing.
        column_step_mm: (3,) LPS+ from a column to the next: its first triple times the column spacing.
    """
    lps = np.eye(4)
    for column, vector in enumerate((slice_step_mm, row_step_mm, column_step_mm, origin_mm)):
        lps[:3, column] = vector
    return LPS_TO_RAS @ lps


def affine_from_ijk(affine_ijk: ArrayLike) -> Affine:
    """The affine for voxels (slice, row, column) from one for the file's (i, j, k), as in NIfTI."""
    return np.array(affine_ijk, dtype=np.float64)[:, [2, 1, 0, 3]]


def affine_to_ijk(affine: Affine) -> Affine:
    """The inverse of `affine_from_ijk`; the permutation is its own inverse."""
    return affine_from_ijk(affine)


def spacing_mm(affine: Affine) -> tuple[float, float, float]:
    """Distance between voxel centres along (slice, row, column), in millimetres."""
    slices, rows, columns = np.linalg.norm(affine[:3, :3], axis=0)
    return float(slices), float(rows), float(columns)


def is_singular(affine: Affine) -> bool:
    """True if the affine does not place voxels in three dimensions, or holds values that are no numbers."""
    if not np.isfinite(affine).all():
        return True
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return bool((lengths <= 0).any() or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-4)


def slice_normal(affine: Affine) -> NDArray[np.float64]:
    """(3,) unit vector, RAS+, at a right angle to rows and columns, on the side of the following slices."""
    normal = np.cross(affine[:3, 2], affine[:3, 1])
    normal /= np.linalg.norm(normal)
    return normal if normal @ affine[:3, 0] >= 0 else -normal


def plane(affine: Affine) -> Plane:
    """The patient plane in which the slices lie."""
    cosines = np.abs(slice_normal(affine))
    nearest = int(cosines.argmax())
    return _PLANES[nearest] if cosines[nearest] >= PLANE_COSINE else Plane.OBLIQUE


def obliquity_degrees(affine: Affine) -> float:
    """Largest angle between rows, columns or normal and the patient axis nearest to each."""
    axes = np.column_stack([slice_normal(affine), affine[:3, 1], affine[:3, 2]])
    cosines = np.abs(axes / np.linalg.norm(axes, axis=0)).max(axis=0)
    return float(np.degrees(np.arccos(np.clip(cosines, 0, 1))).max())


def tilt_degrees(affine: Affine) -> float:
    """Angle between the direction in which slices follow one another and their normal; 0 for a straight stack."""
    step = affine[:3, 0]
    return float(np.degrees(np.arccos(np.clip(slice_normal(affine) @ step / np.linalg.norm(step), -1, 1))))


def shear_degrees(affine: Affine) -> float:
    """How far rows and columns are from standing at a right angle."""
    row, column = affine[:3, 1], affine[:3, 2]
    cosine = abs(row @ column) / (np.linalg.norm(row) * np.linalg.norm(column))
    return float(np.degrees(np.arcsin(np.clip(cosine, 0, 1))))
