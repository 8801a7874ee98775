"""A marker on the left of the patient appears on the right of the screen beside "L", its overlay upon it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from napari_raddiag.canvas.canvas_cells import canvas_cells, to_canvas_px
from napari_raddiag.canvas.canvas_marks import Words
from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from raddiag_engine.cases import Case, Scan
from raddiag_engine.saliency.saliency_map import SaliencyMap
from tests.viewer.asymmetric_phantom import BRIGHT, phantom
from tests.viewer.canvas.hands import Hands, middle_of, red, white, yellow

# Acquired axial from the feet, coronal from the back, sagittal from the left, and one with every axis reversed.
ACQUISITIONS = [((2, 1, 0), (1, -1, -1)), ((1, 2, 0), (1, 1, 1)), ((0, 2, 1), (1, 1, -1)), ((2, 0, 1), (-1, 1, 1))]
# Where the landmark (far left, a little to the front, high) must be: signs of (x, y) from the middle of the screen.
EXPECTED = {"axial": (1, -1), "coronal": (1, -1), "sagittal": (-1, -1)}


def saliency_on_landmark(scan: Scan, index: tuple[int, ...], disorder: str = "Lesion") -> SaliencyMap:
    values = np.where(scan.voxels == BRIGHT, np.float32(0.45), np.float32(0))
    return SaliencyMap(scan.id, disorder, "gradcam", values, 1.0, index, 2.0, (2.0, 2.0, 2.0), "case", "in", "model")


def letter(canvas: ReadingCanvas, text: str) -> Words:
    [found] = [word for word in canvas.letters.marks.words if word.text == text]
    return found


def as_in_the_window(hands: Hands) -> bool:
    """True if napari's screenshot of the canvas shows what a picture of the window shows there."""
    picture, in_window = hands.look(), hands.look_at_window()
    return picture.shape == in_window.shape and bool((np.abs(in_window - picture) > 40).mean() < 0.001)


