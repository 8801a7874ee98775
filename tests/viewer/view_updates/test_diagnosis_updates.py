"""What stands in the panel after a diagnosis: what the model took scans for, and plots of the evidence shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject, Signal

from napari_raddiag.data_models.scan_table import Column
from napari_raddiag.panel_views import PanelViews
from napari_raddiag.session.reading_session import ReadingSession
from napari_raddiag.view_updates.diagnosis_updates import DiagnosisUpdates
from napari_raddiag.view_updates.panel_messages import PanelMessages
from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.diagnosis.result import Diagnosis
from tests.viewer.data_models.made_up import CYST, made_case, made_diagnosis


class Evidence(QObject):
    """Stands for the runner: says which disorder is shown."""

    changed = Signal()
    disorder = ""


class Desk:
    """Views of a session whose X-ray is of a modality that its file does not say."""

    def __init__(self, qtbot: QtBot) -> None:
        self.views = PanelViews()
        qtbot.addWidget(self.views)
        self.session = ReadingSession(self.views)
        self.evidence = Evidence(self.views)
        messages = PanelMessages(self.views.messages, str)
        self.updates = DiagnosisUpdates(self.views, self.session, cast(Any, self.evidence), messages, self.views)
        case = made_case()
        self.session.open(case.replacing(replace(case.scan("xray"), modality=Modality.UNKNOWN)), ())
        self.views.scans.show_case(self.session.case)

    def answer(self, diagnosis: Diagnosis) -> None:
        assert self.session.question is not None
        self.session.answer(self.session.question, diagnosis)

    @property
    def modality(self) -> str:
        """What the table says of the X-ray."""
        return str(self.views.scans.model.index(0, Column.MODALITY).data())


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    return Desk(qtbot)


def test_the_table_says_what_the_model_took_a_scan_for_while_the_diagnosis_stands(desk: Desk) -> None:
    assert desk.modality.startswith("unknown") and "taken for" not in desk.modality
    report = made_diagnosis().scans[0]
    recognised = replace(report, modality_origin="recognised", anatomy=Anatomy.LOWER_LIMB, anatomy_origin="recognised")
    desk.answer(replace(made_diagnosis(), scans=(recognised,)))
    assert f"taken for X-ray, {Anatomy.LOWER_LIMB}" in desk.modality
    desk.session.describe("xray", modality=Modality.CT)
    desk.views.scans.show_case(desk.session.case)
    assert "taken for" not in desk.modality


def test_plots_that_are_opened_or_drawn_anew_are_of_the_disorder_shown(desk: Desk) -> None:
    def titles() -> list[str]:
        plots = desk.views.plots
        assert plots is not None
        return [axes.get_title(loc=place) for axes in plots.figure.axes for place in ("left", "center")]

    desk.answer(made_diagnosis())
    desk.evidence.disorder = CYST.name
    desk.views.plots_section.set_expanded(True)
    assert f"Per scan: {CYST.name}" in " ".join(titles())
    desk.answer(made_diagnosis())
    assert f"Per scan: {CYST.name}" in " ".join(titles())
