"""Ask about a disorder by name: a line to type in with suggestions, and the disorders asked for with their scores."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_raddiag.data_models.asked_disorder import MEANING, UNSEEN, AskedDisorder
from napari_raddiag.widgets.reading_table import ReadingTable
from napari_raddiag.widgets.themed_label import ThemedLabel
from raddiag_engine.diagnosis.vocabulary import MOST_NAME_CHARACTERS

NAME_ROLE = Qt.ItemDataRole.UserRole + 1
CODE_ROLE = Qt.ItemDataRole.UserRole + 2
NAME, SCORE, STATE = range(3)
MOST_ROWS_SHOWN = 4


class AskByName(QWidget):
    """What is typed is asked for with Enter or the button; a click on a row shows the evidence, Delete removes it."""

    asked = Signal(str, str)
    """Name and, if it was chosen from the suggestions, its code."""
    typed = Signal(str)
    evidence_requested = Signal(str)
    removed = Signal(str)
    focus_released = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._code_of: dict[str, str] = {}
        self.line = QLineEdit()
        self.line.setPlaceholderText("Ask about a disorder by name")
        self.line.setAccessibleName("Ask about a disorder by name")
        self.line.setMaxLength(MOST_NAME_CHARACTERS)
        # A case dropped here is opened by the panel, and not typed in as the names of its files.
        self.line.setAcceptDrops(False)
        self.button = QPushButton("As&k")
        self.button.setAccessibleName("Ask about this disorder")
        self.reason = ThemedLabel("muted")
        self._suggestions = QStandardItemModel(self)
        self.completer = QCompleter(self._suggestions, self)
        # They were found by ICD-10-CM's own search, word order and spelling aside: Qt must not filter them again.
        self.completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.completer.setCompletionRole(NAME_ROLE)
        self._popup = QListView()
        self.completer.setPopup(self._popup)
        self.line.setCompleter(self.completer)
        self._rows = QStandardItemModel(0, 3, self)
        self.list = ReadingTable(self._rows, stretched=NAME)
        self.list.setAccessibleName("Disorders asked for by name")
        self.list.horizontalHeader().hide()
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._arrange()
        self._connect()
        self.show_rows(())
        self.set_unavailable("")

    def show_rows(self, rows: Sequence[AskedDisorder]) -> None:
        """The disorders asked for, in the order given."""
        self._rows.removeRows(0, self._rows.rowCount())
        for row in rows:
            name = ", ".join((row.disorder.name, *row.disorder.icd10cm))
            items = [QStandardItem(text) for text in (name, row.score_text, UNSEEN)]
            for item in items:
                item.setData(row.disorder.name, NAME_ROLE)
                item.setToolTip(row.tooltip)
            items[NAME].setData(row.sentence, Qt.ItemDataRole.AccessibleTextRole)
            self._rows.appendRow(items)
        metrics = self.list.fontMetrics()
        self.list.fit_columns(
            {SCORE: metrics.horizontalAdvance(" ~0.00 "), STATE: metrics.horizontalAdvance(" unseen  ")}
        )
        height = sum(self.list.rowHeight(row) for row in range(min(len(rows), MOST_ROWS_SHOWN)))
        self.list.setFixedHeight(height + 2 * self.list.frameWidth())
        self.list.setVisible(bool(rows))

    def show_suggestions(self, text: str, suggestions: Sequence[tuple[str, str]]) -> None:
        """Offer (name, code) for what is typed; nothing if the line holds another text by now."""
        is_typing = self.line.hasFocus() or self._popup.isVisible()
        if text != self.line.text().strip() or not is_typing:
            return
        self._suggestions.clear()
        for name, code in suggestions:
            item = QStandardItem(f"{name}   {code}")
            item.setData(name, NAME_ROLE)
            item.setData(code, CODE_ROLE)
            self._suggestions.appendRow(item)
        self._code_of = dict(suggestions)
        if suggestions:
            self.completer.complete()

    def set_unavailable(self, reason: str) -> None:
        """Why nothing can be asked for now; empty if something can."""
        for widget in (self.line, self.button):
            widget.setEnabled(not reason)
            widget.setToolTip(f"Not now: {reason}" if reason else MEANING)
        self.reason.setText(f"Asking by name: {reason}" if reason else "")
        self.reason.setVisible(bool(reason))

    def set_busy(self, busy: bool) -> None:
        """While the engine is asked the button says so; more can be asked for."""
        self.button.setText("Asking..." if busy else "As&k")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete takes the row out that the keyboard is at."""
        index = self.list.currentIndex()
        if event.key() == Qt.Key.Key_Delete and self.list.hasFocus() and index.isValid():
            self.removed.emit(index.data(NAME_ROLE))
            return
        super().keyPressEvent(event)

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.reason)
        layout.addWidget(self.list)

    def _connect(self) -> None:
        self.line.textEdited.connect(self.typed)
        self.line.returnPressed.connect(self._ask)
        self.button.clicked.connect(lambda _checked=False: self._ask())
        self.list.clicked.connect(self._clicked)
        self.list.activated.connect(lambda index: self.evidence_requested.emit(index.data(NAME_ROLE)))

    def _ask(self) -> None:
        name = self.line.text().strip()
        if name:
            self._popup.hide()
            self.asked.emit(name, self._code_of.get(name, ""))
            self.line.clear()

    def _clicked(self, index: QModelIndex) -> None:
        self.evidence_requested.emit(index.data(NAME_ROLE))
        self.focus_released.emit()
