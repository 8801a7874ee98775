"""The grey-scale window of every scan on the screen, whoever changes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_raddiag.canvas.layer_stack import LayerStack
from napari_raddiag.display.grey_window import (
    automatic_window,
    reading_window,
    value_limits,
    window_of_limits,
    windows_to_choose_from,
)
from raddiag_engine.cases import Scan, Window
from raddiag_engine.errors import CaseError


class ScanWindows(QObject):
    """Keeps windows and the contrast limits of layers alike; percentiles are taken once a scan, when first needed.

    Signals:
        changed: Scan id, window centre and width, whoever changed it.

    Args:
        scans: Of the case, by id; the mapping follows the case.
        stack: Their layers.
    """

    changed = Signal(str, float, float)

    def __init__(self, scans: Mapping[str, Scan], stack: LayerStack) -> None:
        super().__init__()
        self._scans = scans
        self._stack = stack
        self._windows: dict[str, Window] = {}
        self._first: dict[str, Window] = {}
        self._automatic: dict[str, tuple[Scan, Window | None]] = {}
        self._setting = False

    def know(self, scan_id: str, automatic: Window | None) -> None:
        """Take over what `automatic_window` gave for a scan in the background."""
        self._automatic[scan_id] = self._scans[scan_id], automatic

    def of(self, scan_id: str) -> Window:
        """The window a scan is shown in; at first the one it comes up with."""
        if scan_id not in self._windows:
            self._first[scan_id] = self._windows[scan_id] = self.first(scan_id)
        return self._windows[scan_id]

    def first(self, scan_id: str) -> Window:
        """The window a scan comes up with, as what it is said to be now."""
        return reading_window(self._scans[scan_id], self._percentiles_of)

    def choices(self, scan_id: str) -> tuple[Window, ...]:
        """The named windows to choose from: the file's, then the presets; none for a colour scan."""
        scan = self._scans[scan_id]
        return () if scan.colour is not None else windows_to_choose_from(scan, self._percentiles_of)

    @property
    def chosen(self) -> dict[str, Window]:
        """Scan id -> window, of the scans that are not in the window they came up with."""
        return {
            scan_id: window
            for scan_id, window in self._windows.items()
            if scan_id not in self._first or _limits(window) != _limits(self._first[scan_id])
        }

    def set(self, scan_id: str, window: Window) -> bool:
        """Show a scan in a window, at once or as soon as it has a layer; False for a colour scan, which has none."""
        if self._scans[scan_id].colour is not None:
            return False
        self._windows[scan_id] = window
        placed = self._stack.get(scan_id, "scan")
        self._setting = True
        try:
            if placed is not None:
                placed.layer.contrast_limits = value_limits(window)
        finally:
            self._setting = False
        self.changed.emit(scan_id, window.center, window.width)
        return True

    def reset(self, scan_id: str) -> bool:
        """Show a scan in the window it came up with; False for a colour scan."""
        return self.set(scan_id, self.first(scan_id))

    def follow(self, scan_id: str, layer: Any) -> None:
        """Hear of it when a person moves the limits in napari's own control."""
        if self._scans[scan_id].colour is None:
            layer.events.contrast_limits.connect(partial(self._note_limits, scan_id, layer))

    def forget(self, scan_id: str) -> None:
        """A scan is gone."""
        for known in (self._windows, self._first, self._automatic):
            known.pop(scan_id, None)

    def _percentiles_of(self, scan: Scan) -> Window:
        """As `percentile_window`, but taken once for the same voxels, whatever else of the scan is edited."""
        known = self._automatic.get(scan.id)
        if known is None or known[0].voxels is not scan.voxels or known[0].padding != scan.padding:
            known = self._automatic[scan.id] = scan, automatic_window(scan)
        if known[1] is None:
            raise CaseError(f"scan {scan.id} holds no value")
        return known[1]

    def _note_limits(self, scan_id: str, layer: Any, _event: object = None) -> None:
        if self._setting or scan_id not in self._windows:
            return
        low, high = layer.contrast_limits
        window = self._windows[scan_id] = window_of_limits(float(low), float(high), self._windows[scan_id])
        self.changed.emit(scan_id, window.center, window.width)


def _limits(window: Window) -> tuple[float, float, str]:
    return window.center, window.width, window.function
