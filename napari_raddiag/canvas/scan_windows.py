"""The grey-scale window of every scan on the screen, whoever changes it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_raddiag.display.grey_window import reading_window, value_limits, window_of_limits
from raddiag_engine.cases import Scan, Window


class ScanWindows(QObject):
    """Keeps windows and the contrast limits of layers alike.

    Signals:
        changed: Scan id, window centre and width.
    """

    changed = Signal(str, float, float)

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, Window] = {}
        self._setting = False

    def of(self, scan: Scan) -> Window:
        """The window of a scan; at first the one it comes up with."""
        if scan.id not in self._windows:
            self._windows[scan.id] = reading_window(scan)
        return self._windows[scan.id]

    def follow(self, scan: Scan, layer: Any) -> None:
        """Hear of it when a person moves the limits in napari's own control."""
        if scan.colour is None:
            layer.events.contrast_limits.connect(lambda _event: self._note_limits(scan, layer))

    def set(self, scan: Scan, layer: Any | None, window: Window) -> None:
        """Show a scan in a window; at once if it has a layer."""
        self._windows[scan.id] = window
        self._setting = True
        try:
            if layer is not None:
                layer.contrast_limits = value_limits(window)
        finally:
            self._setting = False
        self.changed.emit(scan.id, window.center, window.width)

    def forget(self, scan_id: str) -> None:
        """A scan is gone."""
        self._windows.pop(scan_id, None)

    def _note_limits(self, scan: Scan, layer: Any) -> None:
        if self._setting or scan.id not in self._windows:
            return
        low, high = layer.contrast_limits
        window = window_of_limits(float(low), float(high), self._windows[scan.id])
        self._windows[scan.id] = window
        self.changed.emit(scan.id, window.center, window.width)
