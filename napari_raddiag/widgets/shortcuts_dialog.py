"""The keys and what they do, in a window of their own; binds none."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget


class ShortcutsDialog(QDialog):
    """A list in two columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("RadDiag keys")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self._grid)
        layout.addStretch(1)
        layout.addWidget(buttons)

    def show_shortcuts(self, shortcuts: Sequence[tuple[str, str]]) -> None:
        """List (keys, what they do), such as ("Ctrl+Shift+D", "Diagnose")."""
        while self._grid.count():
            self._grid.takeAt(0).widget().deleteLater()
        for row, (keys, text) in enumerate(shortcuts):
            for column, words in enumerate((keys, text)):
                label = QLabel(words)
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                self._grid.addWidget(label, row, column)
