"""The box for names: what is typed is asked, what came back stands marked, and a reason says why it cannot."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt

from napari_raddiag.data_models.asked_disorder import AskedDisorder
from napari_raddiag.widgets.ask_by_name import NAME, NAME_ROLE, SCORE, STATE, AskByName
from raddiag_engine.diagnosis.result import UnseenScore
from raddiag_engine.diagnosis.vocabulary import NamedDisorder


def unseen(name: str, probability: float, covered: bool = True) -> UnseenScore:
    return UnseenScore(1, name, (), probability, 0.0, covered, "Glioma", 0.4)


ROWS = (
    AskedDisorder(NamedDisorder("Astrocytoma", ("C71.9",)), unseen("Astrocytoma", 0.234)),
    AskedDisorder(NamedDisorder("<b>Abscess</b>"), unseen("<b>Abscess</b>", 0.1, covered=False)),
    AskedDisorder(NamedDisorder("Cyst")),
)


@pytest.fixture
def view(qtbot: QtBot) -> AskByName:
    view = AskByName()
    qtbot.addWidget(view)
    view.show()
    view.activateWindow()
    view.line.setFocus()
    qtbot.waitUntil(view.line.hasFocus)
    return view


def texts(view: AskByName, column: int) -> list[str]:
    model = view.list.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_what_is_typed_is_asked_once_and_the_line_is_free_again(view: AskByName, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.typed):
        qtbot.keyClicks(view.line, " Tuberculosis ")
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.keyClick(view.line, Qt.Key.Key_Return)
    assert asked.args == ["Tuberculosis", ""]
    assert view.line.text() == ""
    with qtbot.assertNotEmitted(view.asked):
        qtbot.mouseClick(view.button, Qt.MouseButton.LeftButton)


def test_a_suggestion_brings_its_code(view: AskByName, qtbot: QtBot) -> None:
    qtbot.keyClicks(view.line, "tuberc")
    view.show_suggestions("tuber", (("Old", "A00"),))
    assert view.completer.model().rowCount() == 0  # of a text that is no longer there
    view.show_suggestions("tuberc", (("Tuberculosis of lung", "A15.0"), ("Tuberculous pleurisy", "A15.6")))
    popup = view.completer.popup()
    assert popup.isVisible()
    view.show_suggestions("tuberc", (("Tuberculosis of lung", "A15.0"), ("Tuberculous pleurisy", "A15.6")))
    assert popup.isVisible() and popup.model().rowCount() == 2
    assert popup.model().index(1, 0).data() == "Tuberculous pleurisy   A15.6"
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert view.line.text() == "Tuberculosis of lung"
    with qtbot.waitSignal(view.asked) as asked:
        qtbot.mouseClick(view.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["Tuberculosis of lung", "A15.0"]


def test_rows_are_marked_as_unseen_and_are_clicked_for_evidence(view: AskByName, qtbot: QtBot) -> None:
    assert not view.list.isVisible()
    view.show_rows(ROWS)
    assert view.list.isVisible()
    assert texts(view, NAME) == ["Astrocytoma, C71.9", "<b>Abscess</b>", "Cyst"]
    assert texts(view, SCORE) == ["~0.23", "–", "–"]
    assert texts(view, STATE) == ["unseen"] * 3
    index = view.list.model().index(0, NAME)
    assert "neither positive nor negative" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;Abscess" in view.list.model().index(1, NAME).data(Qt.ItemDataRole.ToolTipRole)
    place = view.list.visualRect(index).center()
    with qtbot.waitSignals([view.evidence_requested, view.focus_released]):
        qtbot.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    with qtbot.waitSignal(view.removed) as removed:
        view.list.setFocus()
        qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    assert removed.args == ["Astrocytoma"]
    assert index.data(NAME_ROLE) == "Astrocytoma"


def test_a_reason_stands_where_nothing_can_be_asked(view: AskByName, qtbot: QtBot) -> None:
    view.set_unavailable("model demo scores its own disorders only")
    assert not view.line.isEnabled() and not view.button.isEnabled()
    assert view.reason.isVisible() and "model demo" in view.reason.text()
    view.set_unavailable("")
    assert view.line.isEnabled() and not view.reason.isVisible()
