"""The model card for reading, in a window of its own."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_raddiag.data_models.card_text import card_html, disorder_rows
from raddiag_engine.models.card import ModelCard

HEAD = (
    "Disorder",
    "ICD-10-CM",
    "Learned from",
    "Positive cases",
    "Sensitivity / specificity",
    "Assessed on",
    "Chapter",
)


class CardDialog(QDialog):
    """What the model is for and not for, and what each disorder was learned from."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About the model")
        self.setSizeGripEnabled(True)
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setAccessibleName("Model card")
        self.find = QLineEdit()
        self.find.setPlaceholderText("Find a disorder")
        self.find.setClearButtonEnabled(True)
        self.find.setAccessibleName("Find a disorder")
        self.find.setToolTip("Shows the rows that hold this text")
        self.find.textChanged.connect(self._filter)
        self.table = QTableWidget(0, len(HEAD))
        self.table.setHorizontalHeaderLabels(list(HEAD))
        self.table.setAccessibleName("Disorders of the model")
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        disorders = QWidget()
        inside = QVBoxLayout(disorders)
        inside.addWidget(self.find)
        inside.addWidget(self.table)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.text, "&Model")
        self.tabs.addTab(disorders, "&Disorders")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        layout.addWidget(buttons)

    def show_card(self, card: ModelCard) -> None:
        """Fill the window; the caller opens it."""
        self.setWindowTitle(f"About model {card.name}")
        self.text.setHtml(card_html(card))
        rows = disorder_rows(card)
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(number, column, item)
        self._fit_columns()
        self._filter(self.find.text())

    def sizeHint(self) -> QSize:
        """Wide enough to read, and small enough for 1366 x 768."""
        em = self.fontMetrics().height()
        return QSize(min(48 * em, 900), min(36 * em, 640))

    def _fit_columns(self) -> None:
        letter = self.fontMetrics().horizontalAdvance("0")
        for column, letters in enumerate((26, 12, 18, 16, 24, 40, 40)):
            self.table.setColumnWidth(column, letters * letter)

    def _filter(self, text: str) -> None:
        wanted = text.casefold()
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, column).text().casefold() for column in (0, 1))
            self.table.setRowHidden(row, bool(wanted) and not any(wanted in cell for cell in cells))

    def keyPressEvent(self, event: object) -> None:
        """Enter in the search line must not close the window."""
        if getattr(event, "key", lambda: None)() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.find.hasFocus():
            return
        super().keyPressEvent(event)