@pytest.mark.parametrize(("axes", "signs"), ACQUISITIONS)
def test_left_is_right_beside_l_in_every_plane_and_the_overlay_lies_upon_it(
    canvas: ReadingCanvas, hands: Hands, axes: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    scan, index = phantom(axes, signs)
    canvas.layers.show_case(Case((scan,)))
    canvas.layers.navigation.go_to(scan.id, index)
    for plane in ("axial", "coronal", "sagittal"):
        assert canvas.layers.set_plane(plane)  # type: ignore[arg-type]
        picture = hands.look()
        height, width = picture.shape[:2]
        marker = middle_of(white(picture))
        signs_seen = np.sign(marker - np.array([width, height]) / 2)
        assert tuple(signs_seen) == EXPECTED[plane], plane
        [cell] = canvas_cells(canvas.layers)
        assert np.allclose(marker, to_canvas_px(canvas.layers, cell, index), atol=2.5)
        left_of_patient = letter(canvas, "L" if plane != "sagittal" else "P")
        seen = middle_of(yellow(picture[:, round(0.9 * width) :]), left_px=round(0.9 * width))
        assert np.allclose(seen, (left_of_patient.x_px, left_of_patient.y_px), atol=12)
        # The letters are in napari's screenshot of the canvas as well as in a picture of the window.
        assert any(as_in_the_window(hands) for _ in range(5))  # a busy machine may draw between the two

        canvas.saliency.show([saliency_on_landmark(scan, index)])
        evidence = middle_of(red(hands.look()))
        assert np.allclose(evidence, marker, atol=2.5), plane
        canvas.saliency.clear()


def test_letters_follow_resizing_and_the_flips_of_napari(canvas: ReadingCanvas, hands: Hands, viewer: Any) -> None:
    scan, index = phantom()
    canvas.layers.show_case(Case((scan,)))
    canvas.layers.navigation.go_to(scan.id, index)
    hands.settle()
    before = letter(canvas, "L").x_px
    viewer.window._qt_window.resize(820, 620)
    hands.settle(0.4)
    assert letter(canvas, "L").x_px == pytest.approx(hands.widget.width(), abs=20) and letter(canvas, "L").x_px < before
    viewer.scene.camera.orientation2d = ("up", "left")
    picture = hands.look()
    assert letter(canvas, "L").x_px < 20 and letter(canvas, "A").y_px > picture.shape[0] / 2
    # The picture turned as well, so that the letters tell the truth.
    marker = middle_of(white(picture))
    assert marker[0] < picture.shape[1] / 2 and marker[1] > picture.shape[0] / 2
    viewer.scene.camera.orientation2d = ("down", "right")
    viewer.dims.transpose()
    hands.settle()
    assert letter(canvas, "L").y_px > letter(canvas, "R").y_px


def test_letters_crosshair_and_wheel_follow_rolling_and_transposing_by_napari(
    canvas: ReadingCanvas, hands: Hands, viewer: Any
) -> None:
    """By the very buttons below napari's layer list; the landmark lies left, to the front and high."""
    scan, index = phantom()
    canvas.layers.show_case(Case((scan,)))
    canvas.layers.navigation.go_to(scan.id, index)
    buttons = viewer.window._qt_viewer.viewerButtons
    planes = []
    for press in (
        buttons.rollDimsButton.click,
        buttons.rollDimsButton.click,
        buttons.transposeDimsButton.click,
        buttons.rollDimsButton.click,
        buttons.transposeDimsButton.click,
        lambda: setattr(viewer.scene.camera, "orientation2d", ("up", "left")),
        buttons.rollDimsButton.click,
        lambda: canvas.layers.set_plane("axial"),
    ):
        press()
        marker = middle_of(white(hands.look()))
        [cell] = canvas_cells(canvas.layers)
        assert np.allclose(marker, to_canvas_px(canvas.layers, cell, index), atol=3)  # where crosshair and ruler draw
        places = {word.text: np.array([word.x_px, word.y_px]) for word in canvas.letters.marks.words}
        plane = canvas.layers.plane(scan.id)
        seen = {"axial": "LA", "coronal": "LH", "sagittal": "AH"}[plane]
        assert {*places} >= {*seen} and f"{plane}, " in " ".join(places)
        for name in seen:
            towards = places[name] - cell.middle_px
            assert (marker - cell.middle_px) @ towards > 0, (plane, name)
        canvas.layers.navigation.step_slice(3)
        assert not white(hands.look()).any()  # the wheel left the slice of the landmark, through this plane
        canvas.layers.navigation.step_slice(-3)
        planes.append(plane)
    assert {*planes} == {"axial", "coronal", "sagittal"} and planes[-1] == "axial"


def test_a_roll_that_shows_no_plane_of_the_scan_is_undone(canvas: ReadingCanvas, hands: Hands, viewer: Any) -> None:
    unplaced = replace(phantom(scan_id="unplaced")[0], affine=None)
    picture = Scan("picture", "image", np.full((50, 80), 30, np.uint8), units="8-bit")
    canvas.layers.show_case(Case((unplaced, picture)))
    for scan_id in ("unplaced", "picture"):
        canvas.layers.activate(scan_id)
        before = hands.look()
        viewer.dims.order = (2, 0, 1)
        assert tuple(viewer.dims.order) == (0, 1, 2) and np.array_equal(hands.look(), before)


def test_a_scan_of_unknown_place_says_so_and_offers_no_other_plane(canvas: ReadingCanvas, hands: Hands) -> None:
    scan = replace(phantom()[0], affine=None)
    canvas.layers.show_case(Case((scan,)))
    hands.settle()
    assert {word.text for word in canvas.letters.marks.words} >= {"orientation unknown"}
    assert not {"L", "R", "A", "P", "H", "F"} & {word.text for word in canvas.letters.marks.words}
    assert canvas.layers.planes(scan.id) == ("acquired",) and not canvas.layers.set_plane("coronal")


def test_side_by_side_each_scan_has_its_plane_its_letters_and_its_overlay(canvas: ReadingCanvas, hands: Hands) -> None:
    axial, at_axial = phantom(scan_id="axial")
    coronal, at_coronal = phantom((1, 2, 0), (-1, -1, -1), scan_id="coronal")
    alone, at_alone = phantom((0, 2, 1), (-1, -1, -1), scan_id="sagittal", frame_of_reference="another")
    picture_2d = Scan("picture", "image", np.full((50, 80), 30, np.uint8), units="8-bit")
    canvas.layers.show_case(Case((axial, coronal, alone, picture_2d)))
    canvas.layers.navigation.go_to("sagittal", at_alone)
    canvas.layers.navigation.go_to("axial", at_axial)
    canvas.layers.set_grid(True)
    assert [canvas.layers.plane(i) for i in canvas.layers.scan_ids] == ["axial", "coronal", "sagittal", "acquired"]
    picture = hands.look()
    cells = {cell.scan_id: cell for cell in canvas_cells(canvas.layers)}
    assert len(cells) == 4
    markers = {}
    for scan_id, index in (("axial", at_axial), ("coronal", at_coronal), ("sagittal", at_alone)):
        cell = cells[scan_id]
        rows = slice(round(cell.top_px), round(cell.top_px + cell.height_px))
        columns = slice(round(cell.left_px), round(cell.left_px + cell.width_px))
        markers[scan_id] = middle_of(white(picture[rows, columns]), cell.left_px, cell.top_px)
        assert np.allclose(markers[scan_id], to_canvas_px(canvas.layers, cell, index), atol=3)
        assert tuple(np.sign(markers[scan_id] - cell.middle_px)) == EXPECTED[scan_id]
    assert sum(word.text == "L" for word in canvas.letters.marks.words) == 2
    assert sum(word.text == "orientation unknown" for word in canvas.letters.marks.words) == 1

    # Evidence on two of the four; the cells must not get out of step.
    canvas.saliency.show([saliency_on_landmark(coronal, at_coronal), saliency_on_landmark(alone, at_alone)])
    picture = hands.look()
    assert {cell.scan_id: cell for cell in canvas_cells(canvas.layers)} == cells
    for scan_id, cell in cells.items():
        rows = slice(round(cell.top_px), round(cell.top_px + cell.height_px))
        columns = slice(round(cell.left_px), round(cell.left_px + cell.width_px))
        seen = red(picture[rows, columns])
        if scan_id in ("coronal", "sagittal"):
            assert np.allclose(middle_of(seen, cell.left_px, cell.top_px), markers[scan_id], atol=3)
        else:
            assert not seen.any()


def test_letters_are_painted_anew_for_the_pixels_of_the_screen_that_the_window_is_moved_to(
    canvas: ReadingCanvas, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows_and_columns() -> list[tuple[int, ...]]:
        return [picture.size for picture in canvas.letters.marks._pictures if picture.visible]

    canvas.layers.show_case(Case((phantom()[0],)))
    hands.settle(0.05)
    coarse, words = rows_and_columns(), canvas.letters.marks.words
    monkeypatch.setattr(hands.widget, "devicePixelRatioF", lambda: 2.0)
    QApplication.sendEvent(hands.widget, QEvent(QEvent.Type.DevicePixelRatioChange))
    hands.settle(0.05)
    assert canvas.letters.marks.words == words
    for (width, height), (fine_width, fine_height) in zip(coarse, rows_and_columns(), strict=True):
        assert fine_width == pytest.approx(2 * width, abs=2) and fine_height == pytest.approx(2 * height, abs=2)
