"""The button that asks for a diagnosis, what is being done about it, and Cancel."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_raddiag.widgets.themed_label import ThemedLabel


class DiagnoseBar(QWidget):
    """Either can be asked, or says why not, or shows how far it is."""

    diagnose_requested = Signal()
    cancel_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shortcut = ""
        self.button = QPushButton("&Diagnose")
        self.button.setAccessibleName("Diagnose")
        self.button.clicked.connect(lambda _checked=False: self.diagnose_requested.emit())
        self.cancel = QPushButton("C&ancel")
        self.cancel.setAccessibleName("Cancel the computation")
        self.cancel.setToolTip("Stop the computation")
        self.cancel.clicked.connect(lambda _checked=False: self._cancel())
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(max(6, self.fontMetrics().height() // 2))
        self.progress.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._says = ThemedLabel("muted")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button, 1)
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self._says)
        self.show_unavailable("open a case first")

    @property
    def text(self) -> str:
        """What is said below the button; empty if nothing."""
        return "" if self._says.isHidden() else self._says.text()

    def set_shortcut(self, keys: str) -> None:
        """Show the keys that do the same, such as "Ctrl+Shift+D"; the view does not bind them."""
        self._shortcut = keys
        self.button.setText(f"&Diagnose  ({keys})" if keys else "&Diagnose")

    def show_ready(self, text: str = "") -> None:
        """A diagnosis can be asked for.

        Args:
            text: What stands below the button, such as "the case changed: diagnose again"; empty for nothing.
        """
        self._arrange(running=False)
        self.button.setEnabled(True)
        keys = f" ({self._shortcut})" if self._shortcut else ""
        self.button.setToolTip(f"Have the engine judge the ticked scans together{keys}")
        self._say(text)

    def show_unavailable(self, reason: str) -> None:
        """A diagnosis cannot be asked for, and why not."""
        self._arrange(running=False)
        self.button.setEnabled(False)
        self.button.setToolTip(f"Not possible now: {reason}")
        self._say(reason)

    def show_progress(self, text: str, fraction: float | None = None) -> None:
        """The engine works.

        Args:
            text: What it is doing, such as "encoding scan 2 of 3".
            fraction: How much is done, 0 to 1; None if that is not known.
        """
        self._arrange(running=True)
        self.cancel.setEnabled(True)
        self._show_fraction(fraction)
        self._say(text)

    def show_cancelling(self) -> None:
        """The engine has been told to stop and has not stopped yet."""
        self._arrange(running=True)
        self.cancel.setEnabled(False)
        self._show_fraction(None)
        self._say("cancelling...")

    def _show_fraction(self, fraction: float | None) -> None:
        self.progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.progress.setValue(round(1000 * min(max(fraction, 0.0), 1.0)))

    def _cancel(self) -> None:
        self.show_cancelling()
        self.cancel_requested.emit()

    def _arrange(self, *, running: bool) -> None:
        self.button.setVisible(not running)
        self.progress.setVisible(running)
        self.cancel.setVisible(running)

    def _say(self, text: str) -> None:
        self._says.setText(text)
        self._says.setVisible(bool(text))
        self.progress.setAccessibleName(text)
