"""Drawing once for many changes: the base of everything that is drawn over the canvas."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer

from napari_raddiag.canvas.scan_layers import ScanLayers


class Redrawing(QObject):
    """Calls `redraw` once, when control returns to Qt, after any number of changes of the layout or of the place."""

    def __init__(self, layers: ScanLayers) -> None:
        super().__init__()
        self.layers = layers
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.redraw)
        for signal in (layers.layout_changed, layers.position_changed, layers.active_changed, layers.window_changed):
            signal.connect(self.schedule)

    def schedule(self, *_: object) -> None:
        """Redraw soon."""
        self._timer.start()

    def redraw(self) -> None:
        """Draw what is to be seen now."""
        raise NotImplementedError

    def close(self) -> None:
        """Draw no more."""
        self._timer.stop()
        layers = self.layers
        for signal in (layers.layout_changed, layers.position_changed, layers.active_changed, layers.window_changed):
            signal.disconnect(self.schedule)
