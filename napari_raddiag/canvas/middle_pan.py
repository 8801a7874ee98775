"""Moving the picture with the middle button, which stays free while a tool uses the left one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from napari_raddiag.canvas.canvas_cells import camera_flips
from napari_raddiag.canvas.mouse import MIDDLE_BUTTON, is_plain_press
from napari_raddiag.canvas.scan_layers import ScanLayers


class MiddlePan:
    """Installed for as long as it is not closed."""

    def __init__(self, layers: ScanLayers) -> None:
        self.layers = layers
        layers.viewer.mouse_drag_callbacks.append(self._on_drag)

    def close(self) -> None:
        """Leave the viewer."""
        self.layers.viewer.mouse_drag_callbacks.remove(self._on_drag)

    def _on_drag(self, viewer: Any, event: Any) -> Iterator[None]:
        if not is_plain_press(self.layers, event, MIDDLE_BUTTON):
            return
        camera = viewer.scene.camera
        start_px, start = np.array(event.pos[:2]), np.array(camera.center[-2:])
        signs = np.where(camera_flips(viewer), -1.0, 1.0)
        event.handled = True
        yield
        while event.type == "mouse_move":
            event.handled = True
            across_px, down_px = np.array(event.pos[:2]) - start_px
            camera.center = tuple(start - signs * np.array([down_px, across_px]) / camera.zoom)
            yield
