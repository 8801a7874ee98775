"""Offers the reading that a crash ended: a lasting line, no dialog between the reader and the next case."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.themed_label import NoteLine

OFFER = "The last reading was not closed as it should be. Open it again with its ticks and windows?"


class RestoreOffer(QWidget):
    """Restore or forget."""

    restore_requested = Signal()
    forget_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._line = NoteLine("caution", Mark.TRIANGLE)
        self._line.show_text(OFFER)
        self.restore = QPushButton("Res&tore")
        self.restore.setToolTip("Read the case again, with its ticks, windows and diagnosis")
        self.forget = QPushButton("Forget it")
        self.forget.setToolTip("Do not offer it again; no file of the case is touched")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.restore)
        row.addWidget(self.forget)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line)
        layout.addLayout(row)
        for button, signal in ((self.restore, self.restore_requested), (self.forget, self.forget_requested)):
            button.clicked.connect(lambda _checked=False, signal=signal: self._answer(signal))
        self.setVisible(False)

    def _answer(self, signal: Signal) -> None:
        self.setVisible(False)
        signal.emit()
