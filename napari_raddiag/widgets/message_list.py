"""Messages that stay until they are dismissed, and the files that gave no scan; no message fades by itself."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_raddiag.data_models.panel_message import PanelMessage, Severity
from napari_raddiag.data_models.plain_line import one_line
from napari_raddiag.data_models.without_names import reason_without_names
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.section import Section
from napari_raddiag.widgets.themed_label import NoteLine, Role

MARKS: dict[Severity, tuple[Role, Mark]] = {
    Severity.NOTE: ("muted", Mark.INFO),
    Severity.WARNING: ("caution", Mark.TRIANGLE),
    Severity.ERROR: ("error", Mark.CROSS),
}
MOST_MESSAGES = 5
MOST_LINES = 5


class MessageList(QWidget):
    """Newest first; takes no room while there is nothing to say."""

    report_copied = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[MessageLine] = []
        self._skipped_files: tuple[tuple[str, str], ...] = ()
        self._identity_hidden = False
        self._skipped_text = QPlainTextEdit()
        self._skipped_text.setReadOnly(True)
        self._skipped_text.setTabChangesFocus(True)
        self._skipped_text.setAccessibleName("Files that gave no scan, and why")
        self._skipped = Section("Files skipped", self._skipped_text, expanded=False)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._skipped)
        self.show_skipped(())

    @property
    def messages(self) -> tuple[PanelMessage, ...]:
        """What is said, newest first."""
        return tuple(line.message for line in self._messages)

    def show_message(self, message: PanelMessage) -> None:
        """Say it above the others; it takes the place of an equal one and of one with the same key."""
        for line in list(self._messages):
            old = line.message
            if old == message or (message.key and old.key == message.key):
                self._remove(line)
        while len(self._messages) >= MOST_MESSAGES:
            self._remove(self._messages[-1])
        line = MessageLine(message, identity_hidden=self._identity_hidden)
        line.dismissed.connect(lambda: self._remove(line))
        line.report_copied.connect(self.report_copied)
        self._messages.insert(0, line)
        self._layout.insertWidget(0, line)
        self._show_if_any()

    def withdraw(self, key: str) -> None:
        """Take back the message with this key, if it is still there: its cause is gone."""
        for line in list(self._messages):
            if line.message.key == key:
                self._remove(line)

    def show_skipped(self, skipped: Sequence[tuple[str, str]]) -> None:
        """List files that gave no scan, as (name, reason)."""
        self._skipped_files = tuple(skipped)
        self._list_skipped()
        lines = min(max(len(skipped), 2), MOST_LINES)
        self._skipped_text.setFixedHeight((lines + 1) * self.fontMetrics().lineSpacing())
        self._skipped.set_title("1 file gave no scan" if len(skipped) == 1 else f"{len(skipped)} files gave no scan")
        self._skipped.setVisible(bool(skipped))
        self._skipped.set_expanded(False)
        self._show_if_any()

    def set_identity_hidden(self, hidden: bool) -> None:
        """Hide or show the names of files and folders, which may hold a patient's name; the reasons stay."""
        self._identity_hidden = hidden
        for line in self._messages:
            line.set_identity_hidden(hidden)
        self._list_skipped()

    def clear(self) -> None:
        """Take everything back."""
        for line in list(self._messages):
            self._remove(line)
        self.show_skipped(())

    def _list_skipped(self) -> None:
        files = self._skipped_files
        if self._identity_hidden:
            names = [name for name, _ in files]
            files = tuple(
                (f"file {number}", reason_without_names(reason, names))
                for number, (_, reason) in enumerate(files, start=1)
            )
        self._skipped_text.setPlainText("\n".join(f"{one_line(name)}: {one_line(reason)}" for name, reason in files))

    def _remove(self, line: MessageLine) -> None:
        if line in self._messages:
            self._messages.remove(line)
            self._layout.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._show_if_any()

    def _show_if_any(self) -> None:
        self.setVisible(bool(self._messages) or not self._skipped.isHidden())


class MessageLine(QWidget):
    """One message with its buttons."""

    dismissed = Signal()
    report_copied = Signal()

    def __init__(self, message: PanelMessage, *, identity_hidden: bool = False) -> None:
        super().__init__()
        self.message = message
        self._note = NoteLine(*MARKS[message.severity])
        self.copy = QPushButton("Copy report")
        self.copy.setToolTip("Copy what happened, without patient data, to send it to who can help")
        self.copy.clicked.connect(lambda _checked=False: self._copy())
        self.copy.setVisible(bool(message.report))
        self.dismiss = QPushButton("Dismiss")
        self.dismiss.setToolTip("Take this message away")
        self.dismiss.clicked.connect(lambda _checked=False: self.dismissed.emit())
        row = QHBoxLayout()
        row.addWidget(self._note, 1)
        row.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignRight)
        self.set_identity_hidden(identity_hidden)

    def set_identity_hidden(self, hidden: bool) -> None:
        """Say it without or with the names of files."""
        text = self.message.shown_text(identity_hidden=hidden)
        self._note.show_text(f"{self.message.severity.capitalize()}: {one_line(text)}")
        self.dismiss.setAccessibleName(f"Dismiss: {text}")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.message.report)
        self.copy.setText("Copied")
        self.report_copied.emit()
