"""Everything of the canvas put together: scans, overlays, what is drawn upon them, mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_raddiag.canvas.canvas_marks import canvas_widget
from napari_raddiag.canvas.canvas_notice import CanvasNotice
from napari_raddiag.canvas.cine_player import CinePlayer
from napari_raddiag.canvas.crosshair import Crosshair
from napari_raddiag.canvas.cursor_readout import CursorReadout
from napari_raddiag.canvas.dark_surround import DarkSurround
from napari_raddiag.canvas.middle_pan import MiddlePan
from napari_raddiag.canvas.network_view_layer import NetworkViewLayer
from napari_raddiag.canvas.orientation_letters import OrientationLetters
from napari_raddiag.canvas.ruler import Ruler
from napari_raddiag.canvas.saliency_layers import SaliencyLayers
from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.canvas.screen_change import ScreenChange
from napari_raddiag.canvas.slice_wheel import SliceWheel
from napari_raddiag.canvas.slider_numbers import SliderNumbers
from napari_raddiag.canvas.window_drag import WindowDrag


class ReadingCanvas:
    """One for each viewer; `close` gives the viewer back as it was."""

    def __init__(self, viewer: Any) -> None:
        self._widget = canvas_widget(viewer)
        self.layers = ScanLayers(viewer)
        self.saliency = SaliencyLayers(viewer, self.layers)
        self.network_view = NetworkViewLayer(viewer, self.layers)
        self._screen = ScreenChange(viewer)
        self._screen.changed.connect(self.layers.layout_changed)
        self._surroundings = (DarkSurround(self.layers), SliderNumbers(self.layers))
        self.letters = OrientationLetters(self.layers)
        self.notice = CanvasNotice(self.layers)
        # The ruler is asked before the crosshair, so that with both on a left drag measures.
        self.ruler = Ruler(self.layers)
        self.crosshair = Crosshair(self.layers)
        self.cine = CinePlayer(self.layers)
        self._mouse = (SliceWheel(self.layers), WindowDrag(self.layers), MiddlePan(self.layers))
        self.readout = CursorReadout(self.layers)

    def actions(self) -> dict[str, Callable[[], object]]:
        """What the keys do that need nothing but the canvas, by the names in `shortcuts.py`."""
        layers = self.layers
        return {
            "previous_slice": lambda: layers.navigation.step_slice(-1),
            "next_slice": lambda: layers.navigation.step_slice(1),
            "previous_scan": lambda: layers.step_scan(-1),
            "next_scan": lambda: layers.step_scan(1),
            "axial": lambda: layers.set_plane("axial"),
            "coronal": lambda: layers.set_plane("coronal"),
            "sagittal": lambda: layers.set_plane("sagittal"),
            "toggle_grid": lambda: layers.set_grid(not layers.is_grid),
            "fit": layers.fit,
            "reset_window": lambda: layers.active is not None and layers.windows.reset(layers.active),
            "toggle_crosshair": self.crosshair.toggle,
            "toggle_ruler": self.ruler.toggle,
            "toggle_cine": self.cine.toggle,
            "toggle_model": lambda: layers.hide_model(not layers.model_hidden),
        }

    def close(self) -> None:
        """Remove our layers, marks and callbacks."""
        self.cine.close()
        for part in (self._screen, self.readout, *self._mouse, self.crosshair, self.ruler, self.letters, self.notice):
            part.close()
        # A frame without our marks before our layers go: else Mesa ends the program at the next one, if a volume of
        # somebody else's is in the viewer.
        if isalive(self._widget):
            self._widget.grabFramebuffer()
        self.saliency.close()
        self.layers.close()
        for surrounding in self._surroundings:
            surrounding.close()
        self.release()

    def release(self) -> None:
        """Let Qt delete the parts, in its own thread; the viewer may be gone already."""
        parts: tuple[QObject, ...] = (
            self.cine,
            self.readout,
            *self._mouse,
            self.crosshair,
            self.ruler,
            self.letters,
            self.notice,
            self.network_view,
            self.saliency,
            self.layers,
        )
        for part in parts:
            if isinstance(part, QObject) and isalive(part):
                part.deleteLater()
