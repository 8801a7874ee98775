"""Cautions call scans as the panel does."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot

from napari_raddiag.widgets.disorders_view import DisordersView
from tests.viewer.session.test_reading_session import diagnosis


def test_a_caution_names_the_scan_and_not_its_id(qtbot: QtBot) -> None:
    view = DisordersView()
    qtbot.addWidget(view)
    view.show_diagnosis(replace(diagnosis(), warnings=("mri-0a1b: taken for MRI",)), {"mri-0a1b": "1 MRI sagittal"})
    assert view.warnings.text == "scan 1 MRI sagittal: taken for MRI"  # a number alone would be read as a count
    view.show_diagnosis(replace(diagnosis(), warnings=("mri-0a1b: taken for MRI",)), {"mri-0a1b": "scan 1"})
    assert view.warnings.text == "scan 1: taken for MRI"
