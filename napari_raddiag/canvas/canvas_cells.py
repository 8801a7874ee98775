"""Where each scan in sight lies on the canvas, in pixels: for what is drawn upon it. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.canvas.view_layout import CELL_GAP_PX


@dataclass(frozen=True)
class CanvasCell:
    """The whole canvas or one cell of the grid.

    Attributes:
        scan_id: Of the scan in it.
        left_px, top_px, width_px, height_px: On the canvas, y down, in Qt's device-independent pixels.
    """

    scan_id: str
    left_px: float
    top_px: float
    width_px: float
    height_px: float

    @property
    def middle_px(self) -> NDArray[np.float64]:
        """(x, y)."""
        return np.array([self.left_px + self.width_px / 2, self.top_px + self.height_px / 2])


def canvas_cells(layers: ScanLayers) -> tuple[CanvasCell, ...]:
    """The cells of all scans in sight; none for napari's 3D view, which has no edges to speak of."""
    viewer = layers.viewer
    if viewer.dims.ndisplay != 2:
        return ()
    height_px, width_px = (float(length) for length in viewer.canvas.size)
    if not layers.is_grid:
        return tuple(CanvasCell(scan_id, 0.0, 0.0, width_px, height_px) for scan_id in layers.shown)
    rows, columns = viewer.canvas.grid.actual_shape(viewer.layers)
    cell_height_px = (height_px - CELL_GAP_PX * (rows - 1)) / rows
    cell_width_px = (width_px - CELL_GAP_PX * (columns - 1)) / columns
    cells = []
    for (row, column), inside in viewer.canvas.grid.iter_viewboxes(viewer.layers):
        scan_id = layers.scan_at((row, column)) if inside else None
        if scan_id is not None:
            left_px, top_px = column * (cell_width_px + CELL_GAP_PX), row * (cell_height_px + CELL_GAP_PX)
            cells.append(CanvasCell(scan_id, left_px, top_px, cell_width_px, cell_height_px))
    return tuple(cells)


def camera_flips(viewer: Any) -> tuple[bool, bool]:
    """True where napari's camera shows rows from below, and columns from the right."""
    vertical, horizontal = viewer.scene.camera.orientation2d
    return str(vertical) == "up", str(horizontal) == "left"


def to_canvas_px(layers: ScanLayers, cell: CanvasCell, stored_index: ArrayLike) -> NDArray[np.float64]:
    """(x, y) on the canvas of a stored index of the scan in a cell."""
    seat = layers.seat(cell.scan_id)
    display_index = seat.grid.to_display(stored_index)
    if layers.is_grid:
        world = seat.pose.world(seat.grid, display_index)[-2:]
    else:
        world = seat.grid.to_world(display_index)[list(seat.screen_axes)]
    camera = layers.viewer.scene.camera
    down_px, across_px = (world - np.array(camera.center[-2:])) * camera.zoom
    flip_vertical, flip_horizontal = camera_flips(layers.viewer)
    return cell.middle_px + np.array(
        [-across_px if flip_horizontal else across_px, -down_px if flip_vertical else down_px]
    )
