"""Everything that keeps the views of one panel true."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_raddiag.data_models.panel_message import Severity
from napari_raddiag.view_updates.canvas_updates import CanvasUpdates
from napari_raddiag.view_updates.case_updates import CaseUpdates
from napari_raddiag.view_updates.diagnosis_updates import DiagnosisUpdates
from napari_raddiag.view_updates.earlier_case import EarlierCase
from napari_raddiag.view_updates.engine_updates import EngineUpdates
from napari_raddiag.view_updates.evidence_updates import EvidenceUpdates
from napari_raddiag.view_updates.name_updates import NameUpdates
from napari_raddiag.view_updates.panel_messages import PanelMessages

if TYPE_CHECKING:
    from napari_raddiag.panel import RadDiagPanel


class AllUpdates:
    """One part for each part of the panel."""

    def __init__(self, panel: RadDiagPanel) -> None:
        views, session = panel.views, panel.session
        self.messages = messages = PanelMessages(views.messages, panel.report)
        self.case = CaseUpdates(views, session, panel.opener, messages, panel)
        self.earlier = EarlierCase(session, panel.opener, panel.canvas.notice, panel)
        self.engine = EngineUpdates(
            views,
            session,
            panel.link,
            panel.opener,
            panel.diagnosis,
            panel.canvas.network_view,
            messages,
            panel,
        )
        self.diagnosis = DiagnosisUpdates(views, session, panel.evidence, messages, panel)
        self.names = NameUpdates(views, panel.names, messages, panel)
        self.evidence = EvidenceUpdates(views, session, panel.evidence, panel.canvas.layers, messages, panel)
        self.canvas = CanvasUpdates(views, session, panel.canvas, panel.on_canvas, panel.network, messages, panel)
        panel.on_canvas.display_window_changed.connect(panel.keeper.changed)
        panel.names.changed.connect(panel.keeper.changed)
        panel.keeper.failed.connect(partial(messages.say, severity=Severity.WARNING, key="keeper"))
        panel.restorer.told.connect(partial(messages.say, severity=Severity.NOTE, key="restored"))

    def all(self) -> None:
        """Show everything, as after the start."""
        self.engine.all()
        self.case.all()
        self.names.all()
        self.evidence.all()
