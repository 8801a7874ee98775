"""Black around the image while a case is open, whatever napari's theme: a white field glares in a dark reading room."""

from __future__ import annotations

from typing import Any

from napari_raddiag.canvas.scan_layers import ScanLayers

BLACK = "black"


class DarkSurround:
    """napari gets its own background back when the case is closed."""

    def __init__(self, layers: ScanLayers) -> None:
        self._layers = layers
        self._is_dark = False
        self._before: Any = None
        layers.active_changed.connect(self._follow)

    def close(self) -> None:
        """Give the background back."""
        self._layers.active_changed.disconnect(self._follow)
        self._set(False)

    def _follow(self, scan_id: str) -> None:
        self._set(bool(scan_id))

    def _set(self, dark: bool) -> None:
        if dark == self._is_dark:
            return
        canvas = self._layers.viewer.canvas
        if dark:
            self._before = canvas.background_color_override
        self._is_dark = dark
        canvas.background_color_override = BLACK if dark else self._before
