"""A body with one landmark far left, a little to the front and high, in every way an array can lie in a patient."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np

from raddiag_engine.cases import Modality, Scan, Window

ORIENTATIONS = [(axes, signs) for axes in permutations(range(3)) for signs in product((1, -1), repeat=3)]
# By patient axis (right, front, head): voxels, millimetres a voxel, and the landmark's place as a fraction.
SIZES, SPACINGS_MM, LANDMARK = (40, 48, 56), (1.5, 1.0, 2.0), (0.15, 0.7, 0.8)
BODY, BRIGHT = 200, 1000


def phantom(
    axes: tuple[int, ...] = (2, 1, 0),
    signs: tuple[int, ...] = (1, -1, -1),
    *,
    scan_id: str = "phantom",
    origin_mm: tuple[float, float, float] = (-31.0, 17.0, 5.0),
    frame_of_reference: str = "frame",
) -> tuple[Scan, tuple[int, ...]]:
    """A volume whose array axis i runs along patient axis axes[i] in sense signs[i]; and the landmark, as stored index.

    The body lies at one place in the patient, whatever way it is stored.
    """
    shape = tuple(SIZES[axis] for axis in axes)
    affine = np.eye(4)
    affine[:3, :3] = 0
    affine[:3, 3] = origin_mm
    index = []
    for i, (axis, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[axis, i] = sign * SPACINGS_MM[axis]
        affine[axis, 3] += 0 if sign > 0 else SPACINGS_MM[axis] * (shape[i] - 1)
        along = int(LANDMARK[axis] * shape[i])
        index.append(along if sign > 0 else shape[i] - 1 - along)
    voxels = np.full(shape, BODY, dtype=np.int16)
    voxels[tuple(slice(i - 1, i + 2) for i in index)] = BRIGHT
    scan = Scan(
        scan_id,
        "volume",
        voxels,
        affine,
        tuple(SPACINGS_MM[axis] for axis in axes),
        Modality.MRI,
        windows=(Window(500, 1000, "LINEAR_EXACT"),),
        frame_of_reference=frame_of_reference,
    )
    return scan, tuple(index)
