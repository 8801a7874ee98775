"""What the panel shows of the engine and of a diagnosis being made: its state, its model, progress, readiness."""

from __future__ import annotations

from qtpy.QtCore import QObject

from napari_raddiag.canvas.network_view_layer import NetworkViewLayer
from napari_raddiag.controllers.case_opener import CaseOpener
from napari_raddiag.controllers.diagnosis_runner import DiagnosisRunner
from napari_raddiag.data_models.panel_message import Severity
from napari_raddiag.engine_link.engine_link import EngineLink
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.view_updates.network_input_updates import NetworkInputUpdates
from napari_raddiag.view_updates.panel_messages import PanelMessages
from raddiag_engine.models.card import ModelCard

STALE = "the case changed: diagnose again"


class EngineUpdates(QObject):
    """Follows the engine, and the runner that asks it."""

    def __init__(
        self,
        views: PanelViews,
        session: ReadingSession,
        link: EngineLink,
        opener: CaseOpener,
        diagnosis: DiagnosisRunner,
        network_view: NetworkViewLayer,
        messages: PanelMessages,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._session = session
        self._link = link
        self._opener = opener
        self._diagnosis = diagnosis
        self._network_view = network_view
        self._messages = messages
        self._network_input = NetworkInputUpdates(views, session, link, self)
        link.state_changed.connect(views.engine.show_state)
        link.card_changed.connect(self._card_changed)
        opener.progress.connect(self._reading_progress)
        opener.reading.connect(self._reading)
        diagnosis.progress.connect(self._progress)
        diagnosis.running.connect(self._running)
        diagnosis.failed.connect(self._failed)
        diagnosis.refused.connect(lambda why: messages.say(why, Severity.NOTE, "refused"))
        diagnosis.readiness_changed.connect(self._readiness_changed)
        session.diagnosis_changed.connect(self._readiness_changed)

    def all(self) -> None:
        """Everything, as after the start."""
        self._views.engine.show_state(self._link.state)
        self._readiness_changed()
        self._network_input.describe()

    def _card_changed(self, card: ModelCard) -> None:
        self._views.engine.show_model(card.name)
        self._network_view.clear()
        self._session.use_model(card.weights_sha256)
        self._network_input.describe()

    def _reading(self, reading: bool) -> None:
        if not reading:
            self._readiness_changed()

    def _reading_progress(self, done: int, total: int, what: str) -> None:
        self._views.diagnose.show_progress(what, done / total if total else None)

    def _progress(self, done: int, total: int, what: str) -> None:
        if not self._diagnosis.is_cancelling:
            self._views.diagnose.show_progress(what, done / total if total else None)

    def _running(self, running: bool) -> None:
        if running:
            self._messages.withdraw("engine")
            self._views.diagnose.show_progress("asking the engine")

    def _failed(self, line: str) -> None:
        self._messages.say(line, key="engine")

    def _readiness_changed(self) -> None:
        if self._diagnosis.is_running or self._opener.is_reading:
            return
        why_not = self._diagnosis.why_not
        if why_not:
            self._views.diagnose.show_unavailable(why_not)
        else:
            self._views.diagnose.show_ready(STALE if self._session.is_stale else "")
