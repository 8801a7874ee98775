"""A saliency map drawn over its scan, as a PNG for a report or a teaching file. Free of torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from raddiag_engine.atomic import atomic_path
from raddiag_engine.cases import Scan
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.orientation import display_orientation
from raddiag_engine.preparation.prepared_scan import PreparedScan
from raddiag_engine.preparation.windowing import display_values
from raddiag_engine.saliency.saliency_map import SaliencyMap

PANEL_HEIGHT_PX = 384
CAPTION_HEIGHT_PX = 34
MAX_OPACITY = 0.55
RESEARCH_USE = "Research use only. Not for clinical use."
# Dark red to yellow: readable on grey, and the order of brightness is the order of evidence.
_COLOURS = np.array([[120, 0, 0], [220, 40, 0], [255, 140, 0], [255, 230, 60]], dtype=np.float32)


def write_overlay(path: Path, scan: Scan, prepared: PreparedScan, saliency: SaliencyMap) -> None:
    """Write a scan without and with its map, at the slice of the peak, with a caption.

    Args:
        path: A .png; replaced whole or not at all.
        scan: The scan.
        prepared: Its preparation, for the window the network saw.
        saliency: Its map.
    """
    slice_index, grey, evidence = _slice_of_the_peak(scan, prepared, saliency)
    height_px, width_px = _panel_size(scan, grey.shape, transposed=display_orientation(scan).transposed)
    plain = Image.fromarray(np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=2))
    overlaid = Image.fromarray(_blend(grey, evidence))
    sheet = Image.new("RGB", (2 * width_px, height_px + CAPTION_HEIGHT_PX))
    for column, panel in enumerate((plain, overlaid)):
        sheet.paste(panel.resize((width_px, height_px), Image.Resampling.BILINEAR), (column * width_px, 0))
    draw = ImageDraw.Draw(sheet)
    draw.text((4, height_px + 3), _caption(saliency, slice_index), fill=(235, 235, 235))
    draw.text((4, height_px + 18), RESEARCH_USE, fill=(170, 170, 170))
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG")


def _slice_of_the_peak(
    scan: Scan, prepared: PreparedScan, saliency: SaliencyMap
) -> tuple[int | None, NDArray[np.float32], NDArray[np.float32]]:
    """Index of the slice (or frame), its grey values and its evidence, both (row, column) as displayed, in [0, 1]."""
    index = None if scan.kind == "image" else saliency.peak[0]
    voxels, values = (scan.voxels, saliency.values) if index is None else (scan.voxels[index], saliency.values[index])
    # As the network's own window shows it, but at the scan's full resolution.
    grey = display_values(voxels, scan, prepared.window, PreparationConfig(mask_padding=True))
    orientation = display_orientation(scan)
    shown = [np.ascontiguousarray(orientation.apply(array[None])[0]) for array in (grey, values)]
    return index, shown[0], shown[1]


def _panel_size(scan: Scan, shape: tuple[int, ...], *, transposed: bool) -> tuple[int, int]:
    """Height and width of one panel in pixels, square in millimetres where the spacing is known."""
    row_mm, column_mm = (1.0, 1.0) if scan.spacing_mm is None else scan.spacing_mm[-2:]
    if transposed:
        row_mm, column_mm = column_mm, row_mm
    aspect = (shape[1] * column_mm) / (shape[0] * row_mm)
    return PANEL_HEIGHT_PX, max(48, min(4 * PANEL_HEIGHT_PX, round(PANEL_HEIGHT_PX * aspect)))


def _blend(grey: NDArray[np.float32], evidence: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Colour over grey; transparent where there is no evidence."""
    position = evidence.clip(0, 1) * (len(_COLOURS) - 1)
    lower = np.minimum(position.astype(int), len(_COLOURS) - 2)
    share = (position - lower)[..., None]
    colour = _COLOURS[lower] * (1 - share) + _COLOURS[lower + 1] * share
    opacity = (MAX_OPACITY * np.sqrt(evidence.clip(0, 1)))[..., None]
    return np.asarray(grey[..., None] * 255 * (1 - opacity) + colour * opacity, dtype=np.uint8)


def _caption(saliency: SaliencyMap, slice_index: int | None) -> str:
    text = f"{saliency.disorder}, {saliency.method}, {saliency.scan_id}"
    if saliency.is_dark:
        return f"{text}: no evidence in this scan"
    if slice_index is None or saliency.peak_slices is None:
        return text
    first, last = saliency.peak_slices
    return f"{text}: slice {slice_index + 1}, peak within slices {first + 1} to {last + 1}"
