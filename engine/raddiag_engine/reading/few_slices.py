"""One or two slices are no volume: each is an image of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from raddiag_engine.cases import Scan
from raddiag_engine.cases.scan import Window

FEWEST_SLICES_OF_A_VOLUME = 3


def volume_or_images(scan: Scan) -> list[Scan]:
    """The volume itself, or its one or two slices as images, each with its own place in the patient."""
    if len(scan.voxels) >= FEWEST_SLICES_OF_A_VOLUME:
        return [scan]
    return [slice_as_image(scan, index) for index in range(len(scan.voxels))]


def slice_as_image(scan: Scan, index: int, windows: tuple[Window, ...] | None = None) -> Scan:
    """One slice of a volume as an image."""
    affine = None
    if scan.affine is not None:
        affine = scan.affine.copy()
        place = index if scan.slice_places is None else scan.slice_places[index]
        affine[:, 3] = scan.affine @ (place, 0, 0, 1)
    return replace(
        scan,
        kind="image",
        voxels=np.ascontiguousarray(scan.voxels[index]),
        affine=affine,
        slice_places=None,
        spacing_mm=scan.spacing_mm[-2:] if scan.spacing_mm else None,
        colour=None if scan.colour is None else np.ascontiguousarray(scan.colour[index]),
        windows=scan.windows if windows is None else windows,
    )
