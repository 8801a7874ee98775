"""The window made for reading: the image large, our panel at the right, napari's own docks one key away.

Works on the Qt main window that the panel stands in, by the names of its docks: nothing private of napari is used.
"""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

NAPARI_DOCKS = ("layer list", "layer controls")
PANEL_WIDTH_PX = 420


def arrange_for_reading(panel: QWidget) -> None:
    """The same after every start: napari's docks hidden, the panel docked at the right in its own width.

    Does nothing to a panel that stands in no main window, or that floats on another screen.
    """
    window, dock = main_window_of(panel), dock_of(panel)
    if window is None or dock is None or dock.isFloating():
        return
    show_napari_docks(panel, False)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    # On a small screen the image keeps the larger half.
    window.resizeDocks([dock], [min(PANEL_WIDTH_PX, window.width() // 2)], Qt.Orientation.Horizontal)


def show_napari_docks(panel: QWidget, visible: bool) -> None:
    """Show or hide napari's layer list and layer controls."""
    for dock in _napari_docks(panel):
        dock.setVisible(visible)


def napari_docks_visible(panel: QWidget) -> bool:
    """True if one of them is shown."""
    return any(dock.isVisible() for dock in _napari_docks(panel))


def toggle_napari_docks(panel: QWidget) -> None:
    """Show both of them, or hide what is shown of them."""
    show_napari_docks(panel, not napari_docks_visible(panel))


def main_window_of(panel: QWidget) -> QMainWindow | None:
    """The main window that the panel belongs to, also while it floats."""
    widget: QWidget | None = panel
    while widget is not None and not isinstance(widget, QMainWindow):
        widget = widget.parentWidget()
    return widget


def give_keys_to_image(panel: QWidget) -> None:
    """The reader's keys go to the image again, from wherever in the panel the focus is.

    While the panel is a window of its own, that window gets the keys: with nothing in it focused, napari's dock passes
    all of them on to the image.
    """
    from napari.qt import QtViewer

    focused = panel.window().focusWidget()
    if focused is not None and panel.isAncestorOf(focused):
        focused.clearFocus()
    window = main_window_of(panel)
    canvas = None if window is None else window.findChild(QtViewer)
    if canvas is not None:
        canvas.setFocus()


def dock_of(panel: QWidget) -> QDockWidget | None:
    """The dock that the panel is in."""
    widget: QWidget | None = panel
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget


def _napari_docks(panel: QWidget) -> list[QDockWidget]:
    window = main_window_of(panel)
    docks = [] if window is None else window.findChildren(QDockWidget)
    return [dock for dock in docks if dock.objectName() in NAPARI_DOCKS]
