"""The disorders of a diagnosis as a Qt table model; knows nothing of how they are drawn."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from napari_raddiag.data_models.index import Index
from napari_raddiag.data_models.score_text import codes_text, score_sentence, score_text, score_tooltip
from raddiag_engine.diagnosis.result import DisorderScore

SCORE_ROLE = Qt.ItemDataRole.UserRole + 1
"""Role under which every cell gives its row's `DisorderScore`."""


class Column(IntEnum):
    """The columns, in the order shown."""

    NAME = 0
    CODE = 1
    SCORE = 2
    STATE = 3
    TIER = 4


TITLES = {
    Column.NAME: ("Disorder", "Ranked: all positives first, then by score"),
    Column.CODE: ("ICD-10-CM", "Code; * was found by name and not given by the training data"),
    Column.SCORE: (
        "Score",
        "Bar: score; line across: threshold, dotted if unreliable; hatched: not assessed; ~ is not a probability",
    ),
    Column.STATE: ("State", "Positive: at or above its threshold. Not assessed does not mean absent"),
    Column.TIER: ("Learned", "Positive training cases: head 100 or more, medium 30 to 99, tail fewer than 30"),
}


class DisorderTable(QAbstractTableModel):
    """Rows are disorders in the order given; all cells are read-only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scores: tuple[DisorderScore, ...] = ()

    @property
    def scores(self) -> tuple[DisorderScore, ...]:
        """What the rows show."""
        return self._scores

    def set_scores(self, scores: tuple[DisorderScore, ...]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self._scores = scores
        self.endResetModel()

    def row_of(self, name: str) -> int | None:
        """Row of the disorder called `name`, None if it has none."""
        return next((row for row, score in enumerate(self._scores) if score.name == name), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Number of disorders."""
        return 0 if parent.isValid() else len(self._scores)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        """Number of columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Titles of the columns and what they mean."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        title, meaning = TITLES[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        return meaning if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        if not index.isValid():
            return None
        score = self._scores[index.row()]
        if role == SCORE_ROLE:
            return score
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(score, Column(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return score_tooltip(score)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return score_sentence(score) if index.column() == Column.NAME else _text(score, Column(index.column()))
        return None


def _text(score: DisorderScore, column: Column) -> str:
    texts = {
        Column.NAME: lambda: score.name,
        Column.CODE: lambda: codes_text(score),
        Column.SCORE: lambda: score_text(score),
        Column.STATE: lambda: score.state,
        Column.TIER: lambda: score.tier,
    }
    return texts[column]()
