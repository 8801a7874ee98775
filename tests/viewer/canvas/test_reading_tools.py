"""Wheel, window, crosshair, ruler, cine and readout under a person's hands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_raddiag.canvas.canvas_cells import canvas_cells, to_canvas_px
from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from napari_raddiag.canvas.shortcuts import SHORTCUTS, bind_shortcuts
from napari_raddiag.canvas.tool_limits import why_no_crosshair
from raddiag_engine.cases import Case, Modality, Scan, WarningCode, Window
from tests.viewer.asymmetric_phantom import phantom
from tests.viewer.canvas.hands import Hands, white

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


def camera(viewer: Any) -> tuple[float, ...]:
    return (*viewer.scene.camera.center, viewer.scene.camera.zoom)


def test_the_wheel_goes_on_by_one_slice_a_notch_and_ctrl_wheel_zooms(
    canvas: ReadingCanvas, hands: Hands, viewer: Any
) -> None:
    scan, index = phantom()  # 56 slices from the feet up
    # A finer scan of another space: napari's own slider would take its steps.
    fine = replace(phantom((1, 2, 0))[0], id="fine", frame_of_reference="another")
    canvas.layers.show_case(Case((scan, fine)))
    canvas.layers.navigation.go_to(scan.id, (30, 20, 20))
    assert viewer.dims.nsteps[0] == 56
    hands.settle()  # napari's slider appears, and the picture is fitted again
    before = camera(viewer)
    seen = []
    for _ in range(5):
        hands.wheel(hands.middle, -1)
        seen.append(canvas.layers.navigation.index(scan.id)[0])
    assert seen == [29, 28, 27, 26, 25]  # towards the feet
    hands.wheel(hands.middle, 8)  # a wheel set to many lines a notch
    assert canvas.layers.navigation.index(scan.id)[0] == 26
    for _ in range(4):
        hands.wheel(hands.middle, 0.25)  # a trackpad
    assert canvas.layers.navigation.index(scan.id)[0] == 27
    assert camera(viewer) == before
    for _ in range(40):
        hands.wheel(hands.middle, 1)
    assert canvas.layers.navigation.index(scan.id)[0] == 55  # stops at the end

    corner = (hands.middle[0] + 100, hands.middle[1] + 50)
    hands.hover(corner)
    under_mouse = viewer.cursor.position
    hands.wheel(corner, 2, Qt.KeyboardModifier.ControlModifier)
    assert viewer.scene.camera.zoom > 1.2 * before[-1] and canvas.layers.navigation.index(scan.id)[0] == 55
    hands.hover((corner[0] + 1, corner[1]))
    hands.hover(corner)
    assert np.allclose(viewer.cursor.position, under_mouse, atol=0.2)
    canvas.layers.set_plane("sagittal")
    hands.wheel(hands.middle, -1)
    assert canvas.layers.navigation.index(scan.id)[2] == 21  # towards the left
    canvas.layers.set_plane("axial")
    canvas.layers.navigation.go_to(scan.id, index)
    assert white(hands.look()).any()
    hands.wheel(hands.middle, -1)
    hands.wheel(hands.middle, -1)
    assert not white(hands.look()).any()  # what is drawn is what is said: the landmark is three slices thick


def test_the_slider_and_the_arrow_keys_of_napari_move_the_same_slices(canvas: ReadingCanvas, viewer: Any) -> None:
    scan, _ = phantom()
    moved: list[str] = []
    canvas.layers.show_case(Case((scan,)))
    canvas.layers.navigation.go_to(scan.id, (30, 20, 20))
    canvas.layers.position_changed.connect(moved.append)
    viewer.dims._increment_dims_right()
    assert canvas.layers.navigation.index(scan.id) == (29, 20, 20) and moved == [scan.id]
    viewer.dims.set_current_step(0, 0)
    assert canvas.layers.navigation.index(scan.id) == (55, 20, 20)


def test_a_right_drag_windows_and_the_camera_stays(canvas: ReadingCanvas, hands: Hands, viewer: Any) -> None:
    scan, _ = phantom()
    canvas.layers.show_case(Case((scan,)))
    said: list[tuple[str, float, float]] = []
    canvas.layers.window_changed.connect(lambda *window: said.append(window))
    hands.settle()  # napari's slider appears, and the picture is fitted again
    before = camera(viewer)
    x, y = hands.middle
    hands.drag(RIGHT, (x, y), (x + 128, y))
    window = canvas.layers.windows.of(scan.id)
    assert window.width == pytest.approx(1500, rel=0.01) and window.center == pytest.approx(500)
    hands.drag(RIGHT, (x, y), (x, y + 64))
    window = canvas.layers.windows.of(scan.id)
    assert window.center == pytest.approx(875, rel=0.01) and window.width == pytest.approx(1500, rel=0.01)
    assert canvas.layers.layer(scan.id).contrast_limits == pytest.approx([125, 1625], rel=0.02)
    assert said[-1] == (scan.id, window.center, window.width)
    hands.drag(RIGHT, (x, y), (x - 300, y))
    assert canvas.layers.windows.of(scan.id).width > 0
    assert camera(viewer) == before and viewer.scene.camera.mouse_pan
    # napari's own control is heard too.
    canvas.layers.layer(scan.id).contrast_limits = (0, 100)
    assert said[-1] == (scan.id, 50, 100)
    canvas.layers.windows.set(scan.id, Window(40, 400))
    assert canvas.layers.layer(scan.id).contrast_limits == pytest.approx([-160, 239])
    # Left and middle still move the picture.
    hands.drag(LEFT, (x, y), (x + 50, y))
    moved = camera(viewer)
    assert moved[2] < before[2] and moved[3] == pytest.approx(before[3])
    hands.drag(MIDDLE, (x, y), (x - 50, y))
    assert camera(viewer) == pytest.approx(before, abs=0.5)


def test_the_crosshair_is_shared_within_a_space_and_never_beyond(
    canvas: ReadingCanvas, hands: Hands, viewer: Any
) -> None:
    axial, index = phantom(scan_id="axial")
    coronal, at_coronal = phantom((1, 2, 0), (-1, -1, -1), scan_id="coronal")
    other, _ = phantom(scan_id="other", frame_of_reference="another")
    picture = Scan("picture", "image", np.full((50, 80), 30, np.uint8), units="8-bit")
    canvas.layers.show_case(Case((axial, coronal, other, picture)))
    canvas.layers.activate("axial")
    start_other = canvas.layers.navigation.index("other")
    canvas.crosshair.set_shown(True)
    canvas.layers.navigation.go_to("axial", index)
    assert (
        canvas.layers.navigation.index("coronal") == at_coronal
        and canvas.layers.navigation.index("other") == start_other
    )
    hands.settle()
    assert len(canvas.crosshair.marks.strokes) == 4
    canvas.layers.set_grid(True)
    hands.settle()
    assert len(canvas.crosshair.marks.strokes) == 8
    canvas.layers.navigation.step_slice(3)
    assert (
        canvas.layers.navigation.index("coronal") != at_coronal
        and canvas.layers.navigation.index("other") == start_other
    )
    canvas.layers.set_grid(False)

    hands.settle()  # napari's slider appears, and the picture is fitted again
    before = camera(viewer)
    x, y = hands.middle
    hands.drag(LEFT, (x, y), (x + 60, y - 30))
    cursor = canvas.layers.navigation.stored_index_at("axial", viewer.cursor.position)
    assert np.allclose(canvas.layers.navigation.index("axial")[1:], np.rint(cursor[1:]), atol=1)
    assert camera(viewer) == before
    hands.settle()
    vertical = canvas.crosshair.marks.strokes[0]
    assert vertical.start_px[0] == pytest.approx(x + 60, abs=2)

    canvas.layers.activate("picture")
    hands.settle()
    assert canvas.crosshair.marks.strokes == () and why_no_crosshair(canvas.layers.seat("picture"))


def test_the_ruler_measures_and_is_refused_where_it_could_be_wrong(
    canvas: ReadingCanvas, hands: Hands, viewer: Any
) -> None:
    good = phantom(scan_id="good")[0]
    gap = phantom(scan_id="gap", frame_of_reference="another")[0]
    gap = gap.warned(WarningCode.GEOMETRY_GAP, "2 slices are missing")
    picture = Scan("picture", "image", np.full((50, 80), 30, np.uint8), units="8-bit")
    canvas.layers.show_case(Case((good, gap, picture)))
    refused: list[str] = []
    measured: list[float] = []
    canvas.ruler.refused.connect(refused.append)
    canvas.ruler.measured.connect(measured.append)
    hands.settle()  # napari's slider appears, and the picture is fitted again
    before = camera(viewer)
    x, y = hands.middle

    assert canvas.ruler.set_on(True) == ""
    hands.drag(LEFT, (x - 40, y), (x + 80, y))
    assert measured == [pytest.approx(120 / viewer.scene.camera.zoom, rel=0.03)]
    assert camera(viewer) == before
    hands.settle()
    assert any(word.text == f"{measured[0]:.1f} mm" for word in canvas.ruler.marks.words)
    canvas.layers.navigation.step_slice(1)
    hands.settle()
    assert canvas.ruler.marks.words == ()  # it belongs to its slice
    canvas.layers.navigation.step_slice(-1)
    hands.settle()
    assert canvas.ruler.marks.words != ()

    canvas.layers.activate("gap")
    assert canvas.ruler.on and not refused  # within a slice nothing is missing
    canvas.layers.set_plane("coronal")
    assert not canvas.ruler.on and "missing" in refused[-1]
    hands.drag(LEFT, (x - 40, y), (x + 80, y))
    assert len(measured) == 1
    canvas.layers.activate("picture")
    assert "pixel" in canvas.ruler.set_on(True) and not canvas.ruler.on


def test_a_loop_plays_around_and_stops_for_another_scan(canvas: ReadingCanvas, hands: Hands) -> None:
    frames = np.zeros((4, 40, 50), np.uint8)
    loop = Scan("loop", "cine", frames, units="8-bit", modality=Modality.ULTRASOUND)
    still = Scan("still", "image", frames[0], units="8-bit")
    canvas.layers.show_case(Case((loop, still)))
    assert canvas.layers.navigation.index("loop")[0] == 0
    states: list[bool] = []
    canvas.cine.playing_changed.connect(states.append)
    seen: list[int] = []
    canvas.layers.position_changed.connect(lambda scan_id: seen.append(canvas.layers.navigation.index("loop")[0]))
    assert canvas.cine.play(50)
    for _ in range(100):
        hands.settle(0.05)
        if len(seen) >= 5:
            break
    assert seen[:5] == [1, 2, 3, 0, 1]
    canvas.layers.activate("still")
    assert not canvas.cine.playing and states == [True, False]
    assert not canvas.cine.play()


def test_the_readout_says_value_place_and_slice_under_the_mouse(canvas: ReadingCanvas, hands: Hands) -> None:
    scan, index = phantom()
    canvas.layers.show_case(Case((replace(scan, units="HU", modality=Modality.CT),)))
    canvas.layers.navigation.go_to(scan.id, index)
    said: list[str] = []
    canvas.layers.cursor_moved.connect(said.append)
    hands.settle()  # napari's slider appears and takes its place from the canvas
    [cell] = canvas_cells(canvas.layers)
    hands.hover(tuple(to_canvas_px(canvas.layers, cell, index)))  # type: ignore[arg-type]
    x, y, z = scan.affine[:3, :3] @ index + scan.affine[:3, 3]  # type: ignore[index]
    assert said[-1] == f"1000 HU    L {-x:.1f}  A {y:.1f}  H {z:.1f} mm (LPS)    slice {index[0] + 1} of 56"
    canvas.layers.navigation.step_slice(5)
    assert said[-1].startswith("200 HU") and said[-1].endswith(f"slice {index[0] - 4} of 56")
    hands.hover((2, 2))
    assert said[-1] == ""


def test_every_action_of_the_canvas_has_a_key_that_works_and_is_given_back(canvas: ReadingCanvas, viewer: Any) -> None:
    scan, _ = phantom()
    canvas.layers.show_case(Case((scan,)))
    before = dict(viewer.keymap)
    release = bind_shortcuts(viewer, canvas.actions())
    assert set(canvas.actions()) <= {shortcut.action for shortcut in SHORTCUTS}
    assert len({shortcut.key for shortcut in SHORTCUTS}) == len(SHORTCUTS)
    canvas.layers.navigation.go_to(scan.id, (30, 20, 20))
    bound = {str(key): action for key, action in viewer.keymap.items()}
    for key in ("A", "K", "S"):
        bound[key](viewer)
    assert canvas.layers.plane(scan.id) == "sagittal"
    bound["Down"](viewer)
    assert canvas.layers.navigation.index(scan.id)[2] != 20
    with pytest.raises(KeyError):
        bind_shortcuts(viewer, {"nothing": print})
    release()
    assert dict(viewer.keymap) == before
