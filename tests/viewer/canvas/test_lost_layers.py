"""A person removes layers of ours in napari's list, or another case comes under the mouse: nothing breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QMouseEvent

from napari_raddiag.canvas.canvas_cells import canvas_cells
from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from raddiag_engine.cases import Case, Scan, Window
from raddiag_engine.preparation import PreparationConfig, prepare_scan
from raddiag_engine.saliency.saliency_map import SaliencyMap
from tests.viewer.asymmetric_phantom import BRIGHT, phantom
from tests.viewer.canvas.hands import Hands, red

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
PRESS, MOVE, RELEASE = (
    QMouseEvent.Type.MouseButtonPress,
    QMouseEvent.Type.MouseMove,
    QMouseEvent.Type.MouseButtonRelease,
)


def lesion(scan: Scan) -> SaliencyMap:
    values = np.where(scan.voxels == BRIGHT, np.float32(0.45), np.float32(0))
    peak = tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape))
    return SaliencyMap(scan.id, "A", "gradcam", values, 1.0, peak, 2.0, (2.0,) * values.ndim, "case", "in", "model")


@pytest.fixture
def case() -> Case:
    first, _ = phantom(scan_id="first")
    return Case((first, phantom((1, 2, 0), scan_id="second", frame_of_reference="another")[0]))


@pytest.mark.parametrize("alone", [True, False])
def test_a_removed_scan_is_skipped_by_every_tool_and_comes_back_when_it_is_called(
    canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case, alone: bool
) -> None:
    case = Case(case.scans[:1]) if alone else case
    layers, scan = canvas.layers, case.scans[0]
    layers.show_case(case)
    layers.set_plane("coronal")
    canvas.saliency.show([lesion(scan)])
    layers.navigation.go_to("first", lesion(scan).peak)
    hands.settle()
    before = hands.look()
    viewer.layers.remove(layers.layer("first"))
    assert not red(hands.look()).any() and not canvas_cells(layers)  # no evidence upon nothing
    x, y = hands.middle
    for act in (
        lambda: hands.drag(RIGHT, (x, y), (x + 40, y)),
        lambda: hands.wheel((x, y), -1),
        lambda: hands.hover((x + 5, y)),
        canvas.crosshair.toggle,
        lambda: hands.drag(LEFT, (x, y), (x + 40, y)),
        canvas.crosshair.toggle,
        canvas.ruler.toggle,
        lambda: hands.drag(LEFT, (x, y), (x + 40, y)),
        canvas.ruler.toggle,
        *canvas.actions().values(),
        *canvas.actions().values(),
        lambda: layers.hide_model(False),
        lambda: canvas.saliency.set_opacity(0.45),
    ):
        viewer.layers.selection.clear()
        if layers.stack.get("first", "scan") is not None:  # it was called by one of the keys
            viewer.layers.remove(layers.layer("first"))
        act()  # type: ignore[no-untyped-call]
        hands.settle(0.02)
    assert not canvas.ruler.measurements
    layers.set_grid(False)
    layers.activate("first")
    layers.set_plane("coronal")
    assert layers.windows.reset("first")
    layers.navigation.go_to("first", lesion(scan).peak)
    layers.fit()
    assert layers.layer("first").visible
    difference = np.abs(hands.look() - before)
    assert (difference > 30).mean() < 0.002  # all as it was, but for a word or a line


def test_a_window_chosen_for_a_removed_scan_is_the_one_it_comes_back_in(
    canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case
) -> None:
    canvas.layers.show_case(case)
    viewer.layers.remove(canvas.layers.layer("first"))
    assert canvas.layers.windows.set("first", Window(40, 80, "LINEAR_EXACT"))
    canvas.layers.activate("first")
    layer = canvas.layers.layer("first")
    assert layer.visible and tuple(layer.contrast_limits) == (0, 80)
    hands.settle(0.05)
    assert viewer.layers.selection.active is layer


def test_evidence_and_network_view_come_back_when_they_are_asked_for(
    canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case
) -> None:
    scan = case.scans[0]
    prepared = prepare_scan(scan, PreparationConfig(volume_size_px=24, depth=8))
    canvas.layers.show_case(case)
    for _ in range(2):
        canvas.saliency.show([lesion(scan)])
        canvas.network_view.show(prepared)
        overlay = canvas.saliency.layer("first")
        assert overlay is not None and overlay.visible and canvas.network_view.is_shown("first")
        viewer.layers[:] = []
        hands.settle(0.05)
        assert canvas.saliency.layer("first") is None and not canvas.network_view.is_shown("first")
        canvas.network_view.hide("first")
        canvas.layers.activate("first")
    canvas.layers.show_case(Case((scan.changed(body_part="KNEE"), case.scans[1])))
    assert canvas.layers.layer("first").visible


def test_side_by_side_each_cell_keeps_its_scan_after_one_was_removed(
    canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case
) -> None:
    canvas.layers.show_case(case)
    canvas.saliency.show([lesion(scan) for scan in case.scans])
    canvas.layers.set_grid(True)
    viewer.layers.remove(canvas.layers.layer("first"))
    hands.settle(0.05)
    assert [cell.scan_id for cell in canvas_cells(canvas.layers)] == ["second"]
    grid = viewer.canvas.grid
    cells = [[viewer.layers[i] for i in inside] for _, inside in grid.iter_viewboxes(viewer.layers) if inside]
    owners = [{canvas.layers.stack.scan_of(layer) for layer in cell} - {None} for cell in cells]
    assert owners == [{"second"}]  # napari leaves cells out in which nothing is seen
    canvas.layers.activate("first")
    assert [cell.scan_id for cell in canvas_cells(canvas.layers)] == ["first", "second"]


def _another_case(canvas: ReadingCanvas, _case: Case) -> None:
    canvas.layers.clear()
    canvas.layers.show_case(Case((phantom(scan_id="new")[0],)))


def _the_same_names(canvas: ReadingCanvas, case: Case) -> None:
    canvas.layers.clear()
    canvas.layers.show_case(Case(tuple(replace(scan, voxels=scan.voxels.copy()) for scan in case.scans)))


def _no_case(canvas: ReadingCanvas, _case: Case) -> None:
    canvas.layers.clear()


def _removed(canvas: ReadingCanvas, _case: Case) -> None:
    canvas.layers.viewer.layers.remove(canvas.layers.layer("first"))


@pytest.mark.parametrize("tool", ["window", "crosshair", "ruler", "pan"])
def test_a_drag_ends_quietly_when_what_lies_under_it_changes(
    canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case, tool: str
) -> None:
    layers = canvas.layers
    button = {"window": RIGHT, "pan": MIDDLE}.get(tool, LEFT)
    measured: list[float] = []
    canvas.ruler.measured.connect(measured.append)
    x, y = hands.middle
    for change in (_another_case, _the_same_names, _no_case, _removed):
        layers.clear()
        layers.show_case(case)
        canvas.crosshair.set_shown(tool == "crosshair")
        canvas.ruler.set_on(tool == "ruler")
        hands.settle(0.02)
        hands._mouse(PRESS, (x, y), button, button)
        hands._mouse(MOVE, (x + 30, y), Qt.MouseButton.NoButton, button)
        assert tool != "window" or layers.windows.of("first").width > 1000
        change(canvas, case)
        windows = {scan_id: layers.windows.of(scan_id) for scan_id in layers.scan_ids}
        places = {scan_id: layers.navigation.index(scan_id) for scan_id in layers.scan_ids}
        for step in (60, 90):
            hands._mouse(MOVE, (x + step, y), Qt.MouseButton.NoButton, button)
        hands._mouse(RELEASE, (x + 90, y), button, Qt.MouseButton.NoButton)
        hands.settle(0.02)
        assert windows == {scan_id: layers.windows.of(scan_id) for scan_id in layers.scan_ids}
        assert places == {scan_id: layers.navigation.index(scan_id) for scan_id in layers.scan_ids}
        assert not measured and viewer.scene.camera.mouse_pan
        assert change is _removed or not canvas.ruler.measurements


def test_the_networks_view_counts_as_hidden_once_a_person_removed_its_layer(
    canvas: ReadingCanvas, hands: Hands, viewer: Any, case: Case
) -> None:
    canvas.layers.show_case(case)
    told: list[tuple[str, bool]] = []
    canvas.network_view.shown_changed.connect(lambda scan_id, shown: told.append((scan_id, shown)))
    prepared = prepare_scan(case.scans[0], PreparationConfig(volume_size_px=24, depth=8))
    canvas.network_view.show(prepared)
    placed = canvas.layers.stack.get("first", "network")
    assert placed is not None
    viewer.layers.remove(placed.layer)
    hands.settle(0.05)
    assert told == [("first", True), ("first", False)]
    canvas.network_view.show(prepared)
    assert canvas.network_view.is_shown("first")
