"""Window and level by a right drag: across for the width, up and down for the centre; the camera stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from napari_raddiag.canvas.mouse import RIGHT_BUTTON, camera_at_rest, is_plain_press
from napari_raddiag.canvas.scan_layers import ScanLayers
from raddiag_engine.cases import Window

# A drag over this many pixels changes the centre by one width, and doubles the width.
PX_PER_WIDTH = 256.0
NARROWEST_SHARE = 0.004


class WindowDrag:
    """Installed for as long as it is not closed."""

    def __init__(self, layers: ScanLayers) -> None:
        self.layers = layers
        layers.viewer.mouse_drag_callbacks.append(self._on_drag)

    def close(self) -> None:
        """Leave the viewer."""
        self.layers.viewer.mouse_drag_callbacks.remove(self._on_drag)

    def _on_drag(self, _viewer: Any, event: Any) -> Iterator[None]:
        scan_id = self.layers.scan_at(event.viewbox)
        if scan_id is None or not is_plain_press(self.layers, event, RIGHT_BUTTON):
            return
        scan = self.layers.scan(scan_id)
        if scan.colour is not None:
            return
        start, start_px = self.layers.windows.of(scan_id), tuple(event.pos)
        with camera_at_rest(self.layers):
            event.handled = True  # else the right button zooms
            yield
            while event.type == "mouse_move" and self.layers.still_shows(scan):
                event.handled = True
                across_px, down_px = event.pos[0] - start_px[0], event.pos[1] - start_px[1]
                self.layers.windows.set(scan_id, dragged(start, float(across_px), float(down_px)))
                yield


def dragged(start: Window, across_px: float, down_px: float) -> Window:
    """The window after a drag to the right (wider) and down (centre up, picture darker)."""
    narrowest = max(1.0 if start.function == "LINEAR" else 0.0, NARROWEST_SHARE * start.width)
    width = max(start.width * (1 + across_px / PX_PER_WIDTH), narrowest)
    center = start.center + start.width * down_px / PX_PER_WIDTH
    return replace(start, center=center, width=width, name="")
