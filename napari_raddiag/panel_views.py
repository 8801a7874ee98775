"""The panel's views in a few calm sections, one above the other; joined to nothing yet."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_raddiag.arrangement import PANEL_WIDTH_PX
from napari_raddiag.widgets.ask_by_name import AskByName
from napari_raddiag.widgets.case_view import CaseView
from napari_raddiag.widgets.diagnose_bar import DiagnoseBar
from napari_raddiag.widgets.disorders_view import DisordersView
from napari_raddiag.widgets.display_bar import DisplayBar
from napari_raddiag.widgets.engine_status import EngineStatus
from napari_raddiag.widgets.evidence_view import EvidenceView
from napari_raddiag.widgets.key_passing_scroll import KeyPassingScroll
from napari_raddiag.widgets.message_list import MessageList
from napari_raddiag.widgets.patient_choice import PatientChoice
from napari_raddiag.widgets.plots_view import PlotsView
from napari_raddiag.widgets.restore_offer import RestoreOffer
from napari_raddiag.widgets.scans_view import ScansView
from napari_raddiag.widgets.section import Section
from napari_raddiag.widgets.themed_label import ThemedLabel

MARGIN_PX = 6


class PanelViews(QWidget):
    """Engine and messages stay in sight at the top; the sections below them scroll.

    Attributes:
        engine, messages, restore, case, patients, scans, display, diagnose, disorders, names, evidence: The views.
        readout: Value and place under the mouse.
        plots_section: Makes the plots when it is first opened, as matplotlib loads slowly.
    """

    def __init__(self) -> None:
        super().__init__()
        self.engine = EngineStatus()
        self.messages = MessageList()
        self.restore = RestoreOffer()
        self.case = CaseView()
        self.patients = PatientChoice()
        self.scans = ScansView()
        self.display = DisplayBar()
        self.diagnose = DiagnoseBar()
        self.disorders = DisordersView()
        self.names = AskByName()
        self.evidence = EvidenceView()
        self.readout = ThemedLabel("muted")
        self.case_section = Section("Case", _stacked(self.restore, self.case, self.patients))
        self.scans_section = Section("Scans", _stacked(self.scans, self.display))
        self.disorders_section = Section("Disorders", _stacked(self.diagnose, self.disorders, self.names), stretch=True)
        self.evidence_section = Section("Evidence", self.evidence)
        self.plots_section = Section("Plots", PlotsView, expanded=False)
        self.patients.setVisible(False)
        self._arrange()

    @property
    def plots(self) -> PlotsView | None:
        """The plots, once they were opened."""
        content = self.plots_section.content
        return content if isinstance(content, PlotsView) else None

    def bring_up(self, section: Section) -> None:
        """Scroll until a section begins at the top, or as near to it as its place allows."""
        self._scroll.bring_up(section)

    def sizeHint(self) -> QSize:
        """As wide as the table of disorders needs."""
        return QSize(PANEL_WIDTH_PX, super().sizeHint().height())

    def _arrange(self) -> None:
        scrolled = QWidget()
        sections = QVBoxLayout(scrolled)
        sections.setContentsMargins(0, 0, MARGIN_PX, 0)
        sections.setSpacing(MARGIN_PX)
        for section in (
            self.case_section,
            self.scans_section,
            self.disorders_section,
            self.evidence_section,
            self.plots_section,
        ):
            sections.addWidget(section)
        sections.addStretch(0)
        self._scroll = scroll = KeyPassingScroll()
        scroll.setWidget(scrolled)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        layout.setSpacing(MARGIN_PX)
        layout.addWidget(self.engine)
        layout.addWidget(self.messages)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.readout)


def _stacked(*widgets: QWidget) -> QWidget:
    stack = QWidget()
    layout = QVBoxLayout(stack)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(MARGIN_PX)
    for widget in widgets:
        layout.addWidget(widget)
    return stack
