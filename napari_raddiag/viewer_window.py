"""The Qt window of napari's current viewer, and whether a person is at it. Light: it imports Qt only where Qt runs."""

from __future__ import annotations

import sys
from typing import Any


def viewer_window() -> Any | None:
    """The QtViewer of the current viewer; None without a window, as for a script that only reads."""
    if "napari" not in sys.modules:
        return None
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return None
    from napari.qt import QtViewer
    from qtpy.QtWidgets import QApplication

    wanted = getattr(viewer, "__wrapped__", viewer)
    for window in QApplication.topLevelWidgets():
        found = window.findChild(QtViewer)
        if found is not None and getattr(found.viewer, "__wrapped__", found.viewer) is wanted:
            return found
    return None


def is_running() -> bool:
    """True while Qt's events are handled: whoever blocks this thread now blocks the window under someone's hands."""
    from qtpy.QtCore import QThread

    return bool(QThread.currentThread().loopLevel() > 0)
