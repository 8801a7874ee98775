"""The scans of a case: what they are, which are used, what is in doubt. Changes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from qtpy.QtWidgets import QAbstractItemView, QVBoxLayout, QWidget

from napari_raddiag.data_models.scan_facts import ScanFacts, facts_of
from napari_raddiag.data_models.scan_table import Column, ScanTable
from napari_raddiag.widgets.reading_table import ReadingTable
from napari_raddiag.widgets.scan_delegates import COLUMN_DELEGATES, PADDING_PX, ImageCell
from napari_raddiag.widgets.scan_details import ScanDetails
from napari_raddiag.widgets.scan_form import ScanForm
from napari_raddiag.widgets.study_dates import StudyDates
from napari_raddiag.widgets.themed_label import ThemedLabel
from raddiag_engine.cases import Case

THUMBNAIL_LINES = 3
"""Height of a thumbnail, in lines of text."""
MOST_ROWS_SHOWN = 4
NO_SCANS = "The scans of a case are listed here."


class ScansView(QWidget):
    """Table, dates, and the details of the scan selected."""

    use_toggled = Signal(str, bool)
    date_toggled = Signal(str, bool)
    modality_chosen = Signal(str, object)
    anatomy_chosen = Signal(str, object)
    scan_activated = Signal(str)
    network_view_toggled = Signal(str, bool)
    focus_released = Signal()
    """A click on a row is done with: the focus may go to the image."""

    def __init__(self) -> None:
        super().__init__()
        self._model = ScanTable(self)
        self._none = ThemedLabel("muted")
        self._none.setText(NO_SCANS)
        self.dates = StudyDates()
        self.table = ReadingTable(self._model, stretched=Column.GEOMETRY)
        self.details = ScanDetails()
        self._requested = ""
        self._moving = False
        self._form: ScanForm | None = None
        self._set_up_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._none)
        layout.addWidget(self.dates)
        layout.addWidget(self.table)
        layout.addWidget(self.details)
        self._model.use_toggled.connect(self._toggle_use)
        self._model.modality_chosen.connect(self.modality_chosen)
        self.dates.date_toggled.connect(self.date_toggled)
        self.details.overrule_confirmed.connect(lambda scan_id: self.use_toggled.emit(scan_id, True))
        self.details.network_view_toggled.connect(self.network_view_toggled)
        self.details.correction_requested.connect(self._correct)
        self.show_case(None)

    @property
    def model(self) -> ScanTable:
        """The rows shown."""
        return self._model

    def show_case(self, case: Case | None) -> None:
        """Show the scans of a case; None for none. Pictures and selection stay where the scans do.

        What was being said of a scan of another case is dropped: its form and its cell's list close.
        """
        facts = facts_of(case) if case is not None else ()
        others = [row.scan_id for row in facts] != [row.scan_id for row in self._model.facts]
        if others:
            self._requested = ""
            if self._form is not None:
                self._form.reject()
        self._moving = True
        self._model.set_facts(facts)
        self._moving = False
        if others:
            # The canvas may have said which scan it shows before the rows were there.
            self._select(self._model.shown)
        self._none.setVisible(not facts)
        self.table.setVisible(bool(facts))
        self.dates.show_facts(self._model.facts)
        self._show_details()
        self._fit_rows()

    def set_thumbnail(self, scan_id: str, grey: NDArray[np.uint8]) -> None:
        """Show a picture of the scan, (row, column) uint8."""
        self._model.set_thumbnail(scan_id, grey)

    def set_network_saw(self, scan_id: str, text: str) -> None:
        """Say what the network sees of the scan, as in `ScanReport.saw`; empty if it does not see it."""
        self._model.set_network_saw(scan_id, text)
        self._show_details()
        self._fit_rows()

    def set_recognised(self, texts: Mapping[str, str]) -> None:
        """Say what the model took scans for, whose files do not say it; others are taken for what they say.

        Args:
            texts: Scan id -> "MRI, head and neck", as `recognised_as` gives it.
        """
        self._model.set_recognised(texts)
        self._fit_rows()

    def set_diagnosed(self, diagnosed: bool) -> None:
        """Say whether there is a diagnosis of the case as it stands: until then the network will see, then it saw."""
        self._model.set_diagnosed(diagnosed)
        self._show_details()

    def set_active(self, scan_id: str) -> None:
        """Mark and select the scan that the canvas shows; emits nothing."""
        self._requested = ""
        self._model.set_shown(scan_id)
        self._select(scan_id)
        self._show_details()

    def set_network_view(self, shown: bool) -> None:
        """Say whether the canvas shows what the network sees."""
        self.details.set_network_view(shown)

    def set_identity_hidden(self, hidden: bool) -> None:
        """Hide or show the names of files."""
        self.details.set_identity_hidden(hidden)

    def resizeEvent(self, event: QEvent) -> None:
        """Text wraps anew."""
        super().resizeEvent(event)
        self._fit_rows()

    def changeEvent(self, event: QEvent) -> None:
        """Another font or theme: rows are measured anew, once Qt is done with it."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            QTimer.singleShot(0, self, self._fit_rows)

    def _set_up_table(self) -> None:
        table = self.table
        table.setAccessibleName("Scans of this case")
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        for column, delegate in COLUMN_DELEGATES.items():
            table.setItemDelegateForColumn(column, delegate(table))
        self._image_cell = ImageCell(THUMBNAIL_LINES * self.fontMetrics().height(), table)
        table.setItemDelegateForColumn(Column.IMAGE, self._image_cell)
        table.selectionModel().currentRowChanged.connect(self._row_changed)
        table.clicked.connect(self._clicked)
        table.clicked.connect(self._release_focus)
        table.focus_released.connect(self.focus_released)
        table.activated.connect(self._clicked)

    def _fit_rows(self) -> None:
        metrics, space = self.table.fontMetrics(), 2 * PADDING_PX
        self.table.fit_columns(
            {
                Column.USE: metrics.horizontalAdvance("Use") + 2 * space,
                Column.IMAGE: THUMBNAIL_LINES * metrics.height() + space,
                Column.MODALITY: metrics.horizontalAdvance("mammography") + space,
                Column.WARNINGS: metrics.height() + 2 * space,
            }
        )
        self.table.resizeRowsToContents()
        heights = [self.table.rowHeight(row) for row in range(self._model.rowCount())]
        frame = self.table.horizontalHeader().sizeHint().height() + 2 * self.table.frameWidth() + 4
        self.table.setFixedHeight(frame + max(sum(heights[:MOST_ROWS_SHOWN]), metrics.height()))

    def _select(self, scan_id: str) -> None:
        """Select the row of a scan, if there is one; asks for nothing."""
        row = self._model.row_of(scan_id)
        if row is not None and row != self.table.currentIndex().row():
            self._moving = True
            self.table.setCurrentIndex(self._model.index(row, Column.GEOMETRY))
            self._moving = False

    def _current(self) -> ScanFacts | None:
        row = self.table.currentIndex().row()
        return self._model.facts[row] if 0 <= row < len(self._model.facts) else None

    def _show_details(self) -> None:
        facts = self._current()
        self.details.show_facts(facts, self._model.network_sentence(facts.scan_id) if facts else "")

    def _row_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        self._show_details()
        if not self._moving and current.isValid():
            self._activate(self._model.facts[current.row()].scan_id)

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() != Column.USE:
            self._activate(self._model.facts[index.row()].scan_id)

    def _release_focus(self) -> None:
        # A question that a tick has raised keeps the focus until it is answered.
        if not self.details.is_asking:
            self.table.release_focus()

    def _activate(self, scan_id: str) -> None:
        # Selecting with the mouse tells of a new row and of a click: one request is enough.
        if scan_id != self._requested and scan_id != self._model.shown:
            self._requested = scan_id
            self.scan_activated.emit(scan_id)

    def _toggle_use(self, scan_id: str, use: bool) -> None:
        row = self._model.row_of(scan_id)
        facts = None if row is None else self._model.facts[row]
        if facts is None or not use or facts.usable:
            self.use_toggled.emit(scan_id, use)
            return
        self.table.setCurrentIndex(self._model.index(row, Column.GEOMETRY))
        self.details.ask_to_overrule(True)

    def _correct(self, scan_id: str) -> None:
        row = self._model.row_of(scan_id)
        if row is None:
            return
        self._form = form = ScanForm(self._model.facts[row], self)
        form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        form.modality_chosen.connect(self.modality_chosen)
        form.anatomy_chosen.connect(self.anatomy_chosen)
        form.finished.connect(self._form_closed)
        form.open()

    def _form_closed(self) -> None:
        self._form = None
