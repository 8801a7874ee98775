"""The values of a NIfTI file, read once and straight into the array that the scan keeps.

nibabel has read the header; the values are read here, because nibabel makes arrays of its own, and because a compressed
file has to be read to its end, where its checksum stands, without being decompressed twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.errors import ReadError
from raddiag_engine.reading.colour import luminance
from raddiag_engine.reading.inflate import inflated_parts
from raddiag_engine.reading.shared_memory import zeros

BYTES_AT_ONCE = 2**20


def read_values(
    path: Path, proxy: Any, shape: tuple[int, int, int]
) -> tuple[NDArray[np.generic], NDArray[np.uint8] | None]:
    """The first volume of a file.

    Args:
        path: The file, for errors.
        proxy: nibabel's `dataobj`.
        shape: Its lengths (i, j, k).

    Returns:
        (k, j, i) values, scaled by scl_slope and scl_inter where these are set, and the (k, j, i, 3) colour of an RGB
        file.

    Raises:
        ReadError: The values are not real numbers.
        EOFError, OSError, zlib.error: The file is damaged or cut off, be it behind the volume that is used.
    """
    # From the proxy: nibabel clears scl_slope and scl_inter in the header of a loaded image.
    slope, intercept = float(proxy.slope), float(proxy.inter)
    dtype: np.dtype[Any] = proxy.dtype
    if dtype.names:
        pixels = _stored(proxy, np.empty(shape[::-1], dtype))
        colour = zeros((*pixels.shape, 3), np.uint8)
        for channel, name in enumerate("RGB"):
            colour[..., channel] = pixels[name]
        return luminance(colour), colour
    if dtype.kind not in "uif":
        raise ReadError(path, f"holds values of type {dtype}, not real numbers")
    wider_than_double = dtype.kind == "f" and dtype.itemsize > 8
    if (slope, intercept) == (1.0, 0.0) and not wider_than_double:
        return _stored(proxy, zeros(shape[::-1], dtype)), None
    return _scaled(_stored(proxy, np.empty(shape[::-1], dtype)), slope, intercept), None


def _stored(proxy: Any, array: NDArray[Any]) -> NDArray[Any]:
    """Fill the array with the first values of the file; returns it in the byte order of this machine."""
    with Path(proxy.file_like).open("rb") as file:
        if str(proxy.file_like).lower().endswith(".gz"):
            _fill_inflated(proxy, array, inflated_parts(file))
        else:
            if file.seek(0, 2) < _announced_bytes(proxy, array):
                raise EOFError
            file.seek(proxy.offset)
            rest = array.reshape(-1).view(np.uint8).data
            while rest:
                count = file.readinto(rest[:BYTES_AT_ONCE])
                if not count:
                    raise EOFError
                rest = rest[count:]
    if array.dtype.isnative:
        return array
    return array.byteswap(inplace=True).view(array.dtype.newbyteorder("="))


def _fill_inflated(proxy: Any, array: NDArray[Any], parts: Iterator[bytes]) -> None:
    there = array.reshape(-1).view(np.uint8).data
    announced = _announced_bytes(proxy, array)
    begin, position = int(proxy.offset), 0
    if begin < 0:
        raise ValueError("its voxels are said to begin before the file does")
    for part in parts:
        skipped = max(begin - position, 0)
        at = max(position - begin, 0)
        wanted = part[skipped : skipped + len(there) - at]
        there[at : at + len(wanted)] = wanted
        position += len(part)
        # To the end, where the checksum stands; what lies beyond the announced data may be without end.
        if position > announced:
            return
    if position < announced:
        raise EOFError


def _announced_bytes(proxy: Any, array: NDArray[Any]) -> int:
    """Where the last volume ends, be it one that is not used."""
    return int(proxy.offset) + math.prod(proxy.shape) * array.itemsize


def _scaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    """slope * stored + intercept; in double precision, unless single holds every stored value."""
    exact = np.float64 if stored.dtype.itemsize > 2 else np.float32
    kept = np.float32 if stored.dtype == np.float32 else exact
    scaled = zeros(stored.shape, kept)
    for values, there in zip(stored, scaled, strict=True):
        part = values.astype(exact)
        part *= slope
        part += intercept
        there[...] = part
    return scaled
