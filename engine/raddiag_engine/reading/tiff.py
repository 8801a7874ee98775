"""TIFF files: one page is an image, several alike are the slices of a volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from raddiag_engine.cases import Scan, WarningCode
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.failures import as_read_error
from raddiag_engine.reading.few_slices import volume_or_images
from raddiag_engine.reading.finish import finish
from raddiag_engine.reading.formats import FileFormat
from raddiag_engine.reading.guess import with_guessed_modality
from raddiag_engine.reading.limits import check_size
from raddiag_engine.reading.picture import grey_or_rgb, scan_of_pixels
from raddiag_engine.reading.shared_memory import zeros

# What tifffile decodes without the optional imagecodecs; the rest goes through Pillow's libtiff.
BUILT_IN_COMPRESSIONS = {tifffile.COMPRESSION.NONE, tifffile.COMPRESSION.ADOBE_DEFLATE, tifffile.COMPRESSION.DEFLATE}
GREY = {tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE}


def read_tiff(path: Path) -> list[Scan]:
    """The scan in a TIFF file: an image, or a volume whose slices are the pages.

    Raises:
        ReadError: The file is damaged or too large, or its pages differ in size, type or colour.
    """
    with as_read_error(path, "decode this TIFF file"), tifffile.TiffFile(path) as file:
        pages = list(file.pages)
        first = pages[0]
        check_size(path, (len(pages), *first.shape[:2]), (first.bitspersample + 7) // 8)
        if any(_kind_of(page) != _kind_of(first) for page in pages):
            raise ReadError(
                path, f"its {len(pages)} pages differ in size or type, so that they are not slices of a volume"
            )
        if len(pages) > 1 and first.photometric not in GREY:
            raise ReadError(path, f"has {len(pages)} pages in colour; only grey pages are read as slices")
        built_in = first.compression in BUILT_IN_COMPRESSIONS and first.photometric in GREY
        pixels = (page.asarray() for page in pages) if built_in else _through_pillow(path, len(pages))
        inverted = built_in and first.photometric == tifffile.PHOTOMETRIC.MINISWHITE
        decoder = "tifffile" if built_in else "Pillow"
        if len(pages) == 1:
            return [scan_of_pixels(next(iter(pixels)), path, FileFormat.TIFF, decoder, inverted)]
        volume = _volume(_stacked(path, pixels, len(pages)), path, decoder, inverted)
    return [finish(with_guessed_modality(part)) for part in volume_or_images(volume)]


def _stacked(path: Path, pages: Iterable[NDArray[np.generic]], count: int) -> NDArray[np.generic]:
    """The pages one above the other, each decoded straight into its place."""
    voxels: NDArray[np.generic] | None = None
    for index, page in enumerate(pages):
        if voxels is None:
            voxels = zeros((count, *page.shape), page.dtype.newbyteorder("="))
        if page.shape != voxels.shape[1:]:
            raise ReadError(path, f"page {index + 1} is decoded to another size than the first")
        if not np.can_cast(page.dtype, voxels.dtype):  # Pillow's 32-bit grey comes out as narrow as its values allow
            voxels = voxels.astype(np.promote_types(voxels.dtype, page.dtype))
        voxels[index] = page
    assert voxels is not None
    return voxels


def _kind_of(page: tifffile.TiffPage) -> tuple[object, ...]:
    return page.shape, page.dtype, page.photometric, page.compression


def _through_pillow(path: Path, count: int) -> Iterator[NDArray[np.generic]]:
    with Image.open(path, formats=["TIFF"]) as image:
        for index in range(count):
            image.seek(index)
            yield grey_or_rgb(image)


def _volume(voxels: NDArray[np.generic], path: Path, decoder: str, inverted: bool) -> Scan:
    if voxels.dtype.kind == "b":
        voxels = voxels.astype(np.uint8)
    scan = Scan(
        id="",
        kind="volume",
        voxels=voxels,
        units="8-bit" if voxels.dtype == np.uint8 else "stored",
        inverted=inverted,
        sources=(path,),
        file_format=FileFormat.TIFF.value,
        decoder=decoder,
    )
    return scan.warned(WarningCode.GEOMETRY_UNKNOWN, "the file does not say how large a voxel is or where it lies")
