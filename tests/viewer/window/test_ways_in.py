"""Every way to a case: the command, napari's own opening, drag and drop, the sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit

from napari_raddiag.arrangement import dock_of, napari_docks_visible, toggle_napari_docks
from napari_raddiag.preferences import PLUGIN, Preferences
from napari_raddiag.window import panel_in
from tests.engine.service.service_process import is_gone
from tests.viewer.window.conftest import ENGINE_MS, OpenPanel
from tests.viewer.window.test_reading import open_case

NO_ENGINE = Preferences(model="no such model")


def test_raddiag_demo_opens_the_sample_with_a_diagnosis_and_an_overlay(
    monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, make_napari_viewer: Callable[..., Any]
) -> None:
    import napari

    from raddiag_engine.cli import main

    viewers: list[Any] = []

    def one_viewer(**_: object) -> Any:
        viewers.append(make_napari_viewer(show=True))
        return viewers[0]

    seen: dict[str, object] = {}

    def until_shown() -> None:
        panel = panel_in(viewers[0])
        qtbot.waitUntil(lambda: bool(panel.evidence.maps), timeout=ENGINE_MS)
        seen.update(
            disorder=panel.evidence.disorder,
            overlay=any("Tibial fracture" in layer.name and layer.visible for layer in viewers[0].layers),
        )
        panel.shut_down()

    monkeypatch.setattr(napari, "Viewer", one_viewer)
    monkeypatch.setattr(napari, "run", until_shown)
    assert main(["demo", "--device", "cpu"]) == 0
    assert seen == {"disorder": "Tibial fracture", "overlay": True}


def test_what_napari_opened_before_the_panel_becomes_its_case(
    make_napari_viewer: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    sample: tuple[Path, ...],
    qtbot: QtBot,
) -> None:
    """As `napari -w napari-raddiag PATH` does it: the path first, then the widget."""
    monkeypatch.setattr("napari_raddiag.panel.read_preferences", lambda: NO_ENGINE)
    viewer = make_napari_viewer(show=True)
    viewer.open(str(sample[0]), plugin=PLUGIN)
    assert len(viewer.layers) == 2
    panel = panel_in(viewer)
    qtbot.waitUntil(lambda: panel.session.case is not None, timeout=ENGINE_MS)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=ENGINE_MS)
    assert panel.session.paths == sample
    panel.shut_down()


def test_what_napari_opens_beside_the_panel_goes_to_the_panel(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(NO_ENGINE, ready=False)
    viewer = panel.canvas.layers.viewer
    with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
        viewer.open(str(sample[0]), plugin=PLUGIN)
    assert panel.session.paths == sample


def test_napari_sample_data_goes_to_a_panel_that_waits(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(NO_ENGINE, ready=False)
    viewer = panel.canvas.layers.viewer
    with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
        viewer.open_sample(PLUGIN, "sample_case")
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=ENGINE_MS)
    assert panel.session.paths == sample and not any(layer.source.sample for layer in viewer.layers)


@pytest.mark.parametrize("where", ["panel", "case section"])
def test_files_dropped_on_the_panel_are_one_case(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot, where: str
) -> None:
    panel = open_panel(NO_ENGINE, ready=False)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(sample[0] / "xray.dcm")), QUrl.fromLocalFile(str(sample[0] / "mri"))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    target = panel if where == "panel" else panel.views.case
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(10, 10), copy, mime, left, none))
    with qtbot.waitSignal(panel.opener.opened, timeout=ENGINE_MS):
        QApplication.sendEvent(target, QDropEvent(QPointF(10, 10), copy, mime, left, none))
    assert panel.session.case is not None and len(panel.session.case.scans) == 2


def test_napari_docks_are_one_key_away_and_the_image_is_the_larger_part(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(NO_ENGINE, ready=False)
    qtbot.waitUntil(lambda: not napari_docks_visible(panel), timeout=5000)
    assert panel.width() < panel.window().width() / 2
    toggle_napari_docks(panel)
    assert napari_docks_visible(panel)


def test_a_drop_never_takes_an_open_case_away(open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot) -> None:
    panel = open_panel(NO_ENGINE, ready=False)
    open_case(panel, sample, qtbot)
    case = panel.session.case
    panel.canvas.layers.viewer.open(str(sample[0] / "xray.dcm"), plugin=PLUGIN)
    assert panel.session.case is case and not panel.opener.is_reading


def test_closing_the_dock_ends_the_panel_and_opening_it_again_starts_afresh(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(Preferences(device="cpu"))
    viewer = panel.canvas.layers.viewer
    keys_before = set(viewer.keymap)
    open_case(panel, sample, qtbot)
    pid, dock = panel.link.service_pid, dock_of(panel)
    assert pid is not None and dock is not None and viewer.layers
    dock.destroyOnClose()
    qtbot.waitUntil(lambda: is_gone(pid), timeout=ENGINE_MS)
    assert not viewer.layers and not set(viewer.keymap) & keys_before
    again = panel_in(viewer)
    assert again is not panel
    open_case(again, sample, qtbot)
    assert len(viewer.layers) >= 1
    again.shut_down()


def test_keys_reach_the_panel_while_a_scan_is_selected(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    """Keys of the selected layer come before those of the viewer: none of ours may be one of those."""
    from napari.layers import Image

    from napari_raddiag.canvas.shortcuts import SHORTCUTS

    open_panel(NO_ENGINE, ready=False)
    from app_model.types import KeyBinding

    taken = {str(key) for key in Image.class_keymap}
    ours = {str(KeyBinding.from_str(shortcut.key.replace("-", "+"))) for shortcut in SHORTCUTS}
    assert taken and not taken & ours


def test_letters_stand_in_every_cell_of_the_grid(open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot) -> None:
    """With the viewer as napari hands it to a plugin: through a proxy."""
    panel = open_panel(NO_ENGINE, ready=False)
    open_case(panel, sample, qtbot)
    qtbot.waitUntil(lambda: len(panel.canvas.layers.viewer.layers) == 2, timeout=ENGINE_MS)
    panel.canvas.layers.set_grid(True)
    qtbot.waitUntil(
        lambda: {"H", "F", "R", "L"} <= {word.text for word in panel.canvas.letters.marks.words}, timeout=10_000
    )


def test_keys_work_in_a_panel_that_floats_and_text_fields_still_take_text(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    """On a second monitor the panel is a window of its own, and that window gets the keys."""
    panel = open_panel(NO_ENGINE, ready=False)
    open_case(panel, sample, qtbot)
    layers, dock = panel.canvas.layers, dock_of(panel)
    assert dock is not None
    qtbot.waitUntil(lambda: len(layers.viewer.layers) == 2, timeout=ENGINE_MS)
    dock.setFloating(True)
    dock.activateWindow()
    qtbot.waitUntil(lambda: dock.isActiveWindow() and dock.windowHandle().isActive(), timeout=5000)

    def press(key: Qt.Key) -> None:
        QTest.keyClick(dock.windowHandle(), key)  # as the window system gives it, to whatever has the focus

    table, mri = panel.views.scans.table, next(i for i in layers.scan_ids if layers.navigation.can_step(i))
    table.setFocus()
    press(Qt.Key.Key_H)
    assert layers.model_hidden
    press(Qt.Key.Key_G)
    assert layers.is_grid
    press(Qt.Key.Key_G)
    layers.activate(layers.scan_ids[0])
    row = layers.scan_ids.index(mri)
    assert layers.active != mri
    where = table.visualRect(table.model().index(row, 3)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    before = layers.navigation.index(mri)
    press(Qt.Key.Key_Up)
    assert (
        layers.active == mri and layers.navigation.index(mri) != before
    )  # the slice moves, and not the row of the table
    press(Qt.Key.Key_PageUp)
    assert layers.active != mri
    field = panel.views.disorders.filter_bar.findChild(QLineEdit)
    panel.views.disorders.filter_bar.setVisible(True)
    field.setFocus()
    press(Qt.Key.Key_H)
    press(Qt.Key.Key_G)
    assert field.text() == "hg" and layers.model_hidden and not layers.is_grid


def test_after_a_click_on_a_scan_the_keys_go_to_the_image(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(NO_ENGINE, ready=False)
    open_case(panel, sample, qtbot)
    panel.views.scans.table.setFocus()
    panel.views.scans.focus_released.emit()
    focused = panel.window().focusWidget()  # a virtual screen has no active window
    assert focused is not None and not panel.isAncestorOf(focused)
    qtbot.keyClick(focused, Qt.Key.Key_H)
    assert panel.canvas.layers.model_hidden
