"""Which mouse events are a reader's, and not of a tool that a person chose in napari."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from napari_raddiag.canvas.scan_layers import ScanLayers

LEFT_BUTTON, RIGHT_BUTTON, MIDDLE_BUTTON = 1, 2, 3


def is_plain_press(layers: ScanLayers, event: Any, button: int) -> bool:
    """True for a press of this button without modifier keys, in 2D, while no layer of others is being drawn upon."""
    return event.button == button and not event.modifiers and is_reading(layers)


def is_reading(layers: ScanLayers) -> bool:
    """True in 2D while the layer selected in napari is moved about, not drawn upon."""
    if layers.active is None or layers.viewer.dims.ndisplay != 2:
        return False
    chosen = layers.viewer.layers.selection.active
    return chosen is None or layers.stack.owns(chosen) or str(chosen.mode) == "pan_zoom"


@contextmanager
def camera_at_rest(layers: ScanLayers) -> Iterator[None]:
    """While the mouse drags something of ours, it does not move the picture."""
    camera = layers.viewer.scene.camera
    pan = camera.mouse_pan
    camera.mouse_pan = False
    try:
        yield
    finally:
        camera.mouse_pan = pan
