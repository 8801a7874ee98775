"""The table that disorders are shown in: two lines a row where it is narrow, all columns where it is wide."""

from __future__ import annotations

from qtpy.QtCore import QAbstractItemModel, QEvent, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView

from napari_raddiag.data_models.disorder_table import SCORE_ROLE, Column
from napari_raddiag.widgets.disorder_delegates import DELEGATES, VERTICAL_PADDING_PX, DisorderCell, NameCell
from napari_raddiag.widgets.reading_table import ReadingTable
from napari_raddiag.widgets.scan_delegates import PADDING_PX
from raddiag_engine.diagnosis.result import DisorderScore

NARROW_EMS = 60
"""Width in letters "0" below which code and tier stand under the name."""
ROWS_WISHED = 5


class DisorderList(ReadingTable):
    """Read-only. A click or Enter chooses a disorder; moving with the arrow keys does not."""

    disorder_chosen = Signal(str)
    columns_moved = Signal()
    """Columns have other places or widths."""
    copy_requested = Signal()

    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__(model, stretched=Column.NAME)
        self._delegates: dict[Column, DisorderCell] = {}
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column, delegate in DELEGATES.items():
            self._delegates[column] = delegate(self)
            self.setItemDelegateForColumn(column, self._delegates[column])
        self.clicked.connect(self._clicked)
        self.horizontalHeader().sectionResized.connect(lambda *_sizes: self.columns_moved.emit())
        self._fit()

    @property
    def is_narrow(self) -> bool:
        """True while code and tier stand under the name."""
        return bool(self.isColumnHidden(Column.CODE))

    @property
    def selected_scores(self) -> list[DisorderScore]:
        """The disorders of the selected rows, by rank."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [index.data(SCORE_ROLE) for index in rows]

    @property
    def current_score(self) -> DisorderScore | None:
        """The disorder the keyboard is at."""
        index = self.currentIndex()
        return index.data(SCORE_ROLE) if index.isValid() else None

    def set_stale(self, stale: bool) -> None:
        """Draw everything muted, and let nothing be chosen."""
        for delegate in self._delegates.values():
            delegate.stale = stale
        self.clearSelection()
        self.setSelectionMode(
            QAbstractItemView.SelectionMode.NoSelection if stale else QAbstractItemView.SelectionMode.ExtendedSelection
        )
        self.viewport().update()

    def column_span(self, column: Column) -> tuple[int, int]:
        """Where a column begins, from the list's left edge, and how wide it is, in logical pixels."""
        left = self.viewport().x() + int(self.columnViewportPosition(column))
        return left, int(self.columnWidth(column))

    def sizeHint(self) -> QSize:
        """As many whole rows as the panel has room for on a small screen."""
        header = self.horizontalHeader().sizeHint().height()
        height = header + ROWS_WISHED * self.row_height() + 2 * self.frameWidth()
        return QSize(super().sizeHint().width(), height)

    def row_height(self) -> int:
        """Pixels; the same for every row, so that thousands cost nothing."""
        lines = 2 if self.is_narrow else 1
        return lines * int(self.fontMetrics().height()) + 2 * VERTICAL_PADDING_PX + 1

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses, Ctrl+C copies."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.current_score)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QEvent) -> None:
        """Columns come and go with the width."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Another font: rows and columns are measured anew."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _clicked(self, index: QModelIndex) -> None:
        if self._choose(index.data(SCORE_ROLE)):
            self.release_focus()

    def _choose(self, score: DisorderScore | None) -> bool:
        if score is None or self.selectionMode() == QAbstractItemView.SelectionMode.NoSelection:
            return False
        self.disorder_chosen.emit(score.name)
        return True

    def _fit(self) -> None:
        metrics = self.fontMetrics()
        narrow = self.width() < NARROW_EMS * metrics.horizontalAdvance("0")
        for column in (Column.CODE, Column.TIER):
            self.setColumnHidden(column, narrow)
        name_cell = self._delegates.get(Column.NAME)
        if isinstance(name_cell, NameCell):
            name_cell.two_lines = narrow
        widest = {
            Column.CODE: "S82.209A*  ",
            Column.SCORE: "~0.00" + "0" * (6 if narrow else 12),
            Column.STATE: "not assessed",
            Column.TIER: "medium  ",
        }
        space = 2 * PADDING_PX + 6
        self.fit_columns({column: metrics.horizontalAdvance(text) + space for column, text in widest.items()})
        self.verticalHeader().setDefaultSectionSize(self.row_height())
