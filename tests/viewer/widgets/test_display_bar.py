"""What the display bar offers, and what it asks for."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QComboBox, QPushButton

from napari_raddiag.widgets.display_bar import DisplayBar, DisplayChoices
from raddiag_engine.cases import Window

LUNG = Window(-600, 1500, name="lung")


@pytest.fixture
def bar(qtbot: QtBot) -> DisplayBar:
    bar = DisplayBar()
    qtbot.addWidget(bar)
    return bar


def button(bar: DisplayBar, text: str) -> QPushButton:
    return next(b for b in bar.findChildren(QPushButton) if b.text() == text)


def test_without_a_scan_nothing_is_offered(bar: DisplayBar) -> None:
    assert bar.isHidden()
    bar.show_choices(DisplayChoices())
    assert not bar.isHidden()


def test_a_window_is_chosen_by_its_name(qtbot: QtBot, bar: DisplayBar) -> None:
    bar.show_choices(DisplayChoices(windows=(("file", Window(40, 400)), ("lung", LUNG))))
    with qtbot.waitSignal(bar.window_chosen) as chosen:
        bar.findChild(QComboBox).activated.emit(2)
    assert chosen.args == [LUNG]


def test_the_wheel_that_scrolls_the_panel_changes_no_window(qtbot: QtBot, bar: DisplayBar) -> None:
    bar.show_choices(DisplayChoices(windows=(("file", Window(40, 400)), ("lung", LUNG))))
    bar.show()
    choice = bar.findChild(QComboBox)
    middle = QPointF(choice.rect().center())
    wheel = QWheelEvent(
        middle,
        choice.mapToGlobal(middle),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    bar.setFocus()
    before = choice.currentIndex()
    with qtbot.assertNotEmitted(bar.window_chosen):
        QApplication.sendEvent(choice, wheel)
    assert choice.currentIndex() == before
    assert not wheel.isAccepted(), "it is the panel's"


def test_only_the_planes_that_can_be_shown_are_offered(qtbot: QtBot, bar: DisplayBar) -> None:
    bar.show_choices(DisplayChoices(planes=("axial", "coronal"), plane="axial"))
    assert button(bar, "Axial").isChecked() and not button(bar, "Sagittal").isEnabled()
    with qtbot.waitSignal(bar.plane_chosen) as chosen:
        button(bar, "Coronal").click()
    assert chosen.args == ["coronal"] and not button(bar, "Axial").isChecked()


def test_a_refused_ruler_says_why(bar: DisplayBar) -> None:
    bar.show_choices(DisplayChoices(no_ruler="the file gives no spacing"))
    assert not button(bar, "Ruler").isEnabled() and button(bar, "Ruler").toolTip() == "the file gives no spacing"


def test_setting_a_tool_does_not_ask_for_it(qtbot: QtBot, bar: DisplayBar) -> None:
    bar.show_choices(DisplayChoices(several=True))
    with qtbot.assertNotEmitted(bar.grid_toggled):
        bar.set_tools(grid=True)
    assert button(bar, "Side by side").isChecked()


def test_the_window_in_use_is_named_if_it_is_one_of_those_offered(qtbot: QtBot, bar: DisplayBar) -> None:
    choice = bar.findChild(QComboBox)
    bar.show_choices(DisplayChoices(windows=(("file", Window(40, 400)), ("lung", LUNG))))
    with qtbot.assertNotEmitted(bar.window_chosen):
        bar.show_window(Window(-600, 1500))
        assert choice.currentText().startswith("lung")
        bar.show_window(Window(-600, 1500, "LINEAR_EXACT"))  # one value further at the edges: another window
        assert choice.currentText() == "as set by hand"
        bar.show_window(Window(40, 400))
        assert choice.currentText().startswith("file")
        bar.show_window(None)
        assert choice.currentIndex() == 0
