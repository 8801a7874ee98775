"""The grey-scale window of every scan on the screen, whoever changes it."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_raddiag.display.grey_window import (
    reading_window,
    value_limits,
    window_of_limits,
    windows_to_choose_from,
)
from raddiag_engine.cases import Scan, Window
from raddiag_engine.errors import CaseError
from raddiag_engine.preparation.windowing import percentile_window


class ScanWindows(QObject):
    """Keeps windows and the contrast limits of layers alike; percentiles are taken once a scan, when first needed.

    Signals:
        changed: Scan id, window centre and width.
    """

    changed = Signal(str, float, float)

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, Window] = {}
        self._first: dict[str, Window] = {}
        self._percentiles: dict[str, tuple[Scan, Window | CaseError]] = {}
        self._setting = False

    def of(self, scan: Scan) -> Window:
        """The window of a scan; at first the one it comes up with."""
        if scan.id not in self._windows:
            self._first[scan.id] = self._windows[scan.id] = self.first(scan)
        return self._windows[scan.id]

    def first(self, scan: Scan) -> Window:
        """The window a scan comes up with, as what it is said to be now."""
        return reading_window(scan, self._percentiles_of)

    def choices(self, scan: Scan) -> tuple[Window, ...]:
        """The named windows of a scan to choose from."""
        return windows_to_choose_from(scan, self._percentiles_of)

    @property
    def chosen(self) -> dict[str, Window]:
        """Scan id -> window, of the scans that are not in the window they came up with."""
        return {
            scan_id: window
            for scan_id, window in self._windows.items()
            if scan_id not in self._first or _numbers(window) != _numbers(self._first[scan_id])
        }

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
        self._first.pop(scan_id, None)
        self._percentiles.pop(scan_id, None)

    def _percentiles_of(self, scan: Scan) -> Window:
        """As `percentile_window`, but taken once for the same voxels, whatever else of the scan is edited."""
        known = self._percentiles.get(scan.id)
        if known is None or known[0].voxels is not scan.voxels or known[0].padding != scan.padding:
            try:
                known = (scan, percentile_window(scan))
            except CaseError as error:
                known = (scan, error)
            self._percentiles[scan.id] = known
        if isinstance(known[1], CaseError):
            raise known[1]
        return known[1]

    def _note_limits(self, scan: Scan, layer: Any) -> None:
        if self._setting or scan.id not in self._windows:
            return
        low, high = layer.contrast_limits
        window = window_of_limits(float(low), float(high), self._windows[scan.id])
        self._windows[scan.id] = window
        self.changed.emit(scan.id, window.center, window.width)


def _numbers(window: Window) -> tuple[float, float]:
    return window.center, window.width
