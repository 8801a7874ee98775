"""A small form that says what a scan is: modality and body region."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from napari_raddiag.data_models.scan_facts import ScanFacts
from raddiag_engine.cases import Anatomy, Modality


class ScanForm(QDialog):
    """Tells what was changed when it is accepted."""

    modality_chosen = Signal(str, object)
    anatomy_chosen = Signal(str, object)

    def __init__(self, facts: ScanFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts = facts
        self.setWindowTitle("Say what this scan is")
        self.form = _form(facts)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        heading = QLabel(f"{facts.name}\n{facts.matrix}, {facts.spacing}")
        heading.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(heading)
        layout.addWidget(self.form.native)
        layout.addWidget(buttons)
        self.accepted.connect(self._tell)

    def _tell(self) -> None:
        # Qt hands the words back as plain strings.
        modality, anatomy = Modality(self.form["modality"].value), Anatomy(self.form["anatomy"].value)
        # A guess that a person confirms is a change: it is no longer a guess.
        if modality is not self._facts.modality or self._facts.modality_guessed:
            self.modality_chosen.emit(self._facts.scan_id, modality)
        if anatomy is not self._facts.anatomy or self._facts.anatomy_guessed:
            self.anatomy_chosen.emit(self._facts.scan_id, anatomy)


def _form(facts: ScanFacts) -> Any:
    # Imported when the form is opened: magicgui takes longer to import than the plugin may.
    from magicgui.widgets import ComboBox, Container

    modality = ComboBox(
        name="modality",
        label="Modality",
        choices=[(str(value), value) for value in Modality],
        value=facts.modality,
        tooltip="How the scan was made",
    )
    anatomy = ComboBox(
        name="anatomy",
        label="Anatomy",
        choices=[(str(value), value) for value in Anatomy],
        value=facts.anatomy,
        tooltip="What the scan shows",
    )
    return Container(widgets=[modality, anatomy])
