"""A table that leaves the reader's keys to the window: letters, digits, Page Up, Page Down and Escape pass through it.

Qt's tables search their rows for what is typed, page through them, and swallow Escape. Here Up and Down alone move the
row, and only while the table has the focus; a click gives the focus back, so that the keys steer the image again. Knows
neither scans nor disorders.
"""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QAbstractItemModel, Qt, Signal
from qtpy.QtGui import QGuiApplication, QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

PASSED_ON = frozenset({Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Escape})
PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
SELECTING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


class ReadingTable(QTableView):
    """A `QTableView` beside an image: plain rows without a grid, as wide as the panel, never scrolled sideways.

    Args:
        model: What the rows show.
        stretched: The column that takes the width which the others leave.
        parent: Owner.
    """

    focus_released = Signal()
    """A click is done with: the focus may go to the image. Not after a click that selects several rows to be copied."""

    def __init__(self, model: QAbstractItemModel, stretched: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(1)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def fit_columns(self, widths_px: Mapping[int, int]) -> None:
        """Give columns their widths: column -> logical pixels."""
        for column, width_px in widths_px.items():
            self.horizontalHeader().resizeSection(column, width_px)

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
