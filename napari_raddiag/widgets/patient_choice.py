"""Which of several patients' scans are opened; to fuse them is not offered."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from napari_raddiag.data_models.patient_summary import PatientSummary
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.themed_label import NoteLine

SPACING_PX = 3


class PatientChoice(QWidget):
    """A list of patients, one of whom is picked."""

    patient_chosen = Signal(int)
    """Number of the patient, counted from 1."""
    none_chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._patients: tuple[PatientSummary, ...] = ()
        self._identity_hidden = False
        self._note = NoteLine("caution", Mark.TRIANGLE)
        self._list = QListWidget()
        self._list.setSpacing(SPACING_PX)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setAccessibleName("Patients in these files")
        self._open = QPushButton("Open this patient")
        self._open.setToolTip("Open the scans of the patient selected; the other scans are left out")
        self._open.setEnabled(False)
        self._none = QPushButton("None of them")
        self._none.setToolTip("Take this list away; none of these files is opened")
        self._none.clicked.connect(lambda _checked=False: self.none_chosen.emit())
        self._list.itemActivated.connect(lambda _item: self._choose())
        self._list.currentRowChanged.connect(lambda row: self._open.setEnabled(row >= 0))
        self._open.clicked.connect(lambda _checked=False: self._choose())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._note)
        layout.addWidget(self._list)
        buttons = QHBoxLayout()
        buttons.addWidget(self._open, 1)
        buttons.addWidget(self._none)
        layout.addLayout(buttons)

    def show_patients(self, patients: Sequence[PatientSummary], beside_another: bool = False) -> None:
        """List the patients; none is picked beforehand.

        Args:
            patients: Of the files that were read.
            beside_another: Another case is open, and stays in sight until one of these is picked.
        """
        self._patients = tuple(patients)
        note = f"The files just read are of {len(self._patients)} patients. They are never read together: pick one."
        if beside_another:
            note += " Until then image and scans are those of the case above."
        self._note.show_text(note if self._patients else "")
        self._fill()

    def set_identity_hidden(self, hidden: bool) -> None:
        """Hide or show names, IDs and birth dates."""
        self._identity_hidden = hidden
        self._fill()

    def _fill(self) -> None:
        self._list.clear()
        for patient in self._patients:
            line = f"Patient {patient.number} ({patient.scans})"
            if patient.identity and not self._identity_hidden:
                line += f"\n{patient.identity}"
            item = QListWidgetItem(line)
            item.setToolTip(f"{escape(line)}<br>Double-click, or press Enter, to open this patient's scans")
            self._list.addItem(item)
        rows = max(2, min(4, len(self._patients)))
        self._list.setFixedHeight(rows * (2 * self.fontMetrics().height() + 2 * SPACING_PX + 6) + 8)
        self._list.setCurrentRow(-1)

    def _choose(self) -> None:
        row = self._list.currentRow()
        if row >= 0:
            self.patient_chosen.emit(self._patients[row].number)
