"""Diagnoses the case that is being opened by itself, as `raddiag demo` and `raddiag open --diagnose` ask for it."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.controllers.diagnosis_runner import DiagnosisRunner
from napari_raddiag.session.reading_session import ReadingSession


class DiagnoseOnOpen(QObject):
    """What was asked for one case never happens to a later one.

    Signals:
        found: The first positive disorder of the diagnosis that was asked for; its evidence is to be shown.

    Attributes:
        is_wanted: The case that is being opened is to be diagnosed.
    """

    found = Signal(str)

    def __init__(
        self, session: ReadingSession, opener: CaseOpener, diagnosis: DiagnosisRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._diagnosis = diagnosis
        self.is_wanted = False
        self._is_awaited = False
        opener.opened.connect(self._opened)
        opener.failed.connect(self._opening_failed)
        diagnosis.failed.connect(self._forget)
        diagnosis.cancelled.connect(self._forget)
        session.diagnosis_changed.connect(self._diagnosed)

    def _opened(self) -> None:
        if self.is_wanted:
            self.is_wanted, self._is_awaited = False, True
            self._diagnosis.diagnose_when_ready()

    def _opening_failed(self) -> None:
        self.is_wanted = False

    def _forget(self) -> None:
        self.is_wanted = self._is_awaited = False

    def _diagnosed(self) -> None:
        current = self._session.current_diagnosis
        if current is not None and self._is_awaited:
            self._is_awaited = False
            first = next(iter(current.positives), None)
            if first is not None:
                self.found.emit(first.name)
