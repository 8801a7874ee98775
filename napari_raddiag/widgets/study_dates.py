"""The line that says that a case holds studies of different dates, with a tick for each."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget
from superqt import QFlowLayout

from napari_raddiag.data_models.scan_facts import ScanFacts, dates_of
from napari_raddiag.widgets.themed_label import NoteLine


class StudyDates(QWidget):
    """Hidden while all scans are of one date."""

    date_toggled = Signal(str, bool)
    """Series date as the file has it, "YYYYMMDD" or empty, and whether its scans are to be used."""

    def __init__(self) -> None:
        super().__init__()
        self._note = NoteLine()
        self._ticks = QFlowLayout()
        self._ticks.setContentsMargins(0, 0, 0, 0)
        self._ticks.setHorizontalSpacing(12)
        self._boxes: list[QCheckBox] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._note)
        layout.addLayout(self._ticks)
        self.setVisible(False)

    @property
    def boxes(self) -> tuple[QCheckBox, ...]:
        """The ticks, oldest date first."""
        return tuple(self._boxes)

    def show_facts(self, facts: tuple[ScanFacts, ...]) -> None:
        """Say which dates there are."""
        dates = dates_of(facts)
        for box in self._boxes:
            self._ticks.removeWidget(box)
            box.setParent(None)
            box.deleteLater()
        self._boxes = [self._box(date, [row for row in facts if row.series_date == date]) for date in dates]
        for box in self._boxes:
            self._ticks.addWidget(box)
        self._note.show_text(f"Scans of {len(dates)} dates are in this case. Tick the dates to use:")
        self.setVisible(len(dates) > 1)

    def _box(self, date: str, scans: list[ScanFacts]) -> QCheckBox:
        # Scans that should not be used are overruled one by one, never by a date.
        usable = [scan for scan in scans if scan.usable]
        used = sum(scan.used for scan in usable)
        box = QCheckBox(f"{scans[0].date} ({'1 scan' if len(scans) == 1 else f'{len(scans)} scans'})")
        box.setToolTip(f"{used} of {len(usable)} usable scans in use" if usable else "No scan of this date is usable")
        box.setEnabled(bool(usable))
        all_used = bool(usable) and used == len(usable)
        some = Qt.CheckState.PartiallyChecked if used else Qt.CheckState.Unchecked
        box.setCheckState(Qt.CheckState.Checked if all_used else some)
        # A click asks for all of the date's scans, or for none if all are in use; the case answers.
        box.clicked.connect(lambda _checked=False: self.date_toggled.emit(date, not all_used))
        return box
