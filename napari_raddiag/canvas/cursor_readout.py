"""What lies under the mouse, said on every move and every step."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.display.cursor_text import cursor_text
from napari_raddiag.display.planes import through_axis


class CursorReadout:
    """Emits `ScanLayers.cursor_moved`; an empty text where there is nothing."""

    def __init__(self, layers: ScanLayers) -> None:
        self.layers = layers
        self._last = ""
        self._viewbox: tuple[int, int] | None = (0, 0)
        self._world: tuple[float, ...] | None = None
        layers.viewer.mouse_move_callbacks.append(self._on_move)
        layers.viewer.events.mouse_over_canvas.connect(self._on_leaving)
        layers.position_changed.connect(self._on_step)
        layers.active_changed.connect(self._on_step)

    def close(self) -> None:
        """Leave the viewer."""
        layers = self.layers
        layers.viewer.mouse_move_callbacks.remove(self._on_move)
        layers.viewer.events.mouse_over_canvas.disconnect(self._on_leaving)
        layers.position_changed.disconnect(self._on_step)
        layers.active_changed.disconnect(self._on_step)

    def text(self) -> str:
        """What lies under the mouse now."""
        layers = self.layers
        scan_id = layers.scan_at(self._viewbox)
        if scan_id is None or self._world is None or layers.viewer.dims.ndisplay != 2:
            return ""
        seat = layers.seat(scan_id)
        index = layers.navigation.stored_index_at(scan_id, self._world)
        through = through_axis(seat.grid, seat.plane)
        if through is not None:
            # Across the screen the mouse says where, along the slices the slice that is shown.
            display = seat.grid.to_display(index)
            display[through] = seat.grid.to_display(layers.navigation.index(scan_id))[through]
            index = seat.grid.to_stored(display)
        if not seat.grid.inside(index):
            return ""
        voxel = tuple(int(i) for i in np.rint(index))
        return cursor_text(seat.scan, seat.grid, voxel, through)

    def _on_move(self, _viewer: Any, event: Any) -> None:
        self._viewbox, self._world = event.viewbox, tuple(float(x) for x in event.position)
        self._say()

    def _on_step(self, _scan_id: str) -> None:
        self._say()

    def _on_leaving(self) -> None:
        if not self.layers.viewer.mouse_over_canvas:
            self._world = None
            self._say()

    def _say(self) -> None:
        text = self.text()
        if text != self._last:
            self._last = text
            self.layers.cursor_moved.emit(text)
