"""Keys while a table has the focus: the reader's reach the window, its own stay; a click gives the focus back."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QComboBox, QLineEdit, QPushButton, QVBoxLayout, QWidget

from napari_raddiag.data_models.disorder_table import Column as DisorderColumn
from napari_raddiag.data_models.scan_table import Column
from napari_raddiag.widgets.disorders_view import DisordersView
from napari_raddiag.widgets.key_passing_scroll import KeyPassingScroll
from napari_raddiag.widgets.reading_table import ReadingTable
from napari_raddiag.widgets.scans_view import ScansView
from tests.viewer.data_models.made_up import made_case, made_diagnosis

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
XRAY, MRI, LOCALIZER = 0, 1, 2


class Window(QWidget):
    """Stands for napari's main window: takes the keys that no widget wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[Qt.Key] = []
        self.scans, self.disorders, self.image = ScansView(), DisordersView(), QLineEdit()
        inside = QWidget()
        column = QVBoxLayout(inside)
        for widget in (self.scans, self.disorders):
            column.addWidget(widget)
        scroll = KeyPassingScroll()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll)
        layout.addWidget(self.image)
        for view in (self.scans, self.disorders):
            view.focus_released.connect(self.image.setFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Shift, Qt.Key.Key_Control):
            self.keys.append(Qt.Key(event.key()))

    @property
    def tables(self) -> tuple[ReadingTable, ReadingTable]:
        return self.scans.table, self.disorders.list


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    window = Window()
    qtbot.addWidget(window)
    window.resize(420, 1000)
    window.scans.show_case(made_case())
    window.disorders.show_diagnosis(made_diagnosis())
    window.show()
    window.activateWindow()
    qtbot.waitActive(window)
    return window


@pytest.mark.parametrize("which", [0, 1])
def test_letters_digits_pages_and_escape_reach_the_window(window: Window, qtbot: QtBot, which: int) -> None:
    table = window.tables[which]
    table.setCurrentIndex(table.model().index(1, 3))
    table.setFocus()
    keys = [Qt.Key.Key_O, Qt.Key.Key_D, Qt.Key.Key_1, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, Qt.Key.Key_Escape]
    for key in keys:
        qtbot.keyClick(table, key)
    qtbot.keyClick(table, Qt.Key.Key_P, SHIFT)
    assert window.keys == [*keys, Qt.Key.Key_P]
    assert table.currentIndex().row() == 1


def test_a_list_gives_the_keys_back_once_it_is_shut_and_arrows_on_it_do_not(window: Window, qtbot: QtBot) -> None:
    choice = window.disorders.filter_bar.chapter
    choice.setFocus()
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    qtbot.wait(20)
    assert choice.hasFocus() and choice.currentIndex() == 1
    choice.showPopup()
    qtbot.keyClick(choice.view(), Qt.Key.Key_Return)
    qtbot.waitUntil(window.image.hasFocus)


@pytest.mark.parametrize("which", [0, 1])
def test_arrows_move_the_row_while_the_table_has_the_focus(window: Window, qtbot: QtBot, which: int) -> None:
    table = window.tables[which]
    table.setCurrentIndex(table.model().index(0, 3))
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert (table.currentIndex().row(), table.hasFocus()) == (1, True)
    qtbot.keyClick(table, Qt.Key.Key_Up)
    assert table.currentIndex().row() == 0
    assert window.keys == []


def test_a_table_searches_nothing(window: Window) -> None:
    table = window.disorders.list
    table.setCurrentIndex(table.model().index(0, 0))
    table.keyboardSearch("Osteochondroma")
    assert table.currentIndex().row() == 0


def test_the_panel_is_not_paged_by_the_keys_of_the_image(window: Window, qtbot: QtBot) -> None:
    button = window.scans.findChild(QPushButton)
    window.scans.set_active("xray")
    qtbot.keyClick(button, Qt.Key.Key_PageDown)
    qtbot.keyClick(button, Qt.Key.Key_PageUp)
    assert window.keys == [Qt.Key.Key_PageDown, Qt.Key.Key_PageUp]


