"""The diagnosis: headline, cautions, ranked disorders, Normal, and the ways to take it along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from qtpy.QtCore import QPoint, QSize, Qt, Signal
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_raddiag.data_models.diagnosis_export import csv_text, tsv_text
from napari_raddiag.data_models.disorder_filter import DisorderFilter, chapters_in
from napari_raddiag.data_models.disorder_table import SCORE_ROLE, Column, DisorderTable
from napari_raddiag.widgets.disorder_filter_bar import DisorderFilterBar
from napari_raddiag.widgets.disorder_list import DisorderList
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.normal_row import NormalRow
from napari_raddiag.widgets.save_dialog import ask_where
from napari_raddiag.widgets.section import Section
from napari_raddiag.widgets.themed_label import NoteLine, ThemedLabel
from raddiag_engine.atomic import write_text
from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore, UnseenScore
from raddiag_engine.failure_line import failure_line

STALE = "The case changed: diagnose again. This result is no longer of the case as it stands."
NO_DIAGNOSIS = "No diagnosis yet."
REPLACED = "not saved, as the diagnosis changed while the file was being named; save again"
MOST_WARNINGS_OPEN = 1
ROWS_AT_LEAST = 4


class DisordersView(QWidget):
    """Shows one diagnosis. While it is stale nothing of it can be chosen, copied or saved."""

    disorder_chosen = Signal(str)
    compare_chosen = Signal(str)
    focus_released = Signal()
    """A click has chosen a disorder: the focus may go to the image."""
    message = Signal(str)
    """What became of a copy or an export, with the remedy if it failed."""

    def __init__(self) -> None:
        super().__init__()
        self._diagnosis: Diagnosis | None = None
        self._stale = False
        self._unseen: tuple[UnseenScore, ...] = ()
        self._now: Callable[[], datetime] = lambda: datetime.now().astimezone()
        self._table = DisorderTable(self)
        self._filter = DisorderFilter()
        self._shown = self._filter.apply(())
        self.stale_line = NoteLine("caution", Mark.TRIANGLE)
        self.headline = ThemedLabel(bold=True)
        self.headline.setAccessibleName("Result in one line")
        self.warnings = NoteLine("caution", Mark.TRIANGLE)
        self._more_warnings = Section("", self.warnings, expanded=False)
        self.filter_bar = DisorderFilterBar()
        self.hidden_line = NoteLine("caution", Mark.TRIANGLE)
        self.list = DisorderList(self._table)
        self.list.setAccessibleName("Disorders, ranked")
        self.normal = NormalRow()
        self.count = ThemedLabel("muted")
        self.copy_button = QPushButton("Copy")
        self.save_button = QPushButton("&Save CSV...")
        self._arrange()
        self._connect()
        self.show_diagnosis(None)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The diagnosis shown."""
        return self._diagnosis

    @property
    def is_stale(self) -> bool:
        """True while the diagnosis shown is not of the case as it stands."""
        return self._stale

    def show_diagnosis(self, diagnosis: Diagnosis | None, scan_names: Mapping[str, str] | None = None) -> None:
        """Show a diagnosis of the case as it stands; None for none.

        Args:
            diagnosis: It should hold all disorders, not the top alone.
            scan_names: Scan id -> what the panel calls the scan, for the cautions.
        """
        self._diagnosis = diagnosis
        self.filter_bar.show_chapters(chapters_in(self._all))
        self._apply()
        self.normal.show_score(diagnosis.normal if diagnosis else None)
        self.headline.setText(diagnosis.headline if diagnosis else NO_DIAGNOSIS)
        self._show_warnings(diagnosis.warnings if diagnosis else (), scan_names or {})
        for widget in (self.filter_bar, self.list, self.count, self.copy_button, self.save_button):
            widget.setVisible(diagnosis is not None)
        self.set_stale(False)
        self.list.scrollToTop()

    def set_stale(self, stale: bool) -> None:
        """Mark the diagnosis as of another case than the one on the screen, or as holding again."""
        self._stale = stale and self._diagnosis is not None
        self.stale_line.show_text(STALE if self._stale else "")
        self.headline.set_role("muted" if self._stale else "text")
        self.list.set_stale(self._stale)
        self.normal.set_stale(self._stale)
        usable = self._diagnosis is not None and not self._stale
        for button, tooltip in (
            (self.copy_button, "Copy the selected disorders, or all that are shown (Ctrl+C)"),
            (
                self.save_button,
                "Save all disorders, those asked for by name too, with what they were made from; holds no patient data",
            ),
        ):
            button.setEnabled(usable)
            button.setToolTip(tooltip if usable else STALE)

    def set_unseen(self, scores: Sequence[UnseenScore]) -> None:
        """Take along, in copies and exports, what was asked for by name in the diagnosis shown."""
        self._unseen = tuple(scores)

    def set_top(self, top: int) -> None:
        """How many disorders are shown unless all are asked for; the positive ones always are."""
        self.filter_bar.set_top(top)

    def select(self, disorder: str) -> None:
        """Select the row of a disorder, if it is shown; emits nothing."""
        row = self._table.row_of(disorder)
        if row is not None and not self._stale:
            self.list.setCurrentIndex(self._table.index(row, 0))

    def copy(self) -> None:
        """Put the selected disorders, or all shown and all asked for by name, on the clipboard; none while stale."""
        if self._diagnosis is None or self._stale:
            self.message.emit(STALE if self._stale else NO_DIAGNOSIS)
            return
        selected = self.list.selected_scores
        scores, unseen = (selected, ()) if selected else (self._shown.scores, self._unseen)
        QGuiApplication.clipboard().setText(tsv_text(self._diagnosis, scores, self._now(), unseen))
        count = len(scores) + len(unseen)
        self.message.emit("1 disorder copied" if count == 1 else f"{count} disorders copied")

    def save_csv(self, path: Path) -> None:
        """Write all disorders, and those asked for by name, to `path`, whole or not at all; nothing while stale."""
        if self._diagnosis is None or self._stale:
            self.message.emit(STALE if self._stale else NO_DIAGNOSIS)
            return
        try:
            write_text(path, csv_text(self._diagnosis, self._now(), self._unseen))
        except OSError as error:
            self.message.emit(failure_line(error) or f"{path}: not saved")
            return
        self.message.emit(f"saved {path}")

    def sizeHint(self) -> QSize:
        """As wide as the panel gives."""
        return QSize(360, super().sizeHint().height())

    def _arrange(self) -> None:
        self.list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        header = self.list.horizontalHeader().sizeHint().height()
        self.list.setMinimumHeight(ROWS_AT_LEAST * self.list.row_height() + header)
        for button in (self.copy_button, self.save_button):
            button.setAccessibleName(button.text().replace("&", ""))
        bottom = QHBoxLayout()
        bottom.addWidget(self.count, 1)
        bottom.addWidget(self.copy_button)
        bottom.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.stale_line, self.headline, self._more_warnings, self.filter_bar, self.hidden_line):
            layout.addWidget(widget)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.normal)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.filter_bar.text_changed.connect(lambda text: self._refilter(text=text))
        self.filter_bar.chapter_changed.connect(lambda number: self._refilter(chapter=number))
        self.filter_bar.top_changed.connect(lambda top: self._refilter(top=top))
        self.filter_bar.focus_released.connect(self.focus_released)
        self.list.disorder_chosen.connect(self.disorder_chosen)
        self.list.focus_released.connect(self.focus_released)
        self.list.copy_requested.connect(self.copy)
        # Queued: the list tells of a column while the columns behind it have not moved yet.
        self.list.columns_moved.connect(self._align_normal, Qt.ConnectionType.QueuedConnection)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.normal.chosen.connect(self.disorder_chosen)
        self.normal.focus_released.connect(self.focus_released)
        self.copy_button.clicked.connect(lambda _checked=False: self.copy())
        self.save_button.clicked.connect(lambda _checked=False: self._ask_where())

    def _show_warnings(self, warnings: tuple[str, ...], scan_names: Mapping[str, str]) -> None:
        text = "\n".join(warnings)
        for scan_id, name in scan_names.items():
            text = text.replace(scan_id, name if name.startswith("scan") else f"scan {name}")
        self.warnings.show_text(text)
        self._more_warnings.set_title("1 caution" if len(warnings) == 1 else f"{len(warnings)} cautions")
        self._more_warnings.setVisible(bool(warnings))
        self._more_warnings.set_expanded(len(warnings) <= MOST_WARNINGS_OPEN)

    @property
    def _all(self) -> tuple[DisorderScore, ...]:
        return self._diagnosis.disorders if self._diagnosis else ()

    def _refilter(self, **changed: Any) -> None:
        self._filter = replace(self._filter, **changed)
        self._apply()

    def _apply(self) -> None:
        self._shown = self._filter.apply(self._all)
        selected = [score.name for score in self.list.selected_scores]
        if self._shown.scores != self._table.scores:
            self._table.set_scores(self._shown.scores)
            for name in selected[:1]:
                self.select(name)
        hidden = self._shown.hidden_positives
        positives = "1 positive is" if hidden == 1 else f"{hidden} positives are"
        self.hidden_line.show_text(f"{positives} hidden by the filter" if hidden else "")
        self.count.setText(f"{len(self._shown.scores)} of {len(self._all)} shown")

    def _align_normal(self) -> None:
        left, width = self.list.column_span(Column.SCORE)
        self.normal.align_to(left, width, self.list.column_span(Column.STATE)[0])

    def _show_menu(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        if not index.isValid() or self._stale:
            return
        name, of = index.data(SCORE_ROLE).name, self._diagnosis
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, signal in (
            ("Show evidence", self.disorder_chosen),
            ("Compare with the evidence shown", self.compare_chosen),
        ):
            menu.addAction(text).triggered.connect(
                lambda _checked=False, signal=signal: self._ask_for(signal, name, of)
            )
        menu.addAction("Copy").triggered.connect(lambda _checked=False: self.copy())
        menu.popup(self.list.viewport().mapToGlobal(place))

    def _ask_for(self, signal: Signal, name: str, of: Diagnosis | None) -> None:
        """What a menu asks for; nothing if the diagnosis that it was opened on is gone."""
        if of is self._diagnosis and not self._stale:
            signal.emit(name)
            self.list.release_focus()

    def _ask_where(self) -> None:
        asked_for = self._diagnosis
        if asked_for is None:
            return
        name = f"{asked_for.case_id}.csv"
        path = ask_where(self, "Save the disorders", name, "Comma-separated values", ".csv")
        if path is None:
            return
        if asked_for is not self._diagnosis:
            # A diagnosis may arrive while the dialog is open; the file would have the name of the one before.
            self.message.emit(REPLACED)
            return
        self.save_csv(path)
