"""The model card for reading, in a window of its own."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QTableView,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_raddiag.data_models.card_table import CardTable
from napari_raddiag.data_models.card_text import card_html
from raddiag_engine.models.card import ModelCard

COLUMN_LETTERS = (26, 12, 18, 16, 24, 40, 40)


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
        self.find.setPlaceholderText("Find a disorder or code")
        self.find.setClearButtonEnabled(True)
        self.find.setAccessibleName("Find a disorder or code")
        self.find.setToolTip("Shows the disorders whose name or code holds this text")
        self.model = CardTable(self)
        self.find.textChanged.connect(self.model.set_text)
        self.table = self._table()
        disorders = QWidget()
        inside = QVBoxLayout(disorders)
        inside.addWidget(self.find)
        inside.addWidget(self.table)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.text, "&Model")
        self.tabs.addTab(disorders, "&Disorders")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        # Else Enter in the search line would close the window.
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        layout.addWidget(buttons)

    def show_card(self, card: ModelCard) -> None:
        """Fill the window; the caller opens it."""
        self.setWindowTitle(f"About model {card.name}")
        self.text.setHtml(card_html(card))
        self.model.set_card(card)

    def sizeHint(self) -> QSize:
        """Wide enough to read, and small enough for 1366 x 768."""
        em = self.fontMetrics().height()
        return QSize(min(52 * em, 1000), min(38 * em, 640))

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("Disorders of the model")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        letter = table.fontMetrics().horizontalAdvance("0")
        for column, letters in enumerate(COLUMN_LETTERS):
            table.setColumnWidth(column, letters * letter)
        return table
