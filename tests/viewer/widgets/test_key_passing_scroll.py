"""What is being read stays in its place on the screen."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_raddiag.widgets.key_passing_scroll import KeyPassingScroll

PART_PX = 200


@pytest.fixture
def column(qtbot: QtBot) -> tuple[KeyPassingScroll, list[QWidget]]:
    parts = [QWidget() for _ in range(5)]
    inside = QWidget()
    layout = QVBoxLayout(inside)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for part in parts:
        part.setFixedHeight(PART_PX)
        layout.addWidget(part)
    layout.addStretch(0)  # as in the panel
    scroll = KeyPassingScroll()
    qtbot.addWidget(scroll)
    scroll.setWidget(inside)
    scroll.setWidgetResizable(True)
    scroll.resize(200, 300)
    scroll.show()
    qtbot.waitExposed(scroll)
    return scroll, parts


def on_screen(scroll: KeyPassingScroll, part: QWidget) -> int:
    return part.mapTo(scroll.viewport(), part.rect().topLeft()).y()


@pytest.mark.parametrize("new_px", [PART_PX + 90, PART_PX - 120])
@pytest.mark.parametrize("scrolled_px", [2 * PART_PX, 2 * PART_PX - 20, 2 * PART_PX + 30])
def test_what_is_read_stays_when_something_above_it_changes(
    column: tuple[KeyPassingScroll, list[QWidget]], qtbot: QtBot, new_px: int, scrolled_px: int
) -> None:
    scroll, parts = column
    scroll.verticalScrollBar().setValue(scrolled_px)
    before = on_screen(scroll, parts[2])
    parts[0].setFixedHeight(new_px)
    qtbot.waitUntil(lambda: parts[1].y() == new_px)
    assert on_screen(scroll, parts[2]) == before


def test_what_grows_in_sight_pushes_down_what_is_below_it(
    column: tuple[KeyPassingScroll, list[QWidget]], qtbot: QtBot
) -> None:
    scroll, parts = column
    scroll.verticalScrollBar().setValue(PART_PX)
    parts[1].setFixedHeight(PART_PX + 50)
    qtbot.waitUntil(lambda: parts[2].y() == 2 * PART_PX + 50)
    assert on_screen(scroll, parts[1]) == 0
    assert on_screen(scroll, parts[2]) == PART_PX + 50


def test_at_the_top_nothing_is_scrolled(column: tuple[KeyPassingScroll, list[QWidget]], qtbot: QtBot) -> None:
    scroll, parts = column
    parts[0].setFixedHeight(PART_PX + 50)
    qtbot.waitUntil(lambda: parts[1].y() == PART_PX + 50)
    assert scroll.verticalScrollBar().value() == 0


def test_what_is_read_at_the_end_stays_when_the_column_gets_shorter(
    column: tuple[KeyPassingScroll, list[QWidget]], qtbot: QtBot
) -> None:
    scroll, parts = column
    bar = scroll.verticalScrollBar()
    bar.setValue(bar.maximum())
    before = on_screen(scroll, parts[4])
    parts[0].setFixedHeight(PART_PX - 120)
    qtbot.waitUntil(lambda: parts[1].y() == PART_PX - 120)
    qtbot.wait(50)
    assert on_screen(scroll, parts[4]) == before


def test_a_part_that_cannot_come_up_yet_comes_up_once_there_is_enough_below_it(
    column: tuple[KeyPassingScroll, list[QWidget]], qtbot: QtBot
) -> None:
    scroll, parts = column
    scroll.bring_up(parts[4])
    assert on_screen(scroll, parts[4]) > 0
    parts[4].setFixedHeight(3 * PART_PX)
    qtbot.waitUntil(lambda: on_screen(scroll, parts[4]) == 0)
    scroll.verticalScrollBar().setValue(PART_PX)  # somebody scrolls: that holds
    parts[4].setFixedHeight(4 * PART_PX)
    qtbot.wait(50)
    assert on_screen(scroll, parts[1]) == 0
