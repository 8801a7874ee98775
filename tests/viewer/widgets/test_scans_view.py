"""What the reader can do with the table of scans."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton, QWidget

from napari_raddiag.data_models.scan_facts import facts_of
from napari_raddiag.data_models.scan_table import Column
from napari_raddiag.widgets.scan_form import ScanForm
from napari_raddiag.widgets.scans_view import ScansView
from raddiag_engine.cases import Anatomy, Case, Modality, Plane
from tests.viewer.data_models.made_up import made_case, made_scan

XRAY, MRI, LOCALIZER = 0, 1, 2
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot) -> ScansView:
    view = ScansView()
    qtbot.addWidget(view)
    view.resize(380, 500)
    view.show_case(made_case())
    view.show()
    qtbot.waitExposed(view)
    return view


def click(view: ScansView, qtbot: QtBot, row: int, column: Column) -> None:
    rect = view.table.visualRect(view.model.index(row, column))
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=rect.topLeft() + rect.center() - rect.topLeft())


def button(view: QWidget, text: str) -> QPushButton:
    return next(b for b in view.findChildren(QPushButton) if b.text().replace("&", "") == text)


def said(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisibleTo(view))


def test_a_click_on_the_tick_asks_to_leave_the_scan_out(view: ScansView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.use_toggled) as told:
        click(view, qtbot, MRI, Column.USE)
    assert told.args == ["mri", False]


def test_space_ticks_too(view: ScansView, qtbot: QtBot) -> None:
    view.table.setCurrentIndex(view.model.index(XRAY, Column.USE))
    with qtbot.waitSignal(view.use_toggled) as told:
        qtbot.keyClick(view.table, Qt.Key.Key_Space)
    assert told.args == ["xray", False]


def test_an_unusable_scan_is_used_only_after_a_question(view: ScansView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.use_toggled):
        click(view, qtbot, LOCALIZER, Column.USE)
    assert view.details.is_asking
    assert "should not be used: a localizer" in said(view)
    with qtbot.waitSignal(view.use_toggled) as told:
        qtbot.mouseClick(button(view, "Use it all the same"), LEFT)
    assert told.args == ["localizer", True]
    assert not view.details.is_asking


def test_the_question_can_be_declined_and_goes_with_another_scan(view: ScansView, qtbot: QtBot) -> None:
    click(view, qtbot, LOCALIZER, Column.USE)
    with qtbot.assertNotEmitted(view.use_toggled):
        qtbot.mouseClick(button(view, "Leave it out"), LEFT)
    assert not view.details.is_asking
    click(view, qtbot, LOCALIZER, Column.USE)
    click(view, qtbot, MRI, Column.GEOMETRY)
    assert not view.details.is_asking


def test_an_overruled_scan_is_left_out_again_without_a_question(view: ScansView, qtbot: QtBot) -> None:
    view.show_case(made_case().using(frozenset({"localizer"})))
    with qtbot.waitSignal(view.use_toggled) as told:
        click(view, qtbot, LOCALIZER, Column.USE)
    assert told.args == ["localizer", False]


def test_selecting_a_scan_shows_it_once(view: ScansView, qtbot: QtBot) -> None:
    told: list[str] = []
    view.scan_activated.connect(told.append)
    click(view, qtbot, MRI, Column.GEOMETRY)
    assert told == ["mri"]
    qtbot.keyClick(view.table, Qt.Key.Key_Up)
    assert told == ["mri", "xray"]


def test_ticking_does_not_change_what_is_shown_twice(view: ScansView, qtbot: QtBot) -> None:
    view.set_active("xray")
    with qtbot.assertNotEmitted(view.scan_activated):
        click(view, qtbot, XRAY, Column.USE)
    assert view.table.currentIndex().row() == XRAY


def test_the_scan_on_the_canvas_is_selected_in_silence(view: ScansView, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(view.scan_activated):
        view.set_active("mri")
    assert view.table.currentIndex().row() == MRI
    assert "geometry.gap: slices are missing (slice 2, 3)" in said(view)


def test_what_the_network_sees_stands_in_full_in_the_details(view: ScansView) -> None:
    view.set_active("mri")
    view.set_network_saw("mri", "32 of 412 slices, 256 px, window 40/400")
    assert "The network will see: 32 of 412 slices, 256 px, window 40/400" in said(view)
    view.set_diagnosed(True)
    assert "The network saw: 32 of 412 slices, 256 px, window 40/400" in said(view)
    view.set_diagnosed(False)
    assert "will see: 32" in said(view)


def test_what_the_network_will_see_takes_one_line_of_its_row_as_what_it_saw(view: ScansView) -> None:
    view.set_network_saw("mri", "a long text " * 20)
    height = view.table.rowHeight(MRI)
    view.set_network_saw("mri", "short")
    assert view.table.rowHeight(MRI) == height


def test_the_networks_view_is_toggled(view: ScansView, qtbot: QtBot) -> None:
    view.set_active("mri")
    with qtbot.waitSignal(view.network_view_toggled) as told:
        qtbot.mouseClick(button(view, "Network's view"), LEFT)
    assert told.args == ["mri", True]


def test_modality_is_corrected_in_the_table(view: ScansView, qtbot: QtBot) -> None:
    view.table.edit(view.model.index(XRAY, Column.MODALITY))
    editor = view.table.findChild(QComboBox)
    assert [editor.itemText(n) for n in range(editor.count())] == [str(m) for m in Modality]
    editor.hidePopup()
    editor.setCurrentText("mammography")
    with qtbot.waitSignal(view.modality_chosen) as told:
        editor.activated.emit(editor.currentIndex())
    assert told.args == ["xray", Modality.MAMMOGRAPHY]


def test_dates_are_said_and_ticked(view: ScansView, qtbot: QtBot) -> None:
    assert "Scans of 2 dates" in said(view)
    old, new = view.dates.boxes
    assert (old.text(), old.isEnabled()) == ("2024-01-12 (1 scan)", False)  # its only scan is not usable
    assert (new.text(), new.checkState()) == ("2026-03-12 (2 scans)", Qt.CheckState.Checked)
    with qtbot.waitSignal(view.date_toggled) as told:
        new.click()
    assert told.args == ["20260312", False]


def test_a_date_used_in_part_is_asked_for_whole(view: ScansView, qtbot: QtBot) -> None:
    view.show_case(made_case().using(frozenset({"mri"})))
    _, new = view.dates.boxes
    assert new.checkState() == Qt.CheckState.PartiallyChecked
    with qtbot.waitSignal(view.date_toggled) as told:
        new.click()
    assert told.args == ["20260312", True]


def test_one_date_is_not_worth_a_line(view: ScansView) -> None:
    view.show_case(Case((made_scan("a"), made_scan("b"))))
    assert view.dates.isHidden()


def test_names_of_files_are_hidden_with_the_identity(view: ScansView) -> None:
    view.set_active("mri")
    assert "001.dcm" in said(view)
    view.set_identity_hidden(True)
    assert "001.dcm" not in said(view)
    view.set_active("xray")
    assert "001.dcm" not in said(view)


def test_closing_the_case_empties_the_view(view: ScansView) -> None:
    view.set_active("mri")
    view.show_case(None)
    assert view.model.rowCount() == 0
    assert view.details.isHidden()


def test_form_tells_what_was_changed_and_nothing_else(qtbot: QtBot) -> None:
    facts = facts_of(made_case())[XRAY]
    form = ScanForm(facts)
    qtbot.addWidget(form)
    form.form["anatomy"].value = Anatomy.CHEST
    with qtbot.assertNotEmitted(form.modality_chosen), qtbot.waitSignal(form.anatomy_chosen) as told:
        form.accept()
    assert told.args == ["xray", Anatomy.CHEST]


def test_form_confirms_a_guess(qtbot: QtBot) -> None:
    form = ScanForm(replace(facts_of(made_case())[MRI]))
    qtbot.addWidget(form)
    with qtbot.assertNotEmitted(form.anatomy_chosen), qtbot.waitSignal(form.modality_chosen) as told:
        form.accept()
    assert told.args == ["mri", Modality.MRI]


def test_form_confirms_a_guessed_body_region(qtbot: QtBot) -> None:
    form = ScanForm(replace(facts_of(made_case())[MRI], modality_guessed=False, anatomy_guessed=True))
    qtbot.addWidget(form)
    with qtbot.assertNotEmitted(form.modality_chosen), qtbot.waitSignal(form.anatomy_chosen) as told:
        form.accept()
    assert told.args == ["mri", Anatomy.LOWER_LIMB]


def test_cancelled_form_tells_nothing(qtbot: QtBot) -> None:
    form = ScanForm(facts_of(made_case())[MRI])
    qtbot.addWidget(form)
    form.form["modality"].value = Modality.CT
    with qtbot.waitSignal(form.rejected), qtbot.assertNotEmitted(form.modality_chosen):
        form.reject()
    assert form.result() == ScanForm.DialogCode.Rejected


def test_form_opens_from_the_details(view: ScansView, qtbot: QtBot) -> None:
    view.set_active("xray")
    qtbot.mouseClick(button(view, "Say what this scan is..."), LEFT)
    form = view.findChild(ScanForm)
    form.form["modality"].value = Modality.FLUOROSCOPY
    with qtbot.waitSignal(view.modality_chosen) as told:
        form.accept()
    assert told.args == ["xray", Modality.FLUOROSCOPY]


def other_case() -> Case:
    return Case((made_scan("another", plane=Plane.AXIAL),))


def test_the_form_closes_when_another_case_is_shown(view: ScansView, qtbot: QtBot) -> None:
    view.set_active("xray")
    qtbot.mouseClick(button(view, "Say what this scan is..."), LEFT)
    form = view.findChild(ScanForm)
    form.form["modality"].value = Modality.FLUOROSCOPY
    with qtbot.assertNotEmitted(view.modality_chosen), qtbot.waitSignal(form.finished):
        view.show_case(other_case())
    assert not form.isVisible()


def test_the_form_closes_with_the_case(view: ScansView, qtbot: QtBot) -> None:
    view.set_active("xray")
    qtbot.mouseClick(button(view, "Say what this scan is..."), LEFT)
    form = view.findChild(ScanForm)
    view.show_case(None)
    assert not form.isVisible()


def test_the_form_stays_while_its_case_is_edited(view: ScansView, qtbot: QtBot) -> None:
    view.set_active("xray")
    qtbot.mouseClick(button(view, "Say what this scan is..."), LEFT)
    form = view.findChild(ScanForm)
    view.show_case(made_case().using(frozenset({"xray"})))
    assert form.isVisible()
    form.reject()
    view.show_case(other_case())  # the form is gone, and asking it to close is no fault


def test_the_list_of_modalities_closes_when_another_case_is_shown(view: ScansView, qtbot: QtBot) -> None:
    view.table.edit(view.model.index(MRI, Column.MODALITY))
    editor = view.table.findChild(QComboBox)
    popup = editor.view().window()
    assert popup.isVisible()
    with qtbot.assertNotEmitted(view.modality_chosen):
        view.show_case(other_case())
        assert not popup.isVisible()
        editor.setCurrentText("mammography")
        editor.activated.emit(editor.currentIndex())
        qtbot.wait(20)
    assert view.table.findChild(QComboBox) is None
