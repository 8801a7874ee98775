"""Where the lesions of a scan lie on the network's input grid, as one map of small numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ReadError
from raddiag_engine.preparation import PreparedScan
from raddiag_train.data.records import ScanRecord

LEAST_COVER = 0.3  # of a prepared voxel, for it to count as lesion


def lesion_map(
    described: ScanRecord, prepared: PreparedScan, affine: NDArray[np.float64] | None = None
) -> NDArray[np.uint8] | None:
    """1 + the position of the mask that covers a prepared voxel most, 0 where none covers `LEAST_COVER` of it.

    Args:
        described: Names the masks.
        prepared: The scan they belong to, prepared.
        affine: Of the scan; a mask that has one must have the same.

    Returns:
        uint8, of the shape of the prepared voxels; None if the scan has no masks.

    Raises:
        ReadError: A mask cannot be read, or is not on the scan's grid.
    """
    if not described.masks:
        return None
    covers = np.stack([np.full(prepared.voxels.shape, LEAST_COVER, np.float32), *_covers(described, prepared, affine)])
    return covers.argmax(axis=0).astype(np.uint8)


def _covers(
    described: ScanRecord, prepared: PreparedScan, affine: NDArray[np.float64] | None
) -> list[NDArray[np.float32]]:
    from raddiag_engine.reading import read_file

    covers = []
    for path in described.masks.values():
        found = read_file(path)
        if len(found) != 1 or found[0].voxels.shape != prepared.scan_shape:
            raise ReadError(path, f"not one mask of the scan's shape {prepared.scan_shape}")
        if affine is not None and found[0].affine is not None and not np.allclose(affine, found[0].affine, atol=1e-2):
            raise ReadError(path, "the mask's affine is not the scan's, so it may lie elsewhere; resample it")
        covers.append(prepared.carry((found[0].voxels > 0).astype(np.float32)))
    return covers
