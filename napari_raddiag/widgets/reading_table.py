"""A table that leaves the reader's keys to the window: letters, digits, Page Up, Page Down and Escape pass through it.

Qt's tables search their rows for what is typed, page through them, and swallow Escape. Here Up and Down alone move the
row, and only while the table has the focus; a click gives the focus back, so that the keys steer the image again. Knows
neither scans nor disorders.
"""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QGuiApplication, QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QTableView, QWidget

PASSED_ON = frozenset({Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Escape})
PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
SELECTING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class ReadingTable(QTableView):
    """A `QTableView` beside an image."""

    focus_released = Signal()
    """A click is done with: the focus may go to the image. Not after a click that selects several rows to be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabKeyNavigation(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pass on what is the window's, unaccepted; the table has the rest."""
        if is_passed_on(event):
            event.ignore()
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Nothing is searched by typing: letters are the window's keys."""

    def release_focus(self) -> None:
        """Say that a click is done with, unless a cell is being edited or rows are being selected."""
        editing = self.state() == QAbstractItemView.State.EditingState
        if not editing and not QGuiApplication.keyboardModifiers() & SELECTING:
            self.focus_released.emit()


def is_passed_on(event: QKeyEvent) -> bool:
    """True for a key that is the window's: one that prints, but for the space bar, or pages, without Ctrl and Alt."""
    if event.modifiers() & ~PLAIN:
        return False
    text = event.text()
    return event.key() in PASSED_ON or (text.isprintable() and bool(text.strip()))
