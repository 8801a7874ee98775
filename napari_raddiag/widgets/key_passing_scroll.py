"""A scroll area that leaves Page Up, Page Down and the arrows to the window, where they step through scans and slices.

Qt's own scrolls by them whenever a widget inside lets them pass. What has the focus is still scrolled into view. What
is being read stays where it is on the screen when something above it grows or shrinks: the list of disorders does not
slip away under the mouse because the view jumped to a scan with more to say about it.
"""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QScrollArea, QWidget


class KeyPassingScroll(QScrollArea):
    """Scrolls by wheel, bar and focus alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: list[QWidget] = []
        self._read: QWidget | None = None
        self._offset = self._value = 0
        self._keeping = False
        # A bar that comes and goes takes width away, and lines that then wrap lie over each other for a while.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        bar = self.verticalScrollBar()
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(lambda *_range: self._keep())

    def setWidget(self, widget: QWidget) -> None:
        """Show a column of parts; it holds all of them already."""
        super().setWidget(widget)
        self._parts = widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        for part in self._parts:
            part.installEventFilter(self)

    def bring_up(self, part: QWidget) -> None:
        """Scroll until a part begins at the top, now or once there is enough below it, unless somebody scrolls."""
        self._read, self._offset = part, 0
        self._keep()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The part that is being read was moved: the view goes with it."""
        if event.type() == QEvent.Type.Move and watched is self._read:
            self._keep()
        return bool(super().eventFilter(watched, event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take no key."""
        event.ignore()

    def _scrolled(self, value: int) -> None:
        shortened = self._value > self.verticalScrollBar().maximum()
        self._value = value
        if self._keeping or shortened:
            return  # nobody scrolled
        self._read = self._being_read()
        self._offset = self._read.y() - value if self._read is not None else 0

    def _keep(self) -> None:
        if self._read is not None:
            self._keeping = True
            self.verticalScrollBar().setValue(self._read.y() - self._offset)
            self._keeping = False

    def _being_read(self) -> QWidget | None:
        """The first part that begins in the upper half of what is in sight, else the one at its upper edge."""
        top, half = self.verticalScrollBar().value(), self.viewport().height() // 2
        if top == 0:
            return None  # at the top the column simply grows
        shown = [part for part in self._parts if not part.isHidden()]
        begun = [part for part in shown if top <= part.y() < top + half]
        above = [part for part in shown if part.y() < top]
        if begun:
            return min(begun, key=QWidget.y)
        return max(above, key=QWidget.y) if above else None
