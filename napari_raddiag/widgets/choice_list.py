"""A list to choose from that does not keep the keys: letters are the reader's again once it is shut."""

from __future__ import annotations

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QComboBox


class ChoiceList(QComboBox):
    """A combo box that says when its list was opened and is shut again, whether or not something was chosen.

    Arrow keys on the shut list say nothing: whoever came here with the keyboard stays.
    """

    focus_released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._is_open = False

    def showPopup(self) -> None:
        """Open the list."""
        self._is_open = True
        super().showPopup()

    def hidePopup(self) -> None:
        """Shut the list; Qt also calls this when the box itself is hidden."""
        super().hidePopup()
        if self._is_open:
            self._is_open = False
            # Qt gives the focus back to the box, and tells what was chosen, after this.
            QTimer.singleShot(0, self, self.focus_released.emit)
