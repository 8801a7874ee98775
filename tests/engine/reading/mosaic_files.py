"""Siemens mosaics written by code: the tiles, the private elements and the CSA header."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydicom import dcmread

from tests.engine.reading.dicom_files import write_slice


def csa_header(elements: Mapping[str, Sequence[str]]) -> bytes:
    """A CSA2 header; as Siemens does, it holds empty items behind the values."""
    out = b"SV10\4\3\2\1" + struct.pack("<II", len(elements), 77)
    for name, values in elements.items():
        texts = [*values, *[""] * (6 - len(values))]
        out += struct.pack("<64si4siii", name.encode(), len(values), b"FD\0\0", 4, len(texts), 77)
        for text in texts:
            content = text.encode() + b"\0" if text else b""
            out += struct.pack("<4i", len(content), len(content), 77, len(content))
            out += content + b"\0" * (-len(content) % 4)
    return out


def old_csa_header(elements: Mapping[str, Sequence[str]]) -> bytes:
    """A CSA1 header, of older software: no magic word, and the first number of an item is greater than its length."""
    out = struct.pack("<II", len(elements), 77)
    for name, values in elements.items():
        out += struct.pack("<64si4siii", name.encode(), len(values), b"FD\0\0", 4, len(values), 77)
        for text in values:
            content = text.encode() + b"\0"
            out += struct.pack("<4i", len(content) + len(values), len(content), 77, len(content))
            out += content + b"\0" * (-len(content) % 4)
    return out


def mosaic_of(slices: NDArray[Any]) -> NDArray[Any]:
    """(slice, row, column) as tiles, row after row, of one picture; what is left is zero."""
    count, rows, columns = slices.shape
    across = math.isqrt(count - 1) + 1
    picture = np.zeros((across * rows, across * columns), slices.dtype)
    for index, tile in enumerate(slices):
        row, column = index // across * rows, index % across * columns
        picture[row : row + rows, column : column + columns] = tile
    return picture


def write_mosaic(
    path: Path,
    slices: NDArray[Any],
    *,
    first_position: ArrayLike,
    orientation: ArrayLike,
    spacing: tuple[float, float],
    normal: ArrayLike | None,
    count_in: str = "element",
    b_value: int | None = None,
    **attributes: Any,
) -> Path:
    """Write one volume as a mosaic.

    Args:
        first_position: LPS+ centre of the first voxel of the first slice.
        normal: Written to the CSA header, None for a file without one.
        count_in: Where the number of slices stands: "element", "CSA" or "nowhere".
        b_value: Written to Siemens' private element.
    """
    picture = mosaic_of(slices)
    along_row, down_column = np.array(orientation, dtype=float)
    more = (np.array(picture.shape) - slices.shape[1:]) / 2
    corner = np.asarray(first_position) - along_row * spacing[1] * more[1] - down_column * spacing[0] * more[0]
    write_slice(
        path,
        picture,
        **{
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
            "Modality": "MR",
            "Manufacturer": "SIEMENS",
            "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
            "ImagePositionPatient": [round(float(x), 6) for x in corner],
            "ImageOrientationPatient": [round(float(x), 9) for x in np.array(orientation).ravel()],
            "PixelSpacing": list(spacing),
            "RescaleSlope": None,
            "RescaleIntercept": None,
            **attributes,
        },
    )
    dataset = dcmread(path)
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    if count_in == "element":
        block.add_new(0x0A, "US", len(slices))
    if b_value is not None:
        block.add_new(0x0C, "IS", b_value)
    if normal is not None:
        elements = {"EchoLinePosition": ["3"], "SliceNormalVector": [f"{x:.8f}" for x in np.asarray(normal)]}
        if count_in != "nowhere":
            elements["NumberOfImagesInMosaic"] = [str(len(slices))]
        csa = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        csa.add_new(0x10, "OB", csa_header(elements))
    dataset.save_as(path)
    return path
