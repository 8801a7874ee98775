"""Colour pixels: shown in colour, given to the network as luminance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# ITU-R BT.601, as in JPEG's Y and DICOM's YBR_FULL (PS3.3 C.7.6.3.1.2).
LUMINANCE_WEIGHTS = (0.299, 0.587, 0.114)
# Chroma that JPEG's rounding leaves in a grey picture.
GREY_TOLERANCE = 2


def is_grey(rgb: NDArray[np.generic]) -> bool:
    """True if (..., 3) pixels hold no colour beyond what lossy compression leaves in a grey picture."""
    values = rgb.astype(np.int64, copy=False) if rgb.dtype.kind in "ui" and rgb.dtype.itemsize > 1 else rgb
    red, green, blue = (values[..., channel].astype(np.float32) for channel in range(3))
    tolerance = GREY_TOLERANCE if rgb.dtype == np.uint8 else 0
    return bool(max(np.abs(red - green).max(), np.abs(green - blue).max()) <= tolerance)


def luminance(rgb: NDArray[np.generic]) -> NDArray[np.generic]:
    """Luminance of (..., 3) pixels in their own type, rounded."""
    weighted = sum(np.float32(w) * rgb[..., i].astype(np.float32) for i, w in enumerate(LUMINANCE_WEIGHTS))
    return np.rint(np.asarray(weighted)).astype(rgb.dtype)


def to_8_bit(rgb: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    """Unsigned (..., 3) pixels of so many bits as 8-bit ones for display."""
    if rgb.dtype == np.uint8 and bits <= 8:
        return np.ascontiguousarray(rgb, dtype=np.uint8)
    return (rgb.astype(np.uint64) >> np.uint64(max(bits - 8, 0))).astype(np.uint8)
