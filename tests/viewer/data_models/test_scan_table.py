"""What the table of scans says of a case, and that it changes nothing by itself."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_raddiag.data_models.patient_summary import identity_line, identity_of, nameless_scans, patients_of
from napari_raddiag.data_models.scan_facts import date_text, dates_of, facts_of
from napari_raddiag.data_models.scan_table import SHOWN_ROLE, Column, ScanTable
from raddiag_engine.cases import Anatomy, Case, Identity, Modality, WarningCode
from tests.viewer.data_models.made_up import JANE, made_case, made_scan


@pytest.fixture
def table() -> ScanTable:
    table = ScanTable()
    table.set_facts(facts_of(made_case()))
    return table


def test_it_is_a_sound_qt_model(table: ScanTable, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(table)


def test_facts_of_a_scan() -> None:
    xray, mri, localizer = facts_of(made_case())
    assert (mri.name, mri.matrix, mri.spacing, mri.date) == (
        "2 MRI sagittal",
        "4 x 6 x 8",
        "3 x 0.5 x 0.5 mm",
        "2026-03-12",
    )
    assert mri.modality_guessed
    assert not xray.modality_guessed
    assert mri.warnings[0] == "geometry.gap: slices are missing (slice 2, 3)"
    assert mri.files == "001.dcm and 1 more"
    assert xray.spacing == "spacing unknown"
    assert (localizer.used, localizer.usable, localizer.reason, localizer.overridden) == (
        False,
        False,
        "a localizer",
        False,
    )


def test_overruled_scan_is_marked() -> None:
    case = made_case().using(frozenset({"xray", "localizer"}))
    xray, mri, localizer = facts_of(case)
    assert (xray.used, mri.used, localizer.used, localizer.overridden) == (True, False, True, True)
    table = ScanTable()
    table.set_facts((xray, mri, localizer))
    assert "used by choice" in table.index(2, Column.GEOMETRY).data()


def test_dates_are_sorted_and_the_undated_come_last() -> None:
    scans = [made_scan(str(n), series_date=date) for n, date in enumerate(["", "20260312", "20240112", "20260312"])]
    assert dates_of(facts_of(Case(tuple(scans)))) == ("20240112", "20260312", "")
    assert (date_text("20240112"), date_text(""), date_text("2024")) == ("2024-01-12", "no date", "2024")


def test_guess_is_marked_and_unusable_says_why(table: ScanTable) -> None:
    assert table.index(1, Column.MODALITY).data() == "MRI ?\nlower limb"
    assert table.index(0, Column.MODALITY).data() == "X-ray\nlower limb"
    assert "not used: a localizer" in table.index(2, Column.GEOMETRY).data()
    assert "slices are missing" in table.index(1, Column.WARNINGS).data(Qt.ItemDataRole.ToolTipRole)
    assert table.index(1, Column.WARNINGS).data() == "2"


def test_a_guessed_body_region_is_marked_too() -> None:
    scan = made_scan("xray", modality=Modality.XRAY, anatomy=Anatomy.CHEST)
    table = ScanTable()
    table.set_facts(facts_of(Case((scan.warned(WarningCode.ANATOMY_GUESSED, "from a folder's name"),))))
    assert table.index(0, Column.MODALITY).data() == "X-ray\nchest ?"
    assert "guessed" in table.index(0, Column.WARNINGS).data(Qt.ItemDataRole.ToolTipRole)


def test_ticking_tells_and_does_not_change(table: ScanTable, qtbot: QtBot) -> None:
    cell = table.index(0, Column.USE)
    with qtbot.waitSignal(table.use_toggled) as told:
        table.setData(cell, Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert told.args == ["xray", False]
    assert cell.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked


def test_choosing_a_modality_tells_it(table: ScanTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(table.modality_chosen) as told:
        table.setData(table.index(0, Column.MODALITY), Modality.CT)
    assert told.args == ["xray", Modality.CT]


def test_confirming_a_guess_tells_it_and_the_same_stated_modality_does_not(table: ScanTable, qtbot: QtBot) -> None:
    with qtbot.waitSignal(table.modality_chosen):
        table.setData(table.index(1, Column.MODALITY), Modality.MRI)
    with qtbot.assertNotEmitted(table.modality_chosen):
        table.setData(table.index(0, Column.MODALITY), Modality.XRAY)


def test_thumbnail_is_the_array_and_outlives_it(table: ScanTable) -> None:
    grey = np.zeros((3, 5), dtype=np.uint8)
    grey[0, 4] = 200
    table.set_thumbnail("mri", grey)
    grey[:] = 255
    picture = table.index(1, Column.IMAGE).data(Qt.ItemDataRole.DecorationRole).toImage()
    assert (picture.width(), picture.height()) == (5, 3)
    assert picture.pixelColor(4, 0).red() == 200
    assert picture.pixelColor(0, 0).red() == 0


def test_an_edited_case_keeps_pictures_and_another_case_does_not(table: ScanTable) -> None:
    table.set_thumbnail("mri", np.zeros((3, 5), dtype=np.uint8))
    table.set_network_saw("mri", "24 slices")
    table.set_facts(facts_of(made_case().using(frozenset({"mri"}))))
    assert table.index(1, Column.IMAGE).data(Qt.ItemDataRole.DecorationRole) is not None
    assert "will see: 24 slices" in table.index(1, Column.GEOMETRY).data()
    table.set_facts(facts_of(Case((made_scan("other"),))))
    table.set_facts(facts_of(made_case()))
    assert table.index(1, Column.IMAGE).data(Qt.ItemDataRole.DecorationRole) is None
    assert "seen" not in table.index(1, Column.GEOMETRY).data()


def test_scan_on_the_canvas_is_marked(table: ScanTable) -> None:
    table.set_shown("mri")
    assert [table.index(row, 0).data(SHOWN_ROLE) for row in range(3)] == [False, True, False]


def test_picture_of_a_scan_that_is_gone_is_passed_over(table: ScanTable) -> None:
    table.set_thumbnail("gone", np.zeros((2, 2), dtype=np.uint8))
    assert table.rowCount() == 3


def test_identity_in_one_line() -> None:
    assert identity_line(JANE) == "DOE, Jane Ann, ID 4711, born 1970-01-31, F"
    assert identity_line(Identity()) == ""
    case = Case((made_scan("a", identity=Identity()), made_scan("b")))
    assert identity_of(case) == identity_line(JANE)
    assert nameless_scans(case) == 1


def test_patients_are_counted_and_not_printed() -> None:
    other = Identity(patient_id="0815", patient_name="ROE")
    scans = (made_scan("a"), made_scan("b", modality=Modality.CT), made_scan("c", identity=other))
    first, second = patients_of(Case(scans))
    assert (first.number, first.scans) == (1, "2 scans, MRI and CT")
    assert (second.number, second.scans) == (2, "1 scan, MRI")
    assert "ROE" not in repr(second)


def test_the_network_saw_nothing_before_a_diagnosis(table: ScanTable, qtbot: QtBot) -> None:
    assert table.network_sentence("mri") == ""
    table.set_network_saw("mri", "24 slices")
    cell = table.index(1, Column.GEOMETRY)
    assert table.network_sentence("mri") == "The network will see: 24 slices"
    assert "\nwill see: 24 slices" in cell.data()
    with qtbot.waitSignal(table.dataChanged):
        table.set_diagnosed(True)
    assert table.network_sentence("mri") == "The network saw: 24 slices"
    assert "\nseen: 24 slices" in cell.data()
    assert "The network saw: 24 slices" in cell.data(Qt.ItemDataRole.ToolTipRole)


def test_an_editor_that_outlived_its_row_changes_nothing(table: ScanTable, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(table.modality_chosen):
        assert not table.setData(table.index(99, Column.MODALITY), Modality.CT)
