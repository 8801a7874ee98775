"""The ranked table: what stays in sight, what leaves it, and that nothing leaves a stale one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QColor, QGuiApplication, QImage
from qtpy.QtWidgets import QFileDialog, QLabel, QMenu, QToolButton

from napari_raddiag.data_models.disorder_table import Column
from napari_raddiag.widgets.colours import colours_of
from napari_raddiag.widgets.disorders_view import DisordersView
from tests.viewer.data_models.made_up import CYST, FRACTURE, GLIOMA, TUMOUR, made_diagnosis, many_disorders

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot) -> DisordersView:
    view = DisordersView()
    qtbot.addWidget(view)
    view.resize(380, 520)
    view.show_diagnosis(made_diagnosis())
    view.show()
    qtbot.waitExposed(view)
    QGuiApplication.clipboard().setText("before")
    return view


def names(view: DisordersView) -> list[str]:
    model = view.list.model()
    return [model.index(row, Column.NAME).data() for row in range(model.rowCount())]


def said(view: DisordersView) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisibleTo(view))


def click(view: DisordersView, qtbot: QtBot, row: int) -> None:
    rect = view.list.visualRect(view.list.model().index(row, Column.NAME))
    qtbot.mouseClick(view.list.viewport(), LEFT, pos=rect.center())


def test_headline_and_cautions(view: DisordersView) -> None:
    assert view.headline.text() == made_diagnosis().headline
    assert "used by choice although a localizer" in said(view)
    assert "4 of 4 shown" in said(view)


def test_many_cautions_are_folded_but_counted(view: DisordersView) -> None:
    for _ in range(2):  # the second finds them folded already
        view.show_diagnosis(replace(made_diagnosis(), warnings=("a", "b", "c")))
        assert any(button.text() == "3 cautions" for button in view.findChildren(QToolButton))
        assert not view.warnings.isVisible()


def test_text_hides_positives_and_says_so(view: DisordersView, qtbot: QtBot) -> None:
    qtbot.keyClicks(view.filter_bar.text, "glioma")
    assert names(view) == ["Glioma"]
    assert "2 positives are hidden by the filter" in said(view)
    view.filter_bar.text.clear()
    assert "hidden by the filter" not in said(view)
    assert len(names(view)) == 4


def test_chapter_and_top_keep_positives(view: DisordersView) -> None:
    view.show_diagnosis(made_diagnosis(*many_disorders(60)))
    view.set_top(5)
    assert len(names(view)) == 5
    chapter = view.filter_bar.chapter
    chapter.setCurrentIndex(next(row for row in range(chapter.count()) if "I00-I99" in chapter.itemText(row)))
    assert names(view)[:3] == ["Tibial fracture", "Baker cyst", "Disorder 4"]
    view.filter_bar.top.setCurrentIndex(1)
    assert len(names(view)) == 2 + 29
    assert "hidden by the filter" not in said(view)


def test_chapter_that_the_next_diagnosis_lacks_is_given_up(view: DisordersView) -> None:
    chapter = view.filter_bar.chapter
    chapter.setCurrentIndex(next(row for row in range(chapter.count()) if "C00-D49" in chapter.itemText(row)))
    view.show_diagnosis(made_diagnosis(CYST, replace(CYST, rank=2, name="Other", state="negative")))
    assert chapter.currentData() is None
    assert names(view) == ["Baker cyst", "Other"]


def test_click_and_enter_choose_and_arrows_do_not(view: DisordersView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.disorder_chosen) as told:
        click(view, qtbot, 1)
    assert told.args == ["Baker cyst"]
    with qtbot.assertNotEmitted(view.disorder_chosen):
        qtbot.keyClick(view.list, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.disorder_chosen) as told:
        qtbot.keyClick(view.list, Qt.Key.Key_Return)
    assert told.args == ["Osteochondroma"]


def test_normal_stands_apart_and_can_be_chosen(view: DisordersView, qtbot: QtBot) -> None:
    assert "Normal" not in names(view)
    with qtbot.waitSignal(view.disorder_chosen) as told:
        qtbot.mouseClick(view.normal, LEFT)
    assert told.args == ["Normal"]


def test_selected_rows_are_copied(view: DisordersView, qtbot: QtBot) -> None:
    view.select("Baker cyst")
    qtbot.keyClick(view.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    text = QGuiApplication.clipboard().text()
    assert "Baker cyst\tM71.20\tpositive" in text
    assert "Tibial" not in text
    assert "Research use only" in text


def test_csv_is_saved_whole(view: DisordersView, qtbot: QtBot, tmp_path: Path) -> None:
    view.set_top(1)  # what is shown is no limit to what is saved
    with qtbot.waitSignal(view.message) as told:
        view.save_csv(tmp_path / "case.csv")
    assert told.args == [f"saved {tmp_path / 'case.csv'}"]
    text = (tmp_path / "case.csv").read_text(encoding="utf-8")
    assert "Osteochondroma" in text
    assert made_diagnosis().model_sha256 in text
    assert [path.name for path in tmp_path.iterdir()] == ["case.csv"]


def test_csv_that_cannot_be_written_is_a_message(view: DisordersView, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with qtbot.waitSignal(view.message) as told:
        view.save_csv(tmp_path / "file" / "case.csv")
    assert "check the path" in told.args[0]


def test_nothing_leaves_a_stale_diagnosis(view: DisordersView, qtbot: QtBot, tmp_path: Path) -> None:
    view.select("Baker cyst")
    view.set_stale(True)
    assert "diagnose again" in said(view)
    assert not view.copy_button.isEnabled()
    assert not view.save_button.isEnabled()
    with qtbot.assertNotEmitted(view.disorder_chosen):
        click(view, qtbot, 0)
        qtbot.keyClick(view.list, Qt.Key.Key_Return)
        qtbot.mouseClick(view.normal, LEFT)
    assert view.list.selected_scores == []
    qtbot.keyClick(view.list, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    view.save_csv(tmp_path / "case.csv")
    assert QGuiApplication.clipboard().text() == "before"
    assert list(tmp_path.iterdir()) == []


def colours_on_screen(view: DisordersView) -> set[str]:
    image: QImage = view.list.viewport().grab().toImage()
    return {QColor(image.pixel(x, y)).name() for x in range(0, image.width(), 2) for y in range(image.height())}


def test_a_stale_table_loses_its_colour_and_gets_it_back(view: DisordersView) -> None:
    positive = colours_of(view.palette()).positive
    view.list.clearSelection()
    assert positive in colours_on_screen(view)
    view.set_stale(True)
    assert positive not in colours_on_screen(view)
    view.set_stale(False)
    assert positive in colours_on_screen(view)
    assert view.copy_button.isEnabled()


def test_a_new_diagnosis_is_not_stale(view: DisordersView, qtbot: QtBot) -> None:
    view.set_stale(True)
    view.show_diagnosis(made_diagnosis(FRACTURE, TUMOUR))
    assert not view.is_stale
    with qtbot.waitSignal(view.disorder_chosen):
        click(view, qtbot, 0)


def test_not_assessed_is_drawn_without_a_bar(view: DisordersView) -> None:
    def bar_colours(state: str) -> set[str]:
        view.show_diagnosis(made_diagnosis(replace(GLIOMA, probability=1.0, state=state)))  # type: ignore[arg-type]
        cell = view.list.visualRect(view.list.model().index(0, Column.SCORE))
        image = view.list.viewport().grab(cell.adjusted(0, 0, -cell.width() // 2, 0)).toImage()
        return {QColor(image.pixel(x, y)).name() for x in range(image.width()) for y in range(image.height())}

    colours = colours_of(view.palette())
    assert colours.negative in bar_colours("negative")
    assert colours.negative not in bar_colours("not assessed")


def test_columns_come_with_the_width(view: DisordersView, qtbot: QtBot) -> None:
    assert view.list.is_narrow
    high = view.list.rowHeight(0)
    view.resize(1000, 520)
    qtbot.waitUntil(lambda: not view.list.is_narrow)
    assert view.list.rowHeight(0) < high
    assert not view.list.isColumnHidden(Column.TIER)


def test_no_diagnosis_shows_no_table(view: DisordersView) -> None:
    view.show_diagnosis(None)
    assert "No diagnosis yet" in said(view)
    assert view.list.isHidden()
    view.copy()
    assert QGuiApplication.clipboard().text() == "before"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_csv_never_has_the_name_of_another_diagnosis(
    view: DisordersView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arrived: bool
) -> None:
    def ask(_parent: object, _title: str, name: str, _kinds: str) -> tuple[str, str]:
        assert name == "case-3cd83b422d44.csv"
        if arrived:
            view.show_diagnosis(replace(made_diagnosis(), case_id="another"))
        return str(tmp_path / name), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    with qtbot.waitSignal(view.message) as told:
        qtbot.mouseClick(view.save_button, LEFT)
    assert ("the diagnosis changed" in told.args[0]) == arrived
    assert [path.name for path in tmp_path.iterdir()] == ([] if arrived else ["case-3cd83b422d44.csv"])


def menu_action(view: DisordersView, text: str) -> QAction:
    rect = view.list.visualRect(view.list.model().index(1, Column.NAME))
    view.list.customContextMenuRequested.emit(rect.center())
    menu = view.findChildren(QMenu)[-1]
    return next(action for action in menu.actions() if action.text().startswith(text))


def test_the_menu_shows_and_compares_and_gives_the_focus_back(view: DisordersView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.disorder_chosen) as told, qtbot.waitSignal(view.focus_released):
        menu_action(view, "Show").trigger()
    assert told.args == ["Baker cyst"]
    with qtbot.waitSignal(view.compare_chosen) as told:
        menu_action(view, "Compare").trigger()
    assert told.args == ["Baker cyst"]


def test_a_menu_of_a_diagnosis_that_is_gone_asks_for_nothing(view: DisordersView, qtbot: QtBot) -> None:
    action = menu_action(view, "Show")
    view.show_diagnosis(made_diagnosis(TUMOUR))
    with qtbot.waitSignal(action.triggered), qtbot.assertNotEmitted(view.disorder_chosen):
        action.trigger()
    assert view.list.selected_scores == []
