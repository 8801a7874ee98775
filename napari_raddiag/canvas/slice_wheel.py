"""The wheel steps through slices, one a notch; with Ctrl or Cmd it zooms about the mouse."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_raddiag.canvas.mouse import is_reading
from napari_raddiag.canvas.scan_layers import ScanLayers

ZOOM_PER_NOTCH = 1.15
NAPARI_SCROLL = "dims_scroll"


class SliceWheel:
    """Installed for as long as it is not closed; napari's own Ctrl-wheel, which scrolls, rests meanwhile."""

    def __init__(self, layers: ScanLayers) -> None:
        self.layers = layers
        self._progress = 0.0
        callbacks = layers.viewer.mouse_wheel_callbacks
        self._resting = [callback for callback in callbacks if getattr(callback, "__name__", "") == NAPARI_SCROLL]
        for callback in self._resting:
            callbacks.remove(callback)
        callbacks.append(self._on_wheel)

    def close(self) -> None:
        """Leave the viewer, and give it its own wheel back."""
        callbacks = self.layers.viewer.mouse_wheel_callbacks
        callbacks.remove(self._on_wheel)
        callbacks[:0] = self._resting

    def _on_wheel(self, viewer: Any, event: Any) -> None:
        zooming = "Control" in event.modifiers or "Meta" in event.modifiers
        if zooming and len(event.modifiers) == 1:
            self._zoom(viewer, event)
        elif not event.modifiers and is_reading(self.layers):
            self._scroll(event)
        elif zooming or not event.modifiers:
            for callback in self._resting:  # no case, or napari's 3D view: as napari does it
                callback(viewer, event)

    def _scroll(self, event: Any) -> None:
        scan_id = self.layers.scan_at(event.viewbox)
        if scan_id is None:
            return
        if self.layers.is_grid:
            self.layers.activate(scan_id)
        if not self.layers.navigation.can_step(scan_id):
            return  # a single image: the camera zooms, as napari does it
        event.handled = True
        # At most one slice an event, however many lines the system scrolls; a trackpad's small steps add up.
        self._progress -= float(np.clip(event.delta[1], -1, 1))
        steps = int(self._progress)
        self._progress -= steps
        self.layers.navigation.step_slice(steps)

    def _zoom(self, viewer: Any, event: Any) -> None:
        event.handled = True
        camera = viewer.scene.camera
        factor = ZOOM_PER_NOTCH ** float(np.clip(event.delta[1], -3, 3))
        under_mouse = np.array([event.position[axis] for axis in event.dims_displayed[-2:]])
        middle = np.array(camera.center[-2:])
        camera.zoom *= factor
        camera.center = tuple(float(c) for c in under_mouse - (under_mouse - middle) / factor)
