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

RGB_PLANES = 3


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
        array = np.array(stored, dtype=np.uint8 if stored.dtype.kind == "b" else stored.dtype.newbyteorder("="))
    if array.ndim == 2:
        return [scan_of_pixels(array, path, FileFormat.NPY, decoder="")]
    if array.shape[2] == RGB_PLANES and _is_rgb(array):
        return [scan_of_pixels(array, path, FileFormat.NPY, decoder="")]
    if array.shape[2] < RGB_PLANES:
        return [scan_of_pixels(array[..., i], path, FileFormat.NPY, decoder="") for i in range(array.shape[2])]
    return [_volume(np.ascontiguousarray(array.transpose(2, 0, 1)), path)]


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
    if array.dtype != np.uint8:
        return bool((array == array[..., :1]).all())
    lit = array.any(axis=2)
    return bool(((array == array[..., :1]).all(axis=2) & lit).sum() * 2 >= lit.sum())
