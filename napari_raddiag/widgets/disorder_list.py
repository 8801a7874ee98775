"""The table that disorders are shown in: two lines a row where it is narrow, all columns where it is wide."""

from __future__ import annotations

from qtpy.QtCore import QAbstractItemModel, QEvent, QModelIndex, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView

from napari_raddiag.data_models.disorder_table import SCORE_ROLE, Column
from napari_raddiag.widgets.disorder_delegates import DELEGATES, VERTICAL_PADDING_PX, DisorderCell, NameCell
from napari_raddiag.widgets.reading_table import ReadingTable
from napari_raddiag.widgets.scan_delegates import PADDING_PX
from raddiag_engine.diagnosis.result import DisorderScore

NARROW_EMS = 60
"""Width in letters "0" below which code and tier stand under the name."""


class DisorderList(ReadingTable):
    """Read-only. A click or Enter chooses a disorder; moving with the arrow keys does not."""

    disorder_chosen = Signal(str)
    copy_requested = Signal()

    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__()
        self._delegates: dict[Column, DisorderCell] = {}
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(1)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, delegate in DELEGATES.items():
            self._delegates[column] = delegate(self)
            self.setItemDelegateForColumn(column, self._delegates[column])
        self.clicked.connect(self._clicked)
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
        metrics, header = self.fontMetrics(), self.horizontalHeader()
        narrow = self.width() < NARROW_EMS * metrics.horizontalAdvance("0")
        for column in (Column.CODE, Column.TIER):
            self.setColumnHidden(column, narrow)
        name_cell = self._delegates.get(Column.NAME)
        if isinstance(name_cell, NameCell):
            name_cell.two_lines = narrow
        space = 2 * PADDING_PX + 6
        letters = {Column.CODE: "S82.209A*  ", Column.STATE: "not assessed", Column.TIER: "medium  "}
        for column, widest in letters.items():
            header.resizeSection(column, metrics.horizontalAdvance(widest) + space)
        bar = 6 if narrow else 12
        header.resizeSection(Column.SCORE, metrics.horizontalAdvance("~0.00" + "0" * bar) + space)
        self.verticalHeader().setDefaultSectionSize(self.row_height())
