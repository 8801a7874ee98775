"""What the panel shows of the diagnosis: the ranked disorders, and the plots while their section is open."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject, QTimer

from napari_raddiag.controllers.evidence_runner import EvidenceRunner
from napari_raddiag.data_models.panel_message import Severity
from napari_raddiag.data_models.scan_facts import recognised_as
from napari_raddiag.display.layer_title import layer_titles
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.view_updates.panel_messages import PanelMessages


class DiagnosisUpdates(QObject):
    """Follows the session's diagnosis: new, stale, holding again, gone."""

    def __init__(
        self,
        views: PanelViews,
        session: ReadingSession,
        evidence: EvidenceRunner,
        messages: PanelMessages,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._session = session
        self._evidence = evidence
        self._messages = messages
        self._plots_joined = False
        session.diagnosis_changed.connect(self._diagnosis_changed)
        evidence.changed.connect(self._show_in_plots)
        views.disorders.message.connect(self._told)
        views.plots_section.toggled.connect(self._plots_toggled)

    def _diagnosis_changed(self) -> None:
        session, views = self._session, self._views
        if views.disorders.diagnosis is not session.diagnosis:
            views.disorders.show_diagnosis(session.diagnosis, self._scan_names())
        views.disorders.set_stale(session.is_stale)
        current = session.current_diagnosis
        taken_for = {report.id: recognised_as(report) for report in current.scans} if current else {}
        views.scans.set_recognised(taken_for)
        views.scans.set_diagnosed(current is not None)
        views.evidence.show_comparable([score.name for score in current.disorders] if current else [])
        views.disorders_section.set_summary("" if current is None else f"{current.positive} positive")
        self._draw_plots()
        if current is not None:
            # Once the new rows have their place.
            QTimer.singleShot(0, self, partial(views.bring_up, views.disorders_section))

    def _plots_toggled(self, opened: bool) -> None:
        plots = self._views.plots
        if not opened or plots is None:
            return
        if not self._plots_joined:
            self._plots_joined = True
            plots.message.connect(self._told)
        self._draw_plots()

    def _draw_plots(self) -> None:
        """Drawing takes some 100 ms: not while nobody sees it. What changed meanwhile is drawn when they open."""
        plots = self._views.plots
        if plots is None or not self._views.plots_section.is_expanded:
            return
        plots.show_diagnosis(self._session.current_diagnosis, self._scan_names())
        plots.set_stale(self._session.is_stale)
        plots.set_chosen(self._evidence.disorder)

    def _show_in_plots(self) -> None:
        plots = self._views.plots
        if plots is not None and self._views.plots_section.is_expanded:
            plots.set_chosen(self._evidence.disorder)

    def _scan_names(self) -> dict[str, str]:
        case = self._session.case
        return {} if case is None else layer_titles(case)

    def _told(self, text: str) -> None:
        self._messages.say(text, Severity.NOTE, "export")
