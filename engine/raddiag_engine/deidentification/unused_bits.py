"""Bits of uncompressed pixels that are no part of a value: once the place of overlays, and a place to hide words."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID


def without_unused_bits(pixel_data: bytes, dataset: Dataset, syntax: UID) -> bytes:
    """The pixels with zeros, or of signed values their sign, in all bits outside Bits Stored (PS3.5 8.1.1).

    Args:
        pixel_data: Value of Pixel Data, not compressed.
        dataset: With the image pixel module.
        syntax: Transfer syntax, which gives the order of bytes.
    """
    allocated = int(dataset.get("BitsAllocated", 8))
    stored = int(dataset.get("BitsStored", allocated))
    below = int(dataset.get("HighBit", stored - 1)) + 1 - stored
    above = allocated - stored - below
    if allocated not in (8, 16, 32) or stored < 1 or below < 0 or above < 0 or not (below or above):
        return pixel_data
    signed = int(dataset.get("PixelRepresentation", 0)) == 1
    order = "<" if syntax.is_little_endian else ">"
    dtype = np.dtype(f"{order}{'i' if signed else 'u'}{allocated // 8}")
    whole = len(pixel_data) // dtype.itemsize * dtype.itemsize
    values = np.frombuffer(pixel_data[:whole], dtype)
    # To the top, down past the lowest bit, and back: a shift to the right repeats the sign.
    cleaned = (values << above) >> (above + below) << below
    return cleaned.astype(dtype).tobytes() + bytes(len(pixel_data) - whole)
