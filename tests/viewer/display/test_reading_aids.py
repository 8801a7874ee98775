"""Lengths are refused where they could be wrong; windows, readout, peaks and the network's view say what is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_raddiag.display.cursor_text import cursor_text
from napari_raddiag.display.evidence_peaks import evidence_peaks, is_dark
from napari_raddiag.display.grey_window import (
    reading_window,
    value_limits,
    window_of_limits,
    windows_to_choose_from,
)
from napari_raddiag.display.grid_of_scan import display_grid
from napari_raddiag.display.layer_pose import alone, side_by_side
from napari_raddiag.display.layer_title import layer_titles
from napari_raddiag.display.measuring import length_mm, why_not_between, why_not_measurable
from napari_raddiag.display.network_view import network_view
from napari_raddiag.display.planes import axis_order
from raddiag_engine.cases import Anatomy, Case, Identity, Modality, Plane, Scan, WarningCode, Window
from raddiag_engine.cases.scan import Kind
from raddiag_engine.preparation import PreparationConfig, prepare_scan
from raddiag_engine.preparation.windowing import apply_window
from raddiag_engine.saliency.saliency_map import SaliencyMap
from tests.viewer.asymmetric_phantom import BRIGHT, ORIENTATIONS, phantom


def saliency(values: np.ndarray, cell: tuple[float, ...], slice_resolution: float = 1.0) -> SaliencyMap:
    peak = tuple(int(i) for i in np.unravel_index(values.argmax(), values.shape))
    return SaliencyMap("a", "d", "gradcam", values.astype(np.float32), 1.0, peak, slice_resolution, cell, "", "", "")


def test_a_length_is_the_distance_in_the_patient() -> None:
    scan, _ = phantom()  # slices 2 mm, rows 1 mm, columns 1.5 mm
    grid = display_grid(scan)
    assert why_not_measurable(scan, grid, across_slices=True) is None
    assert length_mm(grid, (0, 0, 0), (0, 30, 0)) == pytest.approx(30)
    assert length_mm(grid, (0, 0, 0), (10, 0, 10)) == pytest.approx(25)


@pytest.mark.parametrize("code", [WarningCode.GEOMETRY_GAP, WarningCode.GEOMETRY_IRREGULAR_SPACING])
def test_uneven_slices_refuse_a_length_across_them_but_not_within_one(code: WarningCode) -> None:
    scan = phantom()[0].warned(code, "1 slice is missing")
    grid = display_grid(scan)
    assert why_not_measurable(scan, grid, across_slices=False) is None
    assert "slices" in (why_not_measurable(scan, grid, across_slices=True) or "")


def test_without_spacing_or_with_a_doubt_about_it_nothing_is_measured() -> None:
    picture = Scan("p", "image", np.zeros((20, 30), np.uint8))
    assert "pixel" in (why_not_measurable(picture, display_grid(picture), across_slices=False) or "")
    with pytest.raises(ValueError):
        length_mm(display_grid(picture), (0, 0), (1, 1))
    detector = replace(picture, spacing_mm=(0.2, 0.2)).warned(WarningCode.GEOMETRY_UNKNOWN, "given at the detector")
    assert "detector" in (why_not_measurable(detector, display_grid(detector), across_slices=False) or "")


@pytest.mark.parametrize("cine", [False, True])
def test_a_length_needs_both_ends_on_pixels_of_the_calibrated_region(cine: bool) -> None:
    picture = Scan(
        "p", "image", np.zeros((90, 120), np.uint8), spacing_mm=(0.2, 0.3), calibrated_region=(4, 69, 10, 89)
    )
    frame: tuple[float, ...] = ()
    if cine:
        picture = replace(picture, kind="cine", voxels=np.zeros((3, 90, 120), np.uint8), spacing_mm=(1.0, 0.2, 0.3))
        frame = (80.0,)  # a number of a frame is no place
    inside = ((4, 10), (69, 89), (3.5, 9.5), (69.5, 89.5), (30, 50))
    outside = ((3.4, 50), (69.6, 50), (30, 9.4), (30, 89.6), (0, 0), (89, 119))
    for start in inside:
        for end in inside:
            assert why_not_between(picture, (*frame, *start), (*frame, *end)) is None
        for end in outside:
            for one, other in ((start, end), (end, start), (end, end)):
                why_not = why_not_between(picture, (*frame, *one), (*frame, *other))
                assert why_not is not None and "rows 5 to 70, columns 11 to 90" in why_not and "\n" not in why_not
    assert why_not_measurable(picture, display_grid(picture), across_slices=False) is None
    assert length_mm(display_grid(picture), (*frame, 4, 10), (*frame, 4, 20)) == pytest.approx(3.0)
    assert why_not_between(replace(picture, calibrated_region=None), (*frame, 0, 0), (*frame, 89, 119)) is None


def test_the_window_of_the_file_comes_first_then_the_preset_then_the_values() -> None:
    head = Scan("h", "image", np.arange(100, dtype=np.int16).reshape(10, 10), modality=Modality.CT, units="HU")
    head = replace(head, anatomy=Anatomy.HEAD_AND_NECK)
    assert reading_window(replace(head, windows=(Window(1, 0), Window(50, 300)))) == Window(50, 300)
    assert reading_window(head).name == "brain"
    assert {"lung", "bone", "subdural", "stroke", "mediastinum"} <= {w.name for w in windows_to_choose_from(head)}
    assert reading_window(Scan("m", "image", np.full((4, 4), np.nan))).width > 0
    mri = phantom()[0]
    assert {w.name for w in windows_to_choose_from(mri)} == {"from the file", "automatic"}


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
def test_the_limits_are_where_the_window_of_the_standard_is_black_and_white(function: str) -> None:
    window = Window(40, 400, function)  # type: ignore[arg-type]
    low, high = value_limits(window)
    assert np.allclose(apply_window(np.array([low, (low + high) / 2, high]), window), [0, 0.5, 1], atol=1e-6)
    back = window_of_limits(low, high, window)
    assert (back.center, back.width) == (pytest.approx(40), pytest.approx(400))


def test_the_readout_gives_value_place_and_slice() -> None:
    scan, index = phantom()
    scan = replace(scan, units="HU")
    text = cursor_text(scan, display_grid(scan), index, 0)
    x, y, z = scan.affine[:3, :3] @ index + scan.affine[:3, 3]  # type: ignore[index]
    assert text.startswith(f"{BRIGHT} HU")
    assert f"L {-x:.1f}  A {y:.1f}  H {z:.1f} mm (LPS)" in text and min(-x, y, z) > 0
    assert text.endswith(f"slice {index[0] + 1} of 56")
    picture = Scan("p", "image", np.full((20, 30), 7, np.uint8))
    assert cursor_text(picture, display_grid(picture), (3, 4), None) == "7    row 4, column 5"
    assert cursor_text(replace(picture, padding=(0, 7)), display_grid(picture), (3, 4), None).startswith("no data")


def test_layer_titles_hold_nothing_of_the_patient() -> None:
    scan = replace(phantom()[0], identity=Identity("4711", "Doe^Jane"), id="one")
    titles = layer_titles(Case((scan, replace(scan, id="two", kind="cine"))))
    assert titles == {"one": "1 MRI", "two": "2 MRI cine"}


def test_a_title_without_a_modality_is_not_read_as_a_count() -> None:
    scan = replace(phantom()[0], id="one", modality=Modality.UNKNOWN)
    titles = layer_titles(Case((scan, replace(scan, id="two", kind="cine"))))
    assert titles == {"one": "scan 1", "two": "scan 2 cine"}


@pytest.mark.parametrize(
    ("view", "side", "plane", "kind", "title"),
    [
        ("PA", "L", Plane.FRONTAL, "image", "1 X-ray frontal PA left"),
        ("PA", "", Plane.FRONTAL, "image", "1 X-ray frontal PA"),
        ("", "R", Plane.LATERAL, "image", "1 X-ray lateral right"),
        ("MLO", "B", Plane.UNKNOWN, "image", "1 X-ray MLO both sides"),
        ("LATERAL", "", Plane.LATERAL, "image", "1 X-ray lateral"),
        ("AP", "L", Plane.FRONTAL, "cine", "1 X-ray frontal AP left cine"),
        ("DOE^JANE", "4711", Plane.UNKNOWN, "image", "1 X-ray"),  # whatever was typed into the header
    ],
)
def test_titles_say_view_and_side_in_known_words_only(
    view: str, side: str, plane: Plane, kind: Kind, title: str
) -> None:
    voxels = np.zeros((8, 9) if kind == "image" else (2, 8, 9))
    scan = Scan("x", kind, voxels, modality=Modality.XRAY, plane=plane, view=view, laterality=side)
    assert layer_titles(Case((scan,))) == {"x": title}


def blobs(shape: tuple[int, ...], places: dict[tuple[int, ...], float], width: float) -> np.ndarray:
    axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    values = np.zeros(shape)
    for place, height in places.items():
        squared = sum((axis - at) ** 2 for axis, at in zip(axes, place, strict=True))
        values = np.maximum(values, height * np.exp(-squared / (2 * width**2)))
    return values


def test_separate_peaks_come_strongest_first_and_one_blob_is_one_peak() -> None:
    values = blobs((20, 64, 64), {(5, 10, 12): 1.0, (15, 50, 40): 0.8, (5, 50, 12): 0.6, (18, 5, 60): 0.1}, 4.0)
    peaks = evidence_peaks(saliency(values, (2.0, 6.0, 6.0), slice_resolution=4.0))
    assert [peak.index for peak in peaks] == [(5, 10, 12), (15, 50, 40), (5, 50, 12)]  # 0.1 is too weak for a step
    assert peaks[0].slices == (3, 7)
    assert evidence_peaks(saliency(np.zeros((8, 8)), (2.0, 2.0))) == () and is_dark(saliency(np.zeros((8, 8)), (1, 1)))


def test_a_large_map_is_sampled_and_still_finds_the_second_peak() -> None:
    values = np.zeros((100, 220, 220), np.float32)
    values[:, :, :110] = blobs((100, 220, 110), {(50, 60, 30): 1.0}, 12.0)
    values[:, :, 110:] = blobs((100, 220, 110), {(20, 150, 60): 0.7}, 12.0)
    peaks = evidence_peaks(saliency(values, (12.0, 28.0, 28.0)))
    assert peaks[0].index == (50, 60, 30) and np.allclose(peaks[1].index, (20, 150, 170), atol=4)


@pytest.mark.parametrize("depth_rule", ["resample", "subsample"])
@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS[::5])
def test_the_view_of_the_network_lies_on_the_scan(
    axes: tuple[int, ...], signs: tuple[int, ...], depth_rule: str
) -> None:
    scan, index = phantom(axes, signs)
    grid = display_grid(scan)
    config = PreparationConfig(volume_size_px=64, depth=24, depth_rule=depth_rule)  # type: ignore[arg-type]
    view = network_view(prepare_scan(scan, config), grid)
    weight = np.clip(view.voxels - np.median(view.voxels), 0, None)
    places = np.stack(np.meshgrid(*(np.arange(n) for n in weight.shape), indexing="ij"), axis=-1)
    centre = (places * weight[..., None]).sum(axis=(0, 1, 2)) / weight.sum()
    world = centre * view.scale + view.translate
    # Slices that are left out move the centre of what is left by at most one of those kept.
    tolerance = np.where(np.arange(3) == grid.slice_axis, 1.6, 0.6) * np.maximum(view.scale, grid.scale)
    assert (np.abs(world - grid.to_world(grid.to_display(index))) <= tolerance).all()
    for axis in range(3):
        if axis != grid.slice_axis:
            assert view.scale[axis] * view.voxels.shape[axis] == pytest.approx(grid.scale[axis] * grid.shape[axis])


def test_the_one_frame_the_network_sees_of_a_loop_lies_at_its_place_in_time() -> None:
    loop = Scan("c", "cine", np.random.default_rng(0).integers(0, 255, (9, 32, 48), np.uint8), units="8-bit")
    view = network_view(prepare_scan(loop, PreparationConfig(image_size_px=16)), display_grid(loop))
    assert view.voxels.shape == (1, 16, 16) and view.translate[0] == 4 and view.scale == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_side_by_side_the_current_slice_is_at_the_slider_and_the_middle_at_zero(plane: str) -> None:
    scan, index = phantom()
    grid = display_grid(scan)
    at = grid.to_display(index)
    pose = side_by_side(grid, axis_order(plane), 2.0, at, slider=33.0)  # type: ignore[arg-type]
    world = pose.world(grid, at)
    assert world[0] == pytest.approx(33)
    middle = pose.world(grid, (np.array(grid.shape) - 1) / 2)
    assert np.allclose(middle[1:], 0)
    assert np.allclose(pose.display_index(grid, world), at)
    data = pose.data(grid.turn(scan.voxels))
    in_layer = (world - pose.translate(grid.translate)) / pose.scale(grid.scale)
    assert data[tuple(np.rint(in_layer).astype(int))] == BRIGHT
    assert np.allclose(alone(grid).world(grid, at), grid.to_world(at))
