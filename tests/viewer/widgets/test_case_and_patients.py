"""Whose case it is, dropped files, and the choice between patients."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from napari_raddiag.data_models.patient_summary import PatientSummary
from napari_raddiag.widgets.case_view import NO_CASE, CaseView
from napari_raddiag.widgets.disorder_filter_bar import DisorderFilterBar
from napari_raddiag.widgets.path_drop import PathDrop
from napari_raddiag.widgets.patient_choice import PatientChoice


def button(view: QWidget, text: str) -> QPushButton:
    return next(b for b in view.findChildren(QPushButton) if b.text().replace("&", "").startswith(text))


def said(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisibleTo(view))


@pytest.fixture
def view(qtbot: QtBot) -> CaseView:
    view = CaseView()
    qtbot.addWidget(view)
    return view


def test_without_a_case(view: CaseView) -> None:
    assert NO_CASE in said(view)
    assert not button(view, "Close").isEnabled()
    assert not button(view, "Next case").isEnabled()
    assert not button(view, "Recent").isEnabled()


def test_identity_can_be_hidden(view: CaseView, qtbot: QtBot) -> None:
    view.show_case("DOE, Jane, ID 4711")
    assert "DOE, Jane" in said(view)
    with qtbot.waitSignal(view.identity_visibility_changed) as told:
        qtbot.mouseClick(button(view, "Hide"), Qt.MouseButton.LeftButton)
    assert told.args == [False]
    assert "DOE" not in said(view)
    view.show_case("ROE, Richard")
    assert "ROE" not in said(view)
    view.set_identity_hidden(False)
    assert "ROE, Richard" in said(view)


def test_a_nameless_case_is_unverified(view: CaseView) -> None:
    view.show_case("")
    assert "identity unverified" in said(view)
    view.show_case("DOE, Jane", unverified_scans=2)
    assert "2 scans name nobody" in said(view)
    view.show_case("DOE, Jane")
    assert "unverified" not in said(view)


def test_hiding_the_identity_keeps_the_doubt(view: CaseView) -> None:
    view.show_case("DOE, Jane", unverified_scans=1)
    view.set_identity_hidden(True)
    assert "1 scan names nobody" in said(view)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Open folder", "open_folder_requested"),
        ("Files", "open_files_requested"),
        ("Next case", "next_case_requested"),
        ("Close", "close_requested"),
    ],
)
def test_buttons_tell(view: CaseView, qtbot: QtBot, text: str, signal: str) -> None:
    view.show_case("DOE")
    view.set_next_case(True)
    with qtbot.waitSignal(getattr(view, signal)):
        qtbot.mouseClick(button(view, text), Qt.MouseButton.LeftButton)


def test_recent_cases(view: CaseView, qtbot: QtBot) -> None:
    value = object()
    view.show_recent([("case A & B", value), ("case C", 2)])
    first, *_, clear = button(view, "Recent").menu().actions()
    with qtbot.waitSignal(view.recent_chosen) as told:
        first.trigger()
    assert told.args == [value]
    assert first.text() == "case A && B"
    with qtbot.waitSignal(view.recents_cleared):
        clear.trigger()


def test_names_of_recent_cases_are_hidden_with_the_identity(view: CaseView, qtbot: QtBot) -> None:
    def texts() -> list[str]:
        return [action.text() for action in button(view, "Recent").menu().actions() if action.text()]

    view.show_recent([("DOE Jane", 1), ("ROE", 2)])
    view.set_identity_hidden(True)
    assert texts() == ["Case 1 (name hidden)", "Case 2 (name hidden)", "Clear this list"]
    view.show_recent([("POE", 3), ("DOE Jane", 1)])
    assert texts() == ["Case 1 (name hidden)", "Case 2 (name hidden)", "Clear this list"]
    with qtbot.waitSignal(view.recent_chosen) as told:
        button(view, "Recent").menu().actions()[1].trigger()
    assert told.args == [1]
    view.set_identity_hidden(False)
    assert texts() == ["POE", "DOE Jane", "Clear this list"]


def dropped(widget: QWidget, urls: list[QUrl]) -> bool:
    """Drag over and drop, as from a file manager, which gives the paths as text too; True if the drop was taken."""
    mime = QMimeData()
    mime.setUrls(urls)
    mime.setText("\n".join(url.toString() for url in urls))
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(5, 5).toPoint(), copy, mime, left, none)
    QApplication.sendEvent(widget, enter)
    drop = QDropEvent(QPointF(5, 5), copy, mime, left, none)
    drop.setAccepted(False)
    QApplication.sendEvent(widget, drop)
    return bool(drop.isAccepted())


def test_files_and_folders_can_be_dropped(view: CaseView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.paths_dropped) as told:
        assert dropped(view, [QUrl.fromLocalFile("/data/a b"), QUrl.fromLocalFile("/data/ü.dcm")])
    assert told.args == [[Path("/data/a b"), Path("/data/ü.dcm")]]


def test_what_is_no_file_is_not_taken(view: CaseView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.paths_dropped):
        assert not dropped(view, [QUrl("https://example.org/a.dcm")])


def test_drop_can_be_set_on_any_widget(qtbot: QtBot) -> None:
    panel = QWidget()
    qtbot.addWidget(panel)
    QVBoxLayout(panel).addWidget(QLabel("child"))
    drop = PathDrop(panel)
    with qtbot.waitSignal(drop.paths_dropped):
        assert dropped(panel, [QUrl.fromLocalFile("/x")])


def test_a_case_dropped_on_the_filter_line_is_opened_and_not_typed_in(qtbot: QtBot) -> None:
    panel = QWidget()
    qtbot.addWidget(panel)
    bar = DisorderFilterBar()
    QVBoxLayout(panel).addWidget(bar)
    panel.show()
    qtbot.waitExposed(panel)
    target: QWidget = bar.text
    while not target.acceptDrops() and not target.isWindow():
        target = target.parentWidget()  # as Qt looks for who takes a drag
    with qtbot.waitSignal(PathDrop(panel).paths_dropped) as told:
        assert dropped(target, [QUrl.fromLocalFile("/data/case")])
    assert told.args == [[Path("/data/case")]]
    assert bar.text.text() == ""


PATIENTS = (PatientSummary(1, "3 scans, CT and X-ray", "DOE, Jane"), PatientSummary(2, "1 scan, MRI", "ROE"))


@pytest.fixture
def choice(qtbot: QtBot) -> PatientChoice:
    choice = PatientChoice()
    qtbot.addWidget(choice)
    choice.show_patients(PATIENTS)
    return choice


def test_no_patient_is_picked_beforehand(choice: PatientChoice) -> None:
    assert "2 patients" in said(choice)
    assert not button(choice, "Open this patient").isEnabled()


def test_one_patient_is_picked(choice: PatientChoice, qtbot: QtBot) -> None:
    rows = choice.findChild(QListWidget)
    assert "Patient 2 (1 scan, MRI)" in rows.item(1).text()
    rows.setCurrentRow(1)
    with qtbot.waitSignal(choice.patient_chosen) as told:
        qtbot.mouseClick(button(choice, "Open this patient"), Qt.MouseButton.LeftButton)
    assert told.args == [2]


def test_with_another_case_open_it_says_whose_image_is_seen_and_none_can_be_picked(
    choice: PatientChoice, qtbot: QtBot
) -> None:
    assert "the case above" not in said(choice)
    choice.show_patients(PATIENTS, beside_another=True)
    assert "image and scans are those of the case above" in said(choice)
    with qtbot.waitSignal(choice.none_chosen):
        qtbot.mouseClick(button(choice, "None of them"), Qt.MouseButton.LeftButton)


def test_names_of_patients_can_be_hidden(choice: PatientChoice) -> None:
    rows = choice.findChild(QListWidget)
    assert "DOE" in rows.item(0).text()
    choice.set_identity_hidden(True)
    assert "DOE" not in rows.item(0).text()
    assert "Patient 1" in rows.item(0).text()
