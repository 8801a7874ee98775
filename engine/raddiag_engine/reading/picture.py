"""PNG and JPEG files, through Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.colour import is_grey, luminance
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.finish import finish
from raddiag_engine.reading.formats import FileFormat
from raddiag_engine.reading.guess import with_guessed_modality
from raddiag_engine.reading.limits import check_size

GREY_MODES = {"L", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"}


def read_picture(path: Path, file_format: FileFormat) -> list[Scan]:
    """The one image in a PNG or JPEG file.

    Grey values are kept as stored, 16 bits included; the EXIF orientation is applied; transparency is ignored. Such
    files say neither how large a pixel is nor which modality made it, so that both stay unknown.

    Raises:
        ReadError: The file is damaged, animated or too large.
    """
    with as_read_error(path, f"decode this {file_format.value} file"):
        Image.MAX_IMAGE_PIXELS = None  # our own limit follows, before any pixel is decoded
        with Image.open(
            path, formats=[file_format.value, *(["MPO"] if file_format is FileFormat.JPEG else [])]
        ) as image:
            width, height = image.size
            check_size(path, (height, width), 3)
            if getattr(image, "is_animated", False) and image.format == "PNG":
                raise ReadError(path, "an animation; cine loops are read from DICOM only")
            pixels = grey_or_rgb(ImageOps.exif_transpose(image))
    return [scan_of_pixels(pixels, path, file_format, decoder="Pillow")]


def grey_or_rgb(image: Image.Image) -> NDArray[np.generic]:
    """(row, column) grey values as stored, or (row, column, 3) uint8 colour."""
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode in GREY_MODES:
        return _narrow(np.array(image))
    if image.mode in ("LA", "La"):
        return np.asarray(image.getchannel(0))
    return np.asarray(image.convert("RGB"))


def scan_of_pixels(
    pixels: NDArray[np.generic], path: Path, file_format: FileFormat, decoder: str, inverted: bool = False
) -> Scan:
    """The 2D scan of (row, column) or (row, column, 3) pixels of a file that says nothing of the patient."""
    colour = None
    if pixels.ndim == 3:
        colour = None if is_grey(pixels) else np.ascontiguousarray(pixels, dtype=np.uint8)
        pixels = pixels[..., 1] if colour is None else luminance(pixels)
    scan = Scan(
        id="",
        kind="image",
        voxels=np.ascontiguousarray(pixels),
        units="8-bit" if pixels.dtype == np.uint8 else "stored",
        inverted=inverted,
        colour=colour,
        sources=(path,),
        file_format=file_format.value,
        decoder=decoder,
    )
    scan = scan.warned(WarningCode.GEOMETRY_UNKNOWN, "the file does not say how large a pixel is or where it lies")
    if colour is not None:
        scan = scan.warned(WarningCode.CONTENT_COLOUR, "a colour image; the network is given its luminance")
    return finish(with_guessed_modality(scan))


def _narrow(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Pillow hands 16-bit grey out as 32-bit integers in some modes; back to 16 bits where they fit."""
    if values.dtype.kind in "iu" and values.dtype.itemsize > 1 and values.min() >= 0 and values.max() <= 0xFFFF:
        return values.astype(np.uint16)
    return values
