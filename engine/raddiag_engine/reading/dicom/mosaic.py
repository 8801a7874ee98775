"""Siemens mosaics: all slices of a volume as tiles of one picture, taken apart into slices with their places.

The header places the picture as if it were one large slice around the centre of the slices; the first slice's corner
lies half of what the picture is wider further in. The others follow along the normal that the CSA header gives, row
after row of tiles. (The layout is as nibabel and dcm2niix know it; Siemens does not publish it.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from raddiag_engine.cases import ScanWarning, WarningCode
from raddiag_engine.reading.dicom.csa import csa_numbers
from raddiag_engine.reading.dicom.frame import Frame, Tile, Vector
from raddiag_engine.reading.dicom.private import Place, private_bytes, private_number

NUMBER_OF_IMAGES: Place = (0x0019, "SIEMENS MR HEADER", 0x0A)
CSA_OF_IMAGE: Place = (0x0029, "SIEMENS CSA HEADER", 0x10)
LEAST_COSINE = 0.99


def slices_of_mosaic(frame: Frame) -> list[Frame]:
    """The slices of a mosaic; the frame itself if it is none, or if its header does not say how it is made."""
    if "MOSAIC" not in frame.image_type or frame.instance.frame_count != 1 or frame.spacing_mm is None:
        return [frame]
    header = frame.instance.header
    block = private_bytes(header, CSA_OF_IMAGE)
    given = private_number(header, NUMBER_OF_IMAGES)
    count = int(given if given is not None else next(iter(csa_numbers(block, "NumberOfImagesInMosaic")), 0))
    across = math.isqrt(max(count - 1, 0)) + 1
    rows, columns = frame.instance.shape
    spacing = header.number("SpacingBetweenSlices")
    thickness = header.number("SliceThickness")
    step_mm = abs(spacing or thickness or 0)
    if count < 1 or rows % across or columns % across or not step_mm:
        return [frame]
    assert frame.position_mm is not None and frame.orientation is not None
    tile_rows, tile_columns = rows // across, columns // across
    along_row, down_column = frame.orientation
    corner = (
        frame.position_mm
        + along_row * frame.spacing_mm[1] * (columns - tile_columns) / 2
        + down_column * frame.spacing_mm[0] * (rows - tile_rows) / 2
    )
    normal = _normal(block, frame.orientation)
    return [
        replace(
            frame,
            index=index,
            position_mm=corner + index * step_mm * normal,
            tile=Tile(
                row=index // across * tile_rows,
                column=index % across * tile_columns,
                rows=tile_rows,
                columns=tile_columns,
                spacing_mm=step_mm,
                is_thickness=not spacing,
            ),
        )
        for index in range(count)
    ]


def mosaic_warnings(frames: Sequence[Frame]) -> list[ScanWarning]:
    """What is to be said of slices that come from mosaics."""
    tile = frames[0].tile
    if tile is None:
        return []
    text = (
        "taken out of a mosaic: the header places its first slice, "
        f"the others are taken to follow {tile.spacing_mm:.2f} mm apart"
    )
    if tile.is_thickness:
        text += ", which is the thickness of a slice; gaps between them would go unseen"
    return [ScanWarning(WarningCode.CONTENT_MOSAIC, text)]


def _normal(block: bytes, orientation: Vector) -> Vector:
    """The direction in which slices follow one another: that of the CSA header, whose sign alone is taken."""
    normal = np.cross(orientation[0], orientation[1])
    given = csa_numbers(block, "SliceNormalVector")
    if len(given) == 3 and np.dot(normal, given) < -LEAST_COSINE:
        return -normal
    return normal
