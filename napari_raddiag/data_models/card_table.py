"""The disorders of a model card as a Qt table model of plain texts, thousands of rows at no cost."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from napari_raddiag.data_models.card_text import disorder_rows
from napari_raddiag.data_models.index import Index
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
SEARCHED_COLUMNS = (0, 1)


class CardTable(QAbstractTableModel):
    """Rows are the disorders of the card that hold a text in name or code."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[str, ...]] = []
        self._shown: list[tuple[str, ...]] = []
        self._text = ""

    def set_card(self, card: ModelCard) -> None:
        """Show the disorders of a card."""
        self._rows = disorder_rows(card)
        self.set_text(self._text)

    def set_text(self, text: str) -> None:
        """Show the disorders whose name or codes hold `text`; empty for all."""
        self._text, wanted = text, text.casefold().strip()
        self.beginResetModel()
        self._shown = [row for row in self._rows if any(wanted in row[c].casefold() for c in SEARCHED_COLUMNS)]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Number of disorders shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Number of columns."""
        return 0 if parent.isValid() else len(HEAD)

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEAD[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell; its tooltip is its text, which a narrow column cuts off."""
        if index.isValid() and role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._shown[index.row()][index.column()]
        return None
