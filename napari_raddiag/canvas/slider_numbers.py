"""Hides the numbers beside napari's sliders while a case is open: "19 | 21" is said there of slice 20 of 22.

napari counts from 0, and on a turned axis from the other end. The number of the slice as its file has it stands on the
image and in the panel; two numbers for one slice would be one too many.
"""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QFrame, QWidget

from napari_raddiag.canvas.scan_layers import ScanLayers


class SliderNumbers:
    """They come back when the case is closed."""

    def __init__(self, layers: ScanLayers) -> None:
        self._layers = layers
        layers.active_changed.connect(self._follow)
        # After napari has made the sliders of new axes.
        self._new_axes = layers.viewer.dims.events.ndim
        self._new_axes.connect(self._follow, position="last")

    def close(self) -> None:
        """Give them back."""
        self._layers.active_changed.disconnect(self._follow)
        self._new_axes.disconnect(self._follow)
        self._show(True)

    def _follow(self, *_: object) -> None:
        self._show(self._layers.active is None)

    def _show(self, shown: bool) -> None:
        for slider in self._layers.viewer.window._qt_viewer.dims.slider_widgets:
            for part in _numbers(slider):
                part.setVisible(shown)


def _numbers(slider: Any) -> list[QWidget]:
    """The number of the slice, how many there are, and the line between them."""
    lines = [part for part in slider.children() if type(part) is QFrame]
    return [slider.curslice_label, slider.totslice_label, *lines]
