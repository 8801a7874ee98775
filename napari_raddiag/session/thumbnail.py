"""A small picture of a scan for the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from raddiag_engine.cases import Scan
from raddiag_engine.errors import CaseError
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.orientation import display_orientation
from raddiag_engine.preparation.windowing import choose_window, display_values

SIZE_PX = 64


def thumbnail(scan: Scan) -> NDArray[np.uint8]:
    """The middle slice (or frame), turned and windowed as it is displayed: grey, at most 64 px a side, aspect kept.

    A scan without a single value gives a black one.
    """
    config = PreparationConfig(mask_padding=True)
    middle = scan.voxels[None] if scan.kind == "image" else scan.voxels[len(scan.voxels) // 2][None]
    try:
        window, _ = choose_window(scan, config)
    except CaseError:
        return np.zeros((SIZE_PX, SIZE_PX), dtype=np.uint8)
    shown = display_orientation(scan).apply(display_values(middle, scan, window, config))[0]
    extent = _extent(scan, shown.shape)
    height, width = (max(1, round(side * SIZE_PX / max(extent))) for side in extent)
    grey = np.rint(np.ascontiguousarray(shown).clip(0, 1) * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR))


def _extent(scan: Scan, shape: tuple[int, ...]) -> tuple[float, float]:
    """Height and width of a displayed slice in millimetres, or in pixels where the spacing is unknown."""
    if scan.spacing_mm is None:
        return float(shape[0]), float(shape[1])
    row_mm, column_mm = scan.spacing_mm[-2:]
    if display_orientation(scan).transposed:
        row_mm, column_mm = column_mm, row_mm
    return shape[0] * row_mm, shape[1] * column_mm
