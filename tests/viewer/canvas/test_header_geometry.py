"""What a header says beside an affine, in the window: gaps, calibrated regions, letters of projections, frame times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_raddiag.canvas.canvas_cells import canvas_cells, to_canvas_px
from napari_raddiag.canvas.cine_player import FRAMES_PER_SECOND, default_speed
from napari_raddiag.canvas.layer_data import METADATA
from napari_raddiag.canvas.reading_canvas import ReadingCanvas
from raddiag_engine.cases import Case, Modality, Plane, Scan
from raddiag_engine.preparation import PreparationConfig, prepare_scan
from raddiag_engine.saliency.saliency_map import SaliencyMap
from tests.viewer.asymmetric_phantom import BRIGHT, phantom
from tests.viewer.canvas.hands import Hands, middle_of, white

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def whole() -> Scan:
    """Axial slices from the feet up, 2 mm apart; the landmark lies above slice 30."""
    return phantom(scan_id="whole")[0]


@pytest.fixture
def gap(whole: Scan) -> Scan:
    """The same without slices 20 to 25."""
    kept = [i for i in range(len(whole.voxels)) if not 20 <= i < 26]
    return replace(whole, id="gap", voxels=whole.voxels[kept], slice_places=tuple(float(i) for i in kept))


def landmark(scan: Scan) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(scan.voxels == BRIGHT).mean(axis=0).round())


def test_beyond_a_gap_readout_and_crosshair_are_at_the_true_place(
    canvas: ReadingCanvas, hands: Hands, whole: Scan, gap: Scan
) -> None:
    canvas.layers.show_case(Case((gap, whole)))
    said: list[str] = []
    canvas.layers.cursor_moved.connect(said.append)
    canvas.crosshair.set_shown(True)
    at = landmark(gap)
    canvas.layers.navigation.go_to("gap", at)
    assert canvas.layers.navigation.index("whole") == landmark(whole) == (at[0] + 6, *at[1:])
    hands.settle()
    [cell] = canvas_cells(canvas.layers)
    hands.hover(tuple(to_canvas_px(canvas.layers, cell, at)))  # type: ignore[arg-type]
    x, y, z = (whole.affine @ (*landmark(whole), 1))[:3]  # type: ignore[operator]
    assert f"L {-x:.1f}  A {y:.1f}  H {z:.1f} mm" in said[-1] and said[-1].endswith(f"slice {at[0] + 1} of 50")
    assert middle_of(white(hands.look())) == pytest.approx(to_canvas_px(canvas.layers, cell, at), abs=2.5)
    # Where slices are missing the crosshair is on the scan that has them, and on that alone.
    canvas.layers.set_grid(True)
    hands.settle()
    assert len(canvas.crosshair.marks.strokes) == 8
    canvas.layers.navigation.go_to("whole", (22, 10, 10))
    hands.settle()
    assert len(canvas.crosshair.marks.strokes) == 4


def test_a_drag_into_a_gap_goes_to_the_slice_that_is_seen_there(
    canvas: ReadingCanvas, hands: Hands, whole: Scan, gap: Scan
) -> None:
    canvas.layers.show_case(Case((gap, whole)))
    canvas.layers.set_plane("coronal")
    canvas.crosshair.set_shown(True)
    hands.settle()
    [cell] = canvas_cells(canvas.layers)
    start, end = (to_canvas_px(canvas.layers, cell, (i, 24, 20)) for i in (10, 19.3))
    hands.drag(LEFT, tuple(start), tuple(end))  # type: ignore[arg-type]
    assert canvas.layers.navigation.index("gap")[0] == 19 and canvas.layers.navigation.index("whole")[0] == 19
    hands.settle()
    assert len(canvas.crosshair.marks.strokes) == 4
    hands.drag(LEFT, tuple(start), tuple(to_canvas_px(canvas.layers, cell, (19.7, 24, 20))))  # type: ignore[arg-type]
    assert canvas.layers.navigation.index("gap")[0] == 20 and canvas.layers.navigation.index("whole")[0] == 26


def test_the_metadata_of_every_layer_place_slices_beyond_a_gap_alone_and_side_by_side(
    canvas: ReadingCanvas, whole: Scan, gap: Scan
) -> None:
    coronal = phantom((1, 2, 0), (-1, 1, -1), scan_id="coronal")[0]
    kept = [i for i in range(len(coronal.voxels)) if not 3 <= i < 8]
    coronal = replace(coronal, voxels=coronal.voxels[kept], slice_places=tuple(float(i) for i in kept))
    canvas.layers.show_case(Case((gap, coronal)))
    expected = (whole.affine @ (*landmark(whole), 1))[:3]  # type: ignore[operator]
    for scan in (gap, coronal):
        values = np.where(scan.voxels == BRIGHT, np.float32(1), np.float32(0))
        canvas.saliency.show(
            [SaliencyMap(scan.id, "d", "gradcam", values, 1.0, landmark(scan), 2.0, (2.0,) * 3, "case", "in", "model")]
        )
        canvas.network_view.show(prepare_scan(scan, PreparationConfig(volume_size_px=48, depth=50)))
        for grid in (False, True):
            canvas.layers.set_grid(grid)
            for placed in canvas.layers.stack.placed(scan.id):
                data, ours = placed.layer.data, placed.layer.metadata[METADATA]
                weight = np.clip(data.astype(float) - 0.8 * data.max(), 0, None)
                places = np.stack(np.meshgrid(*(np.arange(n) for n in data.shape), indexing="ij"), axis=-1)
                at = (places * weight[..., None]).sum(axis=(0, 1, 2)) / weight.sum()
                axis = ours["slice_axis"]
                at[axis] = np.interp(at[axis], np.arange(data.shape[axis]), ours["slice_places"])
                assert (ours["affine"] @ (*at, 1))[:3] == pytest.approx(expected, abs=1.5), (scan.id, grid)
        canvas.layers.set_grid(False)


def test_the_ruler_stays_within_the_calibrated_region(canvas: ReadingCanvas, hands: Hands) -> None:
    picture = np.full((80, 120), 60, np.uint8)
    sound = Scan(
        "us", "image", picture, spacing_mm=(0.5, 0.5), units="8-bit", modality=Modality.ULTRASOUND,
        calibrated_region=(10, 69, 20, 99),
    )  # fmt: skip
    canvas.layers.show_case(Case((sound,)))
    refused: list[str] = []
    measured: list[float] = []
    canvas.ruler.refused.connect(refused.append)
    canvas.ruler.measured.connect(measured.append)
    hands.settle()
    assert canvas.ruler.set_on(True) == ""
    [cell] = canvas_cells(canvas.layers)

    def px(row: float, column: float) -> tuple[float, float]:
        x, y = to_canvas_px(canvas.layers, cell, (row, column))
        return float(x), float(y)

    hands.drag(LEFT, px(40, 30), px(40, 90))
    assert measured == [pytest.approx(30, rel=0.03)] and not refused
    hands.drag(LEFT, px(40, 5), px(40, 90))  # from the scale beside the picture
    assert len(measured) == 1 and len(refused) == 1 and "calibrated region" in refused[0]
    hands.drag(LEFT, px(30, 30), px(76, 90))  # to the words below it
    assert len(measured) == 1 and len(refused) == 2
    hands.settle()
    assert [word.text for word in canvas.ruler.marks.words] == [f"{measured[0]:.1f} mm"]  # the first one stays, alone
    hands.drag(LEFT, px(20, 30), px(60, 30))
    assert measured[1:] == [pytest.approx(20, rel=0.03)] and len(canvas.ruler.measurements) == 2


def test_a_projection_has_the_letters_of_its_header_and_says_its_view_and_side(
    canvas: ReadingCanvas, hands: Hands, viewer: Any
) -> None:
    film = np.full((60, 90), 30, np.uint8)
    chest = Scan(
        "chest", "image", film, units="8-bit", modality=Modality.XRAY, plane=Plane.FRONTAL, view="PA", laterality="L",
        patient_orientation=("LA", "F"),
    )  # fmt: skip
    silent = replace(chest, id="silent", patient_orientation=None)
    canvas.layers.show_case(Case((chest, silent)))
    hands.settle()

    def words() -> dict[str, tuple[float, float]]:
        hands.settle()
        return {word.text: (word.x_px, word.y_px) for word in canvas.letters.marks.words}

    width, height = hands.widget.width(), hands.widget.height()
    seen = words()
    assert "1 X-ray frontal PA left" in seen and "orientation unknown" not in seen
    assert seen["RP"][0] < 20 and seen["LA"][0] > width - 20 and seen["H"][1] < 20 and seen["F"][1] > height - 20
    viewer.scene.camera.orientation2d = ("up", "left")
    seen = words()
    assert seen["LA"][0] < 20 and seen["RP"][0] > width - 20 and seen["F"][1] < 20 and seen["H"][1] > height - 20
    viewer.scene.camera.orientation2d = ("down", "right")
    viewer.dims.transpose()
    seen = words()
    assert seen["RP"][1] < 20 and seen["LA"][1] > height - 20 and seen["H"][0] < 20 and seen["F"][0] > width - 20
    viewer.dims.transpose()
    canvas.layers.activate("silent")
    seen = words()
    assert "orientation unknown" in seen and not {"LA", "RP", "H", "F"} & set(seen)


def test_a_loop_plays_as_it_was_taken_until_a_person_asks_for_another_speed(
    canvas: ReadingCanvas, hands: Hands
) -> None:
    frames = np.zeros((4, 40, 50), np.uint8)
    silent = Scan("silent", "cine", frames, units="8-bit", modality=Modality.ULTRASOUND)
    slow = replace(silent, id="slow", frame_time_ms=250.0)
    canvas.layers.show_case(Case((slow, silent)))
    assert canvas.cine.frames_per_second == 4
    assert canvas.cine.play() and canvas.cine._timer.interval() == 250
    assert canvas.cine.play(10) and canvas.cine._timer.interval() == 100
    canvas.cine.stop()
    assert canvas.cine.play() and canvas.cine.frames_per_second == 10
    canvas.layers.activate("silent")
    assert not canvas.cine.playing and canvas.cine.frames_per_second == FRAMES_PER_SECOND
    canvas.layers.activate("slow")
    assert canvas.cine.frames_per_second == 4


@pytest.mark.parametrize(
    ("frame_time_ms", "frames_per_second"),
    [(40.0, 25), (1000 / 15, 15), (1.0, 60), (1e6, 0.5), (0.0, 15), (-5.0, 15), (float("nan"), 15), (None, 15)],
)
def test_the_speed_of_a_loop_is_one_that_can_be_played(frame_time_ms: float | None, frames_per_second: float) -> None:
    loop = Scan("loop", "cine", np.zeros((2, 4, 4)), frame_time_ms=frame_time_ms)
    assert default_speed(loop) == pytest.approx(frames_per_second)
    assert default_speed(replace(loop, kind="volume")) == 15
