"""What the panel says of the evidence that the canvas shows."""

from __future__ import annotations

from qtpy.QtCore import QObject, QTimer

from napari_raddiag.canvas.scan_layers import ScanLayers
from napari_raddiag.controllers.evidence_runner import EvidenceRunner
from napari_raddiag.controllers.evidence_words import evidence_state
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.view_updates.panel_messages import PanelMessages


class EvidenceUpdates(QObject):
    """Follows the evidence and the scan in view.

    One click changes the disorder, the peak and the scan in view: what they come to is shown once, when control returns
    to Qt. That evidence is gone is shown at once.
    """

    def __init__(
        self,
        views: PanelViews,
        session: ReadingSession,
        evidence: EvidenceRunner,
        layers: ScanLayers,
        messages: PanelMessages,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._session = session
        self._evidence = evidence
        self._layers = layers
        self._messages = messages
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._show)
        self._awaited = ""
        evidence.changed.connect(self._changed)
        evidence.peak_changed.connect(self._changed)
        evidence.computing.connect(self._computing)
        evidence.progress.connect(self._progress)
        evidence.failed.connect(self._failed)
        evidence.has_none.connect(self._views.evidence.show_nothing)
        layers.active_changed.connect(self._active_changed)

    def all(self) -> None:
        """Everything, as after the start."""
        self._show()

    def _changed(self) -> None:
        self._views.evidence.set_method(self._evidence.method)
        if self._evidence.disorder:
            self._soon.start()
        else:
            self._soon.stop()
            self._views.evidence.show_nothing()

    def _active_changed(self) -> None:
        if self._evidence.disorder:
            self._soon.start()

    def _computing(self, disorder: str) -> None:
        self._awaited = disorder
        if disorder:
            self._soon.stop()
            self._views.evidence.show_computing(disorder)
        else:
            self._changed()

    def _progress(self, done: int, total: int, what: str) -> None:
        """Of what the reader waits for; what is computed ahead says nothing."""
        if self._awaited:
            share = f", {100 * done / total:.0f} %" if total else ""
            self._views.evidence.say_progress(f"{what or 'computing the evidence'}{share}")

    def _failed(self, line: str) -> None:
        self._soon.stop()
        self._messages.say(line, key="evidence")
        self._views.evidence.show_nothing(line)

    def _show(self) -> None:
        case = self._session.case
        state = None if case is None else evidence_state(self._evidence, case, self._layers.active or "")
        self._views.evidence.set_method(self._evidence.method)
        if state is None:
            self._views.evidence.show_nothing()
        else:
            self._messages.withdraw("evidence")
            self._views.evidence.show_evidence(state)