def click_scan(window: Window, qtbot: QtBot, row: int, column: Column) -> None:
    table = window.scans.table
    qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(table.model().index(row, column)).center())


def click_disorder(window: Window, qtbot: QtBot, row: int, modifier: Qt.KeyboardModifier = NONE) -> None:
    table = window.disorders.list
    place = table.visualRect(table.model().index(row, DisorderColumn.NAME)).center()
    qtbot.mouseClick(table.viewport(), LEFT, modifier, place)


def test_a_click_on_a_scan_shows_it_and_gives_the_focus_back(window: Window, qtbot: QtBot) -> None:
    told: list[str] = []
    window.scans.scan_activated.connect(told.append)
    click_scan(window, qtbot, MRI, Column.GEOMETRY)
    assert told == ["mri"]
    assert window.image.hasFocus()


def test_a_tick_gives_the_focus_back_but_not_from_a_question(window: Window, qtbot: QtBot) -> None:
    click_scan(window, qtbot, MRI, Column.USE)
    assert window.image.hasFocus()
    click_scan(window, qtbot, LOCALIZER, Column.USE)
    assert window.scans.details.is_asking
    assert not window.image.hasFocus()


def test_a_double_click_still_opens_the_list_of_modalities(window: Window, qtbot: QtBot) -> None:
    table = window.scans.table
    place = table.visualRect(table.model().index(MRI, Column.MODALITY)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    assert window.image.hasFocus()
    qtbot.mouseDClick(table.viewport(), LEFT, pos=place)
    qtbot.mouseRelease(table.viewport(), LEFT, pos=place)
    editor = table.findChild(QComboBox)
    assert editor is not None
    assert editor.view().isVisible()
    assert not window.image.hasFocus()
    editor.hidePopup()


def test_a_cell_that_is_being_edited_keeps_the_focus(window: Window, qtbot: QtBot) -> None:
    table = window.scans.table
    table.edit(table.model().index(MRI, Column.MODALITY))
    with qtbot.assertNotEmitted(window.scans.focus_released):
        table.release_focus()
    assert not window.image.hasFocus()
    table.findChild(QComboBox).hidePopup()


def test_a_click_on_a_disorder_gives_the_focus_back(window: Window, qtbot: QtBot) -> None:
    click_disorder(window, qtbot, 1)
    assert window.image.hasFocus()
    window.disorders.list.setFocus()
    qtbot.mouseClick(window.disorders.normal, LEFT)
    assert window.image.hasFocus()


def test_selecting_several_disorders_keeps_the_focus_for_the_copy(window: Window, qtbot: QtBot) -> None:
    click_disorder(window, qtbot, 0)
    click_disorder(window, qtbot, 2, CONTROL)
    assert window.disorders.list.hasFocus()
    assert len(window.disorders.list.selected_scores) == 2
    with qtbot.waitSignal(window.disorders.message) as told:
        qtbot.keyClick(window.disorders.list, Qt.Key.Key_C, CONTROL)
    assert told.args == ["2 disorders copied"]
    assert window.keys == []


def test_enter_chooses_and_keeps_the_focus(window: Window, qtbot: QtBot) -> None:
    window.disorders.list.setFocus()
    window.disorders.select("Baker cyst")
    with qtbot.waitSignal(window.disorders.disorder_chosen), qtbot.assertNotEmitted(window.disorders.focus_released):
        qtbot.keyClick(window.disorders.list, Qt.Key.Key_Return)


def test_a_click_on_a_stale_table_gives_nothing_back(window: Window, qtbot: QtBot) -> None:
    window.disorders.set_stale(True)
    with qtbot.assertNotEmitted(window.disorders.focus_released):
        click_disorder(window, qtbot, 0)
        qtbot.mouseClick(window.disorders.normal, LEFT)
    assert not window.image.hasFocus()
