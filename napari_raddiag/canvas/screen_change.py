"""Tells that the canvas came to a screen with finer or coarser pixels, on which letters must be painted anew."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, Signal

from napari_raddiag.canvas.canvas_marks import canvas_widget


class ScreenChange(QObject):
    """Installed for as long as it is not closed.

    Signals:
        changed: The canvas has another device pixel ratio now.
    """

    changed = Signal()

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._widget = canvas_widget(viewer)
        self._widget.installEventFilter(self)

    def close(self) -> None:
        """Leave the canvas."""
        self._widget.removeEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Listen, and let everything pass."""
        if event is not None and event.type() == QEvent.Type.DevicePixelRatioChange:
            self.changed.emit()
        return False
