"""The arrays of the released data set RP3D-DiagDS: `.npy`, 8-bit windowed, slices along the last axis."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.finish import finish
from raddiag_engine.reading.formats import FileFormat
from raddiag_engine.reading.guess import with_guessed_modality
from raddiag_engine.reading.limits import check_size
from raddiag_engine.reading.picture import scan_of_pixels
from raddiag_engine.reading.shared_memory import zeros

RGB_PLANES = 3
BYTES_AT_ONCE = 2**22


def read_npy(path: Path) -> list[Scan]:
    """The one scan in a `.npy` file.

    (row, column, slice) is a volume; (row, column), or one or two slices, are images; three slices that are equal, or
    that differ only where there is colour, are the RGB planes of one image, as the release stores them.

    Raises:
        ReadError: The array has another number of axes, or does not hold real numbers.
    """
    with as_read_error(path, "read this NPY file"):
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if stored.dtype.kind not in "buif":
            raise ReadError(path, f"holds values of type {stored.dtype}, not numbers")
        if stored.ndim not in (2, 3):
            raise ReadError(path, f"has {stored.ndim} axes; expected are (row, column) or (row, column, slice)")
        check_size(path, (*stored.shape[2:], *stored.shape[:2]), stored.dtype.itemsize)
        _check_length(path, stored)
        dtype = np.dtype(np.uint8) if stored.dtype.kind == "b" else stored.dtype.newbyteorder("=")
        if stored.ndim == 3 and stored.shape[2] >= RGB_PLANES and not _is_rgb(stored):
            return [_volume(_slices_first(stored, dtype), path)]
        array = np.array(stored, dtype=dtype)
    if array.ndim == 3 and array.shape[2] < RGB_PLANES:
        return [scan_of_pixels(array[..., i], path, FileFormat.NPY, decoder="") for i in range(array.shape[2])]
    return [scan_of_pixels(array, path, FileFormat.NPY, decoder="")]


def _slices_first(stored_HWD: NDArray[np.generic], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """(slice, row, column), filled some rows at a time, so that pages of the file are not kept in memory."""
    rows, columns, slices = stored_HWD.shape
    voxels = zeros((slices, rows, columns), dtype)
    at_once = max(BYTES_AT_ONCE // (columns * slices * dtype.itemsize), 1)
    for row in range(0, rows, at_once):
        voxels[:, row : row + at_once] = np.array(stored_HWD[row : row + at_once]).transpose(2, 0, 1)
    return voxels


def _check_length(path: Path, stored: NDArray[np.generic]) -> None:
    if path.stat().st_size < math.prod(stored.shape) * stored.dtype.itemsize:
        raise ReadError(path, "the file is truncated")


def _volume(voxels: NDArray[np.generic], path: Path) -> Scan:
    scan = Scan(
        id="",
        kind="volume",
        voxels=voxels,
        units="8-bit" if voxels.dtype == np.uint8 else "stored",
        sources=(path,),
        file_format=FileFormat.NPY.value,
    )
    message = "the file does not say how large a voxel is or where it lies"
    return finish(with_guessed_modality(scan.warned(WarningCode.GEOMETRY_UNKNOWN, message)))


def _is_rgb(array: NDArray[np.generic]) -> bool:
    """True if most pixels that are not black are the same in the three planes, as in a grey image with some colour."""
    if array.shape[2] != RGB_PLANES:
        return False
    if array.dtype != np.uint8:
        return bool((array == array[..., :1]).all())
    lit = array.any(axis=2)
    return bool(((array == array[..., :1]).all(axis=2) & lit).sum() * 2 >= lit.sum())
