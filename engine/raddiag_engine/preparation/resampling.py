"""Resizing slices, on torch because it is many times faster than SciPy; torch is imported at the first use, so that
the configuration in this package stays free of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def resize_slices(
    slices_NHW: NDArray[np.float32], height_px: int, width_px: int, *, antialias: bool
) -> NDArray[np.float32]:
    """Slices resized to (N, height_px, width_px), bilinear, with the corners of the field of view kept in place.

    Args:
        slices_NHW: Float32, any strides.
        height_px: New height.
        width_px: New width.
        antialias: Widen the kernel along an axis that shrinks so that every voxel counts (an area average with a
            triangular weight, as Pillow's BILINEAR); False samples two voxels along each axis.
    """
    if slices_NHW.shape[1:] == (height_px, width_px):
        return np.ascontiguousarray(slices_NHW)
    import torch.nn.functional as F
    from torch import from_numpy, no_grad

    # One slice is one channel: torch walks channels of a single image fastest.
    with no_grad():
        slices_1NHW = from_numpy(np.ascontiguousarray(slices_NHW))[None]
        resized = F.interpolate(
            slices_1NHW, size=(height_px, width_px), mode="bilinear", align_corners=False, antialias=antialias
        )
    return np.asarray(resized[0].numpy(), dtype=np.float32)
