"""The diagnose bar, the engine's line, messages, sections."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QToolButton, QWidget

from napari_raddiag.data_models.engine_state import EngineKind, EngineState
from napari_raddiag.data_models.panel_message import PanelMessage, Severity
from napari_raddiag.widgets.diagnose_bar import DiagnoseBar
from napari_raddiag.widgets.engine_status import EngineStatus
from napari_raddiag.widgets.marks import Mark
from napari_raddiag.widgets.message_list import MOST_MESSAGES, MessageList
from napari_raddiag.widgets.section import Section
from napari_raddiag.widgets.shortcuts_dialog import ShortcutsDialog
from napari_raddiag.widgets.themed_label import MarkView

LEFT = Qt.MouseButton.LeftButton


def button(view: QWidget, text: str) -> QPushButton:
    return next(b for b in view.findChildren(QPushButton) if b.text().replace("&", "") == text)


def said(view: QWidget) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisibleTo(view))


@pytest.fixture
def bar(qtbot: QtBot) -> DiagnoseBar:
    bar = DiagnoseBar()
    qtbot.addWidget(bar)
    return bar


def test_bar_says_why_it_cannot_diagnose(bar: DiagnoseBar, qtbot: QtBot) -> None:
    bar.show_unavailable("the engine is down")
    assert "the engine is down" in bar.text
    assert "the engine is down" in bar.button.toolTip()
    with qtbot.assertNotEmitted(bar.diagnose_requested):
        qtbot.mouseClick(bar.button, LEFT)


def test_bar_diagnoses_and_shows_its_keys(bar: DiagnoseBar, qtbot: QtBot) -> None:
    bar.set_shortcut("Ctrl+Shift+D")
    bar.show_ready()
    assert "Ctrl+Shift+D" in bar.button.text()
    with qtbot.waitSignal(bar.diagnose_requested):
        qtbot.mouseClick(bar.button, LEFT)


def test_bar_shows_progress_and_cancels_once(bar: DiagnoseBar, qtbot: QtBot) -> None:
    bar.show_progress("encoding scan 2 of 3", 0.4)
    assert (bar.text, bar.progress.value(), bar.progress.maximum()) == ("encoding scan 2 of 3", 400, 1000)
    assert bar.button.isHidden()
    with qtbot.waitSignal(bar.cancel_requested):
        qtbot.mouseClick(bar.cancel, LEFT)
    assert bar.text == "cancelling..."
    with qtbot.assertNotEmitted(bar.cancel_requested):
        qtbot.mouseClick(bar.cancel, LEFT)
    bar.show_ready()
    assert bar.cancel.isHidden()
    assert bar.text == ""


def test_progress_of_unknown_length_is_busy(bar: DiagnoseBar) -> None:
    bar.show_progress("starting")
    assert bar.progress.maximum() == 0


@pytest.fixture
def status(qtbot: QtBot) -> EngineStatus:
    status = EngineStatus()
    qtbot.addWidget(status)
    return status


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        (EngineKind.STARTING, Mark.RING),
        (EngineKind.READY, Mark.DOT),
        (EngineKind.BUSY, Mark.HALF),
        (EngineKind.DOWN, Mark.CROSS),
    ],
)
def test_state_is_told_by_words_and_shape(status: EngineStatus, kind: EngineKind, mark: Mark) -> None:
    status.show_state(EngineState(kind, f"{kind} on CPU, float32"))
    assert f"Engine {kind} on CPU, float32" in said(status)
    assert status.findChild(MarkView).mark is mark


def test_remote_engine_is_said(status: EngineStatus) -> None:
    status.show_state(EngineState(EngineKind.READY, "ready on GPU", remote=True))
    assert status.text == "Engine ready on GPU (remote)"


def test_down_offers_restart_and_report(status: EngineStatus, qtbot: QtBot) -> None:
    assert not button(status, "Restart engine").isVisibleTo(status)
    status.show_state(EngineState(EngineKind.DOWN, "down: needs 9.1 GB"))
    assert button(status, "Restart engine").isVisibleTo(status)
    with qtbot.waitSignal(status.restart_requested):
        qtbot.mouseClick(button(status, "Restart engine"), LEFT)
    with qtbot.waitSignal(status.report_requested):
        qtbot.mouseClick(button(status, "Copy report"), LEFT)


def test_menu_restarts_at_any_time(status: EngineStatus, qtbot: QtBot) -> None:
    actions = {action.text(): action for action in button(status, "Engine").menu().actions()}
    for text, signal in (
        ("Restart engine", status.restart_requested),
        ("Copy report", status.report_requested),
        ("About the model...", status.card_requested),
        ("Keys...", status.shortcuts_requested),
    ):
        with qtbot.waitSignal(signal):
            actions[text].trigger()


def test_research_use_stands_whatever_the_state(status: EngineStatus) -> None:
    for kind in EngineKind:
        status.show_state(EngineState(kind, "x"))
        assert "Research use only. Not for clinical use." in said(status)


def test_model_opens_its_card(status: EngineStatus, qtbot: QtBot) -> None:
    status.show_model("demo")
    with qtbot.waitSignal(status.card_requested):
        qtbot.mouseClick(button(status, "Model demo"), LEFT)


@pytest.fixture
def messages(qtbot: QtBot) -> MessageList:
    messages = MessageList()
    qtbot.addWidget(messages)
    return messages


def test_no_message_takes_no_room(messages: MessageList) -> None:
    assert messages.isHidden()
    message = PanelMessage(Severity.ERROR, "a.dcm: cut off; fetch it again")
    messages.show_message(message)
    assert not messages.isHidden()
    qtbot_click(messages, "Dismiss")
    assert messages.isHidden()
    assert messages.messages == ()


def qtbot_click(view: QWidget, text: str) -> None:
    button(view, text).click()


def test_message_names_its_severity_and_is_plain_text(messages: MessageList) -> None:
    messages.show_message(PanelMessage(Severity.WARNING, "<b>a.dcm</b>: odd"))
    assert "Warning: <b>a.dcm</b>: odd" in said(messages)
    label = next(label for label in messages.findChildren(QLabel) if "a.dcm" in label.text())
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_newest_first_same_key_replaced_and_not_too_many(messages: MessageList) -> None:
    messages.show_message(PanelMessage(Severity.NOTE, "old", key="engine"))
    messages.show_message(PanelMessage(Severity.NOTE, "other"))
    messages.show_message(PanelMessage(Severity.NOTE, "new", key="engine"))
    assert [message.text for message in messages.messages] == ["new", "other"]
    for number in range(9):
        messages.show_message(PanelMessage(Severity.NOTE, str(number)))
    assert [message.text for message in messages.messages] == ["8", "7", "6", "5", "4"][:MOST_MESSAGES]
    messages.show_message(PanelMessage(Severity.NOTE, "gone soon", key="k"))
    messages.withdraw("k")
    assert "gone soon" not in said(messages)


def test_report_is_copied(messages: MessageList, qtbot: QtBot) -> None:
    messages.show_message(PanelMessage(Severity.ERROR, "crash", report="versions and cause"))
    with qtbot.waitSignal(messages.report_copied):
        qtbot_click(messages, "Copy report")
    assert QGuiApplication.clipboard().text() == "versions and cause"


def test_without_a_report_there_is_nothing_to_copy(messages: MessageList) -> None:
    messages.show_message(PanelMessage(Severity.ERROR, "crash"))
    assert not button(messages, "Copy report").isVisibleTo(messages)


def test_skipped_files_are_counted_and_listed(messages: MessageList) -> None:
    messages.show_skipped([("a.pdf", "not an image"), ("b.txt", "not an image")])
    header = messages.findChild(QToolButton)
    text = messages.findChild(QPlainTextEdit)
    assert header.text() == "2 files gave no scan"
    assert not text.isVisibleTo(messages)
    header.click()
    assert text.isVisibleTo(messages)
    assert text.toPlainText() == "a.pdf: not an image\nb.txt: not an image"
    messages.clear()
    assert messages.isHidden()


def everything_said(view: MessageList) -> str:
    parts = [said(view), view.findChild(QPlainTextEdit).toPlainText()]
    parts += [text for widget in view.findChildren(QWidget) for text in (widget.accessibleName(), widget.toolTip())]
    return "\n".join(parts)


def test_names_of_files_are_hidden_with_the_identity(messages: MessageList, qtbot: QtBot) -> None:
    error = PanelMessage(Severity.ERROR, "/data/DOE Jane/1.dcm: the file is empty", names_files=True)
    messages.show_message(error)
    messages.show_skipped([("DOE.pdf", "not an image"), ("x.dcm", "the same as DOE.pdf")])
    assert "DOE Jane" in everything_said(messages)
    messages.set_identity_hidden(True)
    assert "DOE" not in everything_said(messages)
    assert "Error: a file: the file is empty" in said(messages)
    listed = messages.findChild(QPlainTextEdit)
    assert listed.toPlainText() == "file 1: not an image\nfile 2: the same as ..."
    messages.show_message(PanelMessage(Severity.NOTE, "saved /data/DOE.csv", names_files=True))
    messages.show_skipped([("ROE.pdf", "not an image")])
    qtbot.waitUntil(lambda: "saved ..." in said(messages))
    assert "OE" not in everything_said(messages)
    messages.set_identity_hidden(False)
    assert "saved /data/DOE.csv" in said(messages)
    assert "/data/DOE Jane/1.dcm: the file is empty" in said(messages)
    assert listed.toPlainText() == "ROE.pdf: not an image"


def test_a_message_that_names_no_file_stays_whole(messages: MessageList) -> None:
    messages.set_identity_hidden(True)
    messages.show_message(PanelMessage(Severity.ERROR, "needs 9.1 GB: use depth 16"))
    assert "needs 9.1 GB: use depth 16" in said(messages)


def test_section_makes_its_content_when_it_is_opened(qtbot: QtBot) -> None:
    made: list[QWidget] = []

    def make() -> QWidget:
        made.append(QLabel("content"))
        return made[-1]

    section = Section("Plots", make, expanded=False)
    qtbot.addWidget(section)
    assert section.content is None
    with qtbot.waitSignal(section.toggled) as told:
        section.set_expanded(True)
    assert told.args == [True]
    assert said(section).count("content") == 1
    section.set_expanded(False)
    section.set_expanded(True)
    assert len(made) == 1


def test_keys_are_listed(qtbot: QtBot) -> None:
    dialog = ShortcutsDialog()
    qtbot.addWidget(dialog)
    dialog.show_shortcuts([("old", "gone")])
    dialog.show_shortcuts([("Ctrl+Shift+D", "Diagnose"), ("H", "Hide everything the model added")])
    assert said(dialog).splitlines()[-4:] == ["Ctrl+Shift+D", "Diagnose", "H", "Hide everything the model added"]
