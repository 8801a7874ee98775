"""A scroll area that leaves Page Up, Page Down and the arrows to the window, where they step through scans and slices.

Qt's own scrolls by them whenever a widget inside lets them pass. What has the focus is still scrolled into view.
"""

from __future__ import annotations

from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QScrollArea


class KeyPassingScroll(QScrollArea):
    """Scrolls by wheel, bar and focus alone."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take no key."""
        event.ignore()
