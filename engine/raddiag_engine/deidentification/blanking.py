"""Rectangles of a picture made black."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from raddiag_engine.deidentification.choices import Region


def blank(pixels: NDArray[Any], regions: Sequence[Region], rows_axis: int = 0) -> None:
    """Make regions as dark as the darkest value of the picture, in place.

    Args:
        pixels: (..., row, column, ...).
        regions: Rectangles; what of them lies outside the picture is left out.
        rows_axis: Axis of the rows; the columns' is the next.

    Raises:
        ValueError: A rectangle lies outside the picture altogether.
    """
    rows, columns = pixels.shape[rows_axis : rows_axis + 2]
    darkest = pixels.min()
    for region in regions:
        if region.row >= rows or region.column >= columns:
            raise ValueError(f"a region to blank lies outside its {rows} x {columns} pixels")
        part = (slice(region.row, region.row + region.height), slice(region.column, region.column + region.width))
        pixels[(slice(None),) * rows_axis + part] = darkest


def blank_dataset(dataset: Dataset, regions: Sequence[Region]) -> None:
    """Blank regions in every frame; compressed pixels are stored uncompressed afterwards.

    Raises:
        ValueError: A region lies outside the picture, or its pixels are stored in a way that cannot be blanked.
        Exception: Whatever a decoder raises.
    """
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        dataset.decompress(generate_instance_uid=False)
    if str(dataset.PhotometricInterpretation).startswith("YBR") or "PixelData" not in dataset:
        raise ValueError("its pixels are stored in a way that cannot be blanked")
    samples, frames = int(dataset.get("SamplesPerPixel", 1)), int(dataset.get("NumberOfFrames", 1) or 1)
    if dataset.BitsAllocated not in (8, 16, 32):
        raise ValueError("its pixels are stored in a way that cannot be blanked")
    little = dataset.original_encoding[1] is not False
    signed = "i" if dataset.PixelRepresentation and samples == 1 else "u"
    dtype = np.dtype(f"{'<' if little else '>'}{signed}{dataset.BitsAllocated // 8}")
    planar = samples > 1 and dataset.get("PlanarConfiguration", 0) == 1
    size = (int(dataset.Rows), int(dataset.Columns))
    shape = (frames, samples, *size) if planar else (frames, *size, samples)
    count = int(np.prod(shape))
    pixels = np.frombuffer(dataset.PixelData, dtype, count).reshape(shape).copy()
    blank(pixels, regions, rows_axis=2 if planar else 1)
    content = pixels.tobytes()
    dataset["PixelData"].value = content + b"\0" * (len(content) % 2)
